"""Tables of work in hand: the scheduler's queue, notifications, the slower digest cycle.

All are disposable: after a rebuild everything is due again, once.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from repository.catalogue.tables import metadata

_TEXT = Text().with_variant(Text(collation="C"), "postgresql")
_KEY = BigInteger().with_variant(Integer(), "sqlite")


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, _TEXT, primary_key=key, nullable=False)


# One row for each policy and period: that pair is what keeps a job from being run twice.
work = Table(
    "work",
    metadata,
    Column("work_key", _KEY, primary_key=True),
    _text("policy"),
    _text("period"),
    _text("state"),
    _text("enqueued"),
    _text("not_before"),
    _text("started"),
    _text("finished"),
    _text("owner"),
    _text("lease_until"),
    Column("attempts", Integer, nullable=False),
    _text("seed"),
    _text("outcome"),
    Column("result", _TEXT, nullable=False, info={"json": True}),
    UniqueConstraint("policy", "period", name="work_once"),
    Index("work_state", "state", "work_key"),
)

# How far each channel knows of each kind of trouble.
notice = Table(
    "notice",
    metadata,
    _text("kind", key=True),
    _text("channel", key=True),
    _text("state"),
    _text("since"),
    _text("last_sent"),
    Column("held_back", Integer, nullable=False),
    _text("error"),
    _text("error_at"),
    sqlite_with_rowid=False,
)

# Looks by sha512, which the routine audit by sha256 does not replace.
deep_check = Table(
    "deep_check",
    metadata,
    Column(
        "replica_key",
        Integer,
        ForeignKey("replica_name.replica_key"),
        primary_key=True,
        autoincrement=False,
    ),
    Column(
        "content_key",
        _KEY,
        ForeignKey("content.content_key", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    _text("verified_at"),
    Index("deep_check_age", "replica_key", "verified_at", "content_key"),
    Index("deep_check_content", "content_key"),
    sqlite_with_rowid=False,
)
