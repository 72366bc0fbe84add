"""Checking the ledger of one replica, without the catalogue: for inspectors and courts.

The journal is a hash chain; whoever holds the hash that a receipt or report printed can ask
whether the chain still contains it. A chain rewritten afterwards cannot. The ledger AIPs tell
the same lines a second time: where the two differ, somebody changed one of them, and where
the journal is lost, they stand in for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from repository.journal_files import LedgerBroken, read_lines
from repository.ledger_sealed import (
    LedgerAip,
    found_on,
    ledger_aip,
    lines_of,
    named_by,
    sealed_lines,
)
from repository.replica import Replica
from schemas.errors import KhoError
from schemas.records import LedgerLine, Record

_HASH_BYTES = 32


class LedgerChecked(Record, frozen=True, kw_only=True):
    """What one replica's ledger is. ``broken_at`` is 0 for a chain that holds together.

    ``read_from`` says what was followed: the journal, or, where there is none, the ledger
    AIPs. ``sealed_aips`` were compared with the journal, ``differs_at`` is the first line they
    tell differently (0: none), ``sealed_unreadable`` names those that could not be read.
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
    read_from: Literal["journal", "ledger AIPs"] = "journal"
    sealed_aips: int = 0
    sealed_lines: int = 0
    differs_at: int = 0
    sealed_unreadable: tuple[str, ...] = ()
    witnessed: dict[str, bool] = msgspec.field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Whether the chain holds together, contains every hash asked for, and is told by
        journal and ledger AIPs alike."""
        whole = self.read_from == "journal" and not self.broken_at
        agrees = not self.differs_at and not self.sealed_unreadable
        return whole and agrees and all(self.witnessed.values())


@dataclass(slots=True)
class _Followed:
    """A chain as far as it was followed."""

    wanted: dict[str, bool]
    hashes: bytearray = field(default_factory=bytearray)
    first: str = ""
    last: str = ""
    head: str = ""
    broken_at: int = 0
    named: list[str] = field(default_factory=list)

    @property
    def lines(self) -> int:
        return len(self.hashes) // _HASH_BYTES

    def follow(self, lines: Iterable[LedgerLine], replica: str) -> None:
        try:
            for line in lines:
                self.hashes += bytes.fromhex(line.hash)
                self.first = self.first or line.moment
                self.last, self.head = line.moment, line.hash
                if line.hash in self.wanted:
                    self.wanted[line.hash] = True
                if aip_id := named_by(line, replica):
                    self.named.append(aip_id)
        except LedgerBroken as error:
            self.broken_at = int(str(error.fields["seq"]))

    def hash_at(self, seq: int) -> str:
        """The hash of a line; empty beyond the last one followed."""
        return self.hashes[(seq - 1) * _HASH_BYTES : seq * _HASH_BYTES].hex()

    def lines_sha256(self) -> str:
        """The digest of all hashes as text, one after the other."""
        total = hashlib.sha256()
        for seq in range(1, self.lines + 1):
            total.update(self.hash_at(seq).encode())
        return total.hexdigest()


def check_ledger(
    replica: Replica, heads: Sequence[str] = (), *, every_object: bool = False
) -> LedgerChecked:
    """The replica's journal was read from the first line to the last, its chain followed, and
    compared with the ledger AIPs that it names.

    A journal that is lost, broken or names none has the whole replica searched for ledger
    AIPs; so does ``every_object``.
    """
    followed = _Followed(dict.fromkeys(heads, False))
    followed.follow(read_lines(replica.backend), replica.marker.name)
    search = every_object or followed.broken_at or not followed.named
    compared = _Compared()
    aips = found_on(replica) if search else []
    for aip_id in dict.fromkeys(followed.named):
        if aip_id not in {aip.aip_id for aip in aips}:
            try:
                aips.append(ledger_aip(replica, aip_id))
            except KhoError:
                compared.unreadable.append(aip_id)
    if not followed.lines and not followed.broken_at and aips:
        return _from_sealed(replica, heads, aips)
    _compare(replica, followed, aips, compared)
    return _checked(replica, followed, compared)


@dataclass(slots=True)
class _Compared:
    aips: int = 0
    lines: int = 0
    differs_at: int = 0
    unreadable: list[str] = field(default_factory=list)


def _compare(
    replica: Replica, followed: _Followed, aips: Sequence[LedgerAip], compared: _Compared
) -> None:
    """How the ledger AIPs tell the lines that were followed."""
    for aip in aips:
        try:
            lines = lines_of(replica, aip)
        except KhoError:
            compared.unreadable.append(aip.aip_id)
            continue
        compared.aips += 1
        compared.lines += len(lines)
        for line in lines:
            if followed.broken_at and line.seq >= followed.broken_at:
                # What the broken journal no longer tells, the ledger AIPs still witness.
                followed.wanted.update({line.hash: True} if line.hash in followed.wanted else {})
            elif line.hash != followed.hash_at(line.seq):
                compared.differs_at = min(compared.differs_at or line.seq, line.seq)


def _from_sealed(
    replica: Replica, heads: Sequence[str], aips: Sequence[LedgerAip]
) -> LedgerChecked:
    """What the ledger AIPs alone tell, where the journal is lost."""
    followed = _Followed(dict.fromkeys(heads, False))
    followed.follow(sealed_lines(replica), replica.marker.name)
    if not followed.broken_at and followed.lines < aips[-1].last:
        followed.broken_at = followed.lines + 1
    found = _Compared(aips=len(aips), lines=followed.lines)
    checked = _checked(replica, followed, found)
    return msgspec.structs.replace(checked, read_from="ledger AIPs")


def _checked(replica: Replica, followed: _Followed, compared: _Compared) -> LedgerChecked:
    return LedgerChecked(
        replica=replica.name,
        replica_id=replica.marker.replica_id,
        lines=followed.lines,
        first=followed.first,
        last=followed.last,
        head=followed.head,
        lines_sha256=followed.lines_sha256(),
        broken_at=followed.broken_at,
        sealed_aips=compared.aips,
        sealed_lines=compared.lines,
        differs_at=compared.differs_at,
        sealed_unreadable=tuple(compared.unreadable),
        witnessed=followed.wanted,
    )
