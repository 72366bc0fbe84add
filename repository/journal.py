"""The journal: operational events as a hash chain on every reachable replica (design §6).

``kho/journal/<first seq>.ndjson`` are create-only; each line names the hash of the line
before. A command reports success only after its lines are on at least one replica and in the
catalogue; a replica that was away gets what it missed before it gets anything new. Lines
matter, not files: replicas may group the same lines differently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from repository.catalogue import Catalogue
from repository.discretion import discreet
from repository.locks import held
from repository.ocfl.claims import put_small
from repository.replica import Replica
from schemas.errors import RepositoryError
from schemas.moments import Clock, format_moment
from schemas.nouns import Access
from schemas.records import LedgerLine, decode, encode_line
from storage_backends.interface import ObjectExists, StorageBackend, StorageError

JOURNAL = "kho/journal/"


class LedgerForked(RepositoryError):
    """Two replicas tell different histories; a person must look before anything is written."""

    code = "LEDGER-FORKED"


class LedgerBroken(RepositoryError):
    """A journal's chain does not hold together at ``seq`` on ``replica``."""

    code = "LEDGER-BROKEN"


class JournalUnwritten(StorageError):
    """No replica took the journal lines; what was done is not reported as done."""

    code = "LEDGER-UNWRITTEN"


def hash_of(line: LedgerLine) -> str:
    """sha256 over the line's JSON with ``hash`` empty."""
    return hashlib.sha256(
        msgspec.json.encode(msgspec.structs.replace(line, hash=""), order="sorted")
    ).hexdigest()


def chain(
    entries: Iterable[tuple[str, dict[str, Any]]], *, seq: int, prev: str, moment: str
) -> list[LedgerLine]:
    """The entries (kind, body) as chained lines after (``seq``, ``prev``)."""
    lines = []
    for kind, body in entries:
        seq += 1
        line = LedgerLine(seq=seq, moment=moment, kind=kind, body=body, prev=prev)
        line = msgspec.structs.replace(line, hash=hash_of(line))
        lines.append(line)
        prev = line.hash
    return lines


class Journal:
    """Appends to, and brings level, the journals of an archive's replicas."""

    def __init__(self, catalogue: Catalogue, lock: Path, now: Clock) -> None:
        self._catalogue = catalogue
        self._lock = lock
        self._now = now
        self._level: dict[str, int] = {}
        """The last line each replica is known to hold, so that an append need not list."""

    def append(
        self, entries: Sequence[tuple[str, dict[str, Any]]], replicas: Sequence[Replica]
    ) -> list[LedgerLine]:
        """The entries are chained, on every replica that took them, and in the catalogue.

        What they tell of secret dossiers is told discreetly; replicas for public dossiers
        alone get none of them. :class:`JournalUnwritten` when no replica took them.
        """
        entries = [(kind, discreet(kind, body, self._access(body))) for kind, body in entries]
        with held(self._lock):
            seq, prev = self._catalogue.ledger_head()
            lines = chain(entries, seq=seq, prev=prev, moment=format_moment(self._now()))
            self._write(lines, _readers(replicas))
            self._catalogue.apply_all(lines)
        return lines

    def bring_level(self, replicas: Sequence[Replica]) -> None:
        """Every replica's journal and the catalogue hold the same lines.

        :class:`LedgerForked` when two hold different lines of one number.
        """
        with held(self._lock):
            for replica in replicas:
                self._learn(replica)
            for replica in _readers(replicas):
                self._teach(replica)

    def _access(self, body: dict[str, Any]) -> Access:
        """The level of the dossier that an entry is about; restricted when it is unknown."""
        aip_id = str(body.get("aip_id") or "")
        found = self._catalogue.find(aip_id) if aip_id else ()
        levels = {summary.access for summary in found if summary.aip_id == aip_id}
        return max(levels, key=lambda access: access.rank, default=Access.RESTRICTED)

    def _learn(self, replica: Replica) -> None:
        seq, prev = self._catalogue.ledger_head()
        newer = list(read_lines(replica.backend, after_seq=seq, prev=prev))
        if newer:
            self._catalogue.apply_all(newer)

    def _teach(self, replica: Replica) -> None:
        head, _hash = self._catalogue.ledger_head()
        if self._level.get(replica.name) == head:
            return
        last = last_line(replica.backend)
        after = last.seq if last is not None else 0
        if last is not None and last.seq <= head:
            known = next(iter(self._catalogue.ledger_lines(after_seq=last.seq - 1)))
            if known.hash != last.hash:
                raise LedgerForked(replica=replica.name, seq=last.seq)
        missing = list(self._catalogue.ledger_lines(after_seq=after))
        if missing:
            _put_lines(replica.backend, missing)
        self._level[replica.name] = head

    def _write(self, lines: list[LedgerLine], replicas: Sequence[Replica]) -> None:
        written = 0
        failure: StorageError | None = None
        for replica in replicas:
            try:
                self._teach(replica)
                _put_lines(replica.backend, lines)
                self._level[replica.name] = lines[-1].seq
                written += 1
            except StorageError as error:
                failure = error
        if not written:
            raise JournalUnwritten(backend=", ".join(r.name for r in replicas), key=JOURNAL) from (
                failure
            )


def _readers(replicas: Sequence[Replica]) -> Sequence[Replica]:
    """The replicas that may know of restricted dossiers, as the journal does; all of them in an
    archive that keeps public dossiers only."""
    return [r for r in replicas if r.may_hold(Access.RESTRICTED)] or replicas


def last_line(backend: StorageBackend) -> LedgerLine | None:
    """The newest line of a replica's journal; None for an empty one."""
    newest = max((info.key for info in backend.list(JOURNAL)), default=None)
    if newest is None:
        return None
    return _lines_of(backend, newest)[-1]


def read_lines(
    backend: StorageBackend, *, after_seq: int = 0, prev: str = ""
) -> Iterator[LedgerLine]:
    """A replica's lines after ``after_seq``, each proved to follow the one before.

    ``prev`` is the hash of line ``after_seq``. :class:`LedgerBroken` where the chain breaks.
    """
    keys = sorted(info.key for info in backend.list(JOURNAL))
    firsts = [_first_seq(key) for key in keys]
    for number, key in enumerate(keys):
        if number + 1 < len(firsts) and firsts[number + 1] <= after_seq + 1:
            continue
        for line in _lines_of(backend, key):
            if line.seq <= after_seq:
                continue
            if line.seq != after_seq + 1 or line.prev != prev or line.hash != hash_of(line):
                raise LedgerBroken(replica=backend.name, seq=line.seq)
            yield line
            after_seq, prev = line.seq, line.hash


def _first_seq(key: str) -> int:
    return int(key.removeprefix(JOURNAL).partition(".")[0])


def _lines_of(backend: StorageBackend, key: str) -> list[LedgerLine]:
    content, _token = backend.read_head(key)
    try:
        return [decode(line, LedgerLine) for line in content.splitlines()]
    except msgspec.MsgspecError as error:
        raise LedgerBroken(replica=backend.name, seq=_first_seq(key)) from error


def _put_lines(backend: StorageBackend, lines: Sequence[LedgerLine]) -> None:
    key = f"{JOURNAL}{lines[0].seq:012d}.ndjson"
    content = b"".join(encode_line(line) for line in lines)
    try:
        put_small(backend, key, content)
    except ObjectExists as error:
        if backend.read_head(key)[0] != content:
            raise LedgerForked(replica=backend.name, seq=lines[0].seq) from error
    backend.settle(JOURNAL)
