"""The first layout."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """An empty database holds a catalogue."""
    _archival()
    _journalled()
    _disposable()
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE search_text USING fts5("
            "exact, folded, tokenize = 'ascii', columnsize = 0)"
        )


def _archival() -> None:
    op.create_table(
        "aip",
        sa.Column("aip_key", _KEY, nullable=False),
        sa.Column("aip_id", _TEXT, nullable=False),
        sa.Column("place", _TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created", _TEXT, nullable=False),
        sa.Column("profile", _TEXT, nullable=False),
        sa.Column("outcome", _TEXT, nullable=False),
        sa.Column("fonds", _TEXT, nullable=False),
        sa.Column("fonds_name", _TEXT, nullable=False),
        sa.Column("dossier_code", _TEXT, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("access", _TEXT, nullable=False),
        sa.Column("date_from", _TEXT, nullable=False),
        sa.Column("date_to", _TEXT, nullable=False),
        sa.Column("backlog", sa.Boolean(), nullable=False),
        sa.Column("submission_digest", _TEXT, nullable=False),
        sa.Column("data_files", sa.BigInteger(), nullable=False),
        sa.Column("data_bytes", sa.BigInteger(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("aip_key"),
        sa.UniqueConstraint("aip_id", "place", name="aip_identity"),
    )
    op.create_index("aip_dossier_code", "aip", ["dossier_code"], unique=False)
    op.create_index(
        "aip_reference", "aip", ["fonds", "dossier_code", "aip_id", "place"], unique=False
    )
    op.create_table(
        "version",
        sa.Column("aip_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created", _TEXT, nullable=False),
        sa.Column("inventory_sha256", _TEXT, nullable=False),
        sa.Column("inventory_sha512", _TEXT, nullable=False),
        sa.Column("message", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["aip_key"], ["aip.aip_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("aip_key", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dossier_field",
        sa.Column("aip_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("value", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["aip_key"], ["aip.aip_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("aip_key", "name"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "document",
        sa.Column("aip_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", _TEXT, nullable=False),
        sa.Column("title", _TEXT, nullable=False),
        sa.Column("date", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("fields", _TEXT, nullable=False),
        sa.Column("files", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["aip_key"], ["aip.aip_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("aip_key", "position"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "content",
        sa.Column("content_key", _KEY, nullable=False),
        sa.Column("aip_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("content_path", _TEXT, nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("sha512", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["aip_key"], ["aip.aip_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("content_key"),
        sa.UniqueConstraint("aip_key", "content_path", name="content_identity"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "file",
        sa.Column("aip_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("logical_path", _TEXT, nullable=False),
        sa.Column("content_key", _KEY, nullable=False),
        sa.Column("role", _TEXT, nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("puids", _TEXT, nullable=False),
        sa.Column("signature_decision", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["aip_key"], ["aip.aip_key"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["content_key"], ["content.content_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("aip_key", "logical_path"),
        sqlite_with_rowid=False,
    )
    op.create_index("file_content", "file", ["content_key"], unique=False)


def _journalled() -> None:
    op.create_table(
        "ledger_line",
        sa.Column("seq", _KEY, autoincrement=False, nullable=False),
        sa.Column("moment", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("body", _TEXT, nullable=False),
        sa.Column("prev", _TEXT, nullable=False),
        sa.Column("hash", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ledger_line_kind", "ledger_line", ["kind", "seq"], unique=False)
    op.create_table(
        "event",
        sa.Column("seq", _KEY, autoincrement=False, nullable=False),
        sa.Column("event_id", _TEXT, nullable=False),
        sa.Column("aip_id", _TEXT, nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("outcome", _TEXT, nullable=False),
        sa.Column("moment", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["ledger_line.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("event_aip", "event", ["aip_id", "seq"], unique=False)
    op.create_table(
        "receipt",
        sa.Column("seq", _KEY, autoincrement=False, nullable=False),
        sa.Column("receipt_id", _TEXT, nullable=False),
        sa.Column("aip_id", _TEXT, nullable=False),
        sa.Column("submission_digest", _TEXT, nullable=False),
        sa.Column("outcome", _TEXT, nullable=False),
        sa.Column("finished", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["ledger_line.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("receipt_aip", "receipt", ["aip_id", "seq"], unique=False)
    op.create_index("receipt_submission", "receipt", ["submission_digest", "seq"], unique=False)
    op.create_table(
        "rejection",
        sa.Column("seq", _KEY, autoincrement=False, nullable=False),
        sa.Column("receipt_id", _TEXT, nullable=False),
        sa.Column("submission_digest", _TEXT, nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["ledger_line.seq"],
        ),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "copy",
        sa.Column("aip_id", _TEXT, nullable=False),
        sa.Column("place", _TEXT, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("replica", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("verified_at", _TEXT, nullable=False),
        sa.Column("seq", _KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["seq"],
            ["ledger_line.seq"],
        ),
        sa.PrimaryKeyConstraint("aip_id", "place", "version", "replica"),
        sqlite_with_rowid=False,
    )


def _disposable() -> None:
    op.create_table(
        "audit_run",
        sa.Column("run_key", _KEY, nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("replica", _TEXT, nullable=False),
        sa.Column("started", _TEXT, nullable=False),
        sa.Column("finished", _TEXT, nullable=False),
        sa.Column("cursor", _TEXT, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("summary", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("run_key"),
        sa.UniqueConstraint("run_id", "replica", name="audit_run_identity"),
    )
    op.create_table(
        "replica_name",
        sa.Column("replica_key", sa.Integer(), nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("replica_key"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "file_check",
        sa.Column("replica_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("verdict", sa.SmallInteger(), nullable=False),
        sa.Column("verified_at", _TEXT, nullable=False),
        sa.Column("run_key", _KEY, nullable=False),
        sa.Column("algorithm", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["content_key"], ["content.content_key"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["replica_key"],
            ["replica_name.replica_key"],
        ),
        sa.ForeignKeyConstraint(
            ["run_key"],
            ["audit_run.run_key"],
        ),
        sa.PrimaryKeyConstraint("replica_key", "content_key"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "file_check_age", "file_check", ["replica_key", "verified_at", "content_key"], unique=False
    )
    op.create_index("file_check_content", "file_check", ["content_key"], unique=False)
    op.create_table(
        "damage",
        sa.Column("damage_key", _KEY, nullable=False),
        sa.Column("replica", _TEXT, nullable=False),
        sa.Column("aip_id", _TEXT, nullable=False),
        sa.Column("place", _TEXT, nullable=False),
        sa.Column("content_path", _TEXT, nullable=False),
        sa.Column("verdict", _TEXT, nullable=False),
        sa.Column("found_at", _TEXT, nullable=False),
        sa.Column("run_id", _TEXT, nullable=False),
        sa.Column("closed_at", _TEXT, nullable=False),
        sa.Column("closed_by", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("damage_key"),
    )
    op.create_index(
        "damage_open",
        "damage",
        ["closed_at", "replica", "aip_id", "content_path", "place"],
        unique=False,
    )
    op.create_table(
        "search_entry",
        sa.Column("label", _KEY, autoincrement=False, nullable=False),
        sa.Column("aip_key", _KEY, nullable=False),
        sa.ForeignKeyConstraint(["aip_key"], ["aip.aip_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("label"),
        sa.UniqueConstraint("aip_key"),
    )
