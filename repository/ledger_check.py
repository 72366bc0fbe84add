"""Checking the ledger of one replica, without the catalogue: for inspectors and courts.

The journal is a hash chain; whoever holds the hash that a receipt or report printed can ask
whether the chain still contains it. A chain rewritten afterwards cannot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from repository.journal import LedgerBroken, read_lines
from repository.replica import Replica
from schemas.records import Record


class LedgerChecked(Record, frozen=True, kw_only=True):
    """What one replica's ledger is. ``broken_at`` is 0 for a chain that holds together.

    ``witnessed`` says for each hash that was asked for whether the chain contains it.
    ``lines_sha256`` is over all lines' hashes: equal for equal ledgers.
    """

    format: str = "kho.ledger-check/1"
    replica: str
    replica_id: str
    lines: int
    first: str
    last: str
    head: str
    lines_sha256: str
    broken_at: int = 0
    witnessed: dict[str, bool] = msgspec.field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Whether the chain holds together and contains every hash asked for."""
        return not self.broken_at and all(self.witnessed.values())


def check_ledger(replica: Replica, heads: Sequence[str] = ()) -> LedgerChecked:
    """The replica's journal was read from the first line to the last and its chain followed."""
    wanted = dict.fromkeys(heads, False)
    total = hashlib.sha256()
    lines = broken_at = 0
    first = last = head = ""
    try:
        for line in read_lines(replica.backend):
            lines += 1
            first = first or line.moment
            last, head = line.moment, line.hash
            total.update(line.hash.encode())
            if line.hash in wanted:
                wanted[line.hash] = True
    except LedgerBroken as error:
        broken_at = int(str(error.fields["seq"]))
    return LedgerChecked(
        replica=replica.name,
        replica_id=replica.marker.replica_id,
        lines=lines,
        first=first,
        last=last,
        head=head,
        lines_sha256=total.hexdigest(),
        broken_at=broken_at,
        witnessed=wanted,
    )
