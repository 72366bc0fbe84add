"""Where each piece of evidence is stored, by digest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The table is there, with what the catalogue already knows."""
    op.create_table(
        "evidence",
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("aip_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("logical_path", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["aip_key"], ["aip.aip_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sha256", "aip_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("evidence_aip", "evidence", ["aip_key"])
    op.execute(
        "INSERT INTO evidence SELECT content.sha256, aip.aip_key, min(file.logical_path)"
        " FROM aip JOIN file ON file.aip_key = aip.aip_key"
        " JOIN content ON content.content_key = file.content_key"
        " WHERE aip.place = 'ocfl' AND file.role = 'data' AND aip.profile IN"
        " ('administrative/signature-evidence', 'administrative/trust')"
        " GROUP BY content.sha256, aip.aip_key"
    )
