"""Signatures as ingest judged them, later verdicts, and what need not be judged again.

Dossiers registered before have no rows in ``signature`` until the catalogue is rebuilt.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_SAID = (
    "kind",
    "level",
    "algorithm",
    "signer",
    "organisation",
    "issuer",
    "valid_until",
    "indication",
    "sub_indication",
    "integrity",
    "trust",
    "time",
    "signed_at",
    "not_checked",
    "trust_sha256",
    "policy_sha256",
)


def upgrade() -> None:
    """The tables of signatures are there, empty."""
    op.create_table(
        "signature",
        sa.Column("aip_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("logical_path", _TEXT, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in _SAID),
        sa.ForeignKeyConstraint(["aip_key"], ["aip.aip_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("aip_key", "logical_path", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signature_verdict",
        sa.Column("seq", _KEY, autoincrement=False, nullable=False),
        sa.Column("aip_id", _TEXT, nullable=False),
        sa.Column("logical_path", _TEXT, nullable=False),
        sa.Column("decision", _TEXT, nullable=False),
        sa.Column("moment", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["seq"], ["ledger_line.seq"]),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(
        "signature_verdict_file", "signature_verdict", ["aip_id", "logical_path", "seq"]
    )
    op.create_table(
        "signature_result",
        sa.Column("result_key", _TEXT, nullable=False),
        sa.Column("made", _TEXT, nullable=False),
        sa.Column("holds_until", _TEXT, nullable=False),
        sa.Column("report", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("result_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "signature_check",
        sa.Column("aip_id", _TEXT, nullable=False),
        sa.Column("place", _TEXT, nullable=False),
        sa.Column("basis", _TEXT, nullable=False),
        sa.Column("checked_at", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("aip_id", "place"),
        sqlite_with_rowid=False,
    )
