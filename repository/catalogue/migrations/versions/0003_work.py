"""The scheduler's queue, what was notified, and looks by the slower digest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """The tables of work in hand are there, empty."""
    before = ("policy", "period", "state", "enqueued", "not_before", "started", "finished")
    op.create_table(
        "work",
        sa.Column("work_key", _KEY, nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in (*before, "owner", "lease_until")),
        sa.Column("attempts", sa.Integer(), nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("seed", "outcome", "result")),
        sa.PrimaryKeyConstraint("work_key"),
        sa.UniqueConstraint("policy", "period", name="work_once"),
    )
    op.create_index("work_state", "work", ["state", "work_key"])
    op.create_table(
        "notice",
        *(
            sa.Column(name, _TEXT, nullable=False)
            for name in ("kind", "channel", "state", "since", "last_sent")
        ),
        sa.Column("held_back", sa.Integer(), nullable=False),
        *(sa.Column(name, _TEXT, nullable=False) for name in ("error", "error_at")),
        sa.PrimaryKeyConstraint("kind", "channel"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "deep_check",
        sa.Column("replica_key", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_key", _KEY, autoincrement=False, nullable=False),
        sa.Column("verified_at", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["replica_key"], ["replica_name.replica_key"]),
        sa.ForeignKeyConstraint(["content_key"], ["content.content_key"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("replica_key", "content_key"),
        sqlite_with_rowid=False,
    )
    op.create_index("deep_check_age", "deep_check", ["replica_key", "verified_at", "content_key"])
    op.create_index("deep_check_content", "deep_check", ["content_key"])
