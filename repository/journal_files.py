"""Where a journal's lines lie on a replica, and how the newest are found without listing all.

    kho/journal/<thousand>/<first seq>.ndjson

A folder holds the files whose first line has a number of its thousand, and no file has more
than a thousand lines: so every folder up to the last holds something. What comes after a known
line, and which line is the last, takes a few short listings, whether the journal has a hundred
files or millions (decision 0012).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from itertools import count, pairwise

import msgspec

from repository.ocfl.claims import put_small
from schemas.errors import RepositoryError
from schemas.records import LedgerLine, decode, encode_line
from storage_backends.interface import ObjectExists, StorageBackend

JOURNAL = "kho/journal/"
LINES_PER_FILE = 1000
_ENDING = ".ndjson"
_KEY = re.compile(rf"{JOURNAL}[0-9]{{9}}/[0-9]{{12}}{re.escape(_ENDING)}\Z")


class LedgerForked(RepositoryError):
    """Two replicas tell different histories; a person must look before anything is written."""

    code = "LEDGER-FORKED"


class LedgerBroken(RepositoryError):
    """A journal's chain does not hold together at ``seq`` on ``replica``."""

    code = "LEDGER-BROKEN"
    exit_code = 3


def hash_of(line: LedgerLine) -> str:
    """sha256 over the line's JSON with ``hash`` empty."""
    return hashlib.sha256(
        msgspec.json.encode(msgspec.structs.replace(line, hash=""), order="sorted")
    ).hexdigest()


def journal_key(first_seq: int) -> str:
    """The key of the file whose first line has this number."""
    return f"{_folder(first_seq // LINES_PER_FILE)}{first_seq:012d}{_ENDING}"


def last_line(backend: StorageBackend) -> LedgerLine | None:
    """The newest line of a replica's journal; None for an empty one.

    :class:`LedgerBroken` when its newest file holds none.
    """
    newest = max(_keys_under(backend, _last_folder(backend)), default=None)
    if newest is None:
        return None
    lines = _lines_of(backend, newest)
    if not lines:
        raise LedgerBroken(replica=backend.name, seq=_first_seq(newest))
    return lines[-1]


def read_lines(
    backend: StorageBackend, *, after_seq: int = 0, prev: str = ""
) -> Iterator[LedgerLine]:
    """A replica's lines after ``after_seq``, each proved to follow the one before.

    ``prev`` is the hash of line ``after_seq``. :class:`LedgerBroken` where the chain breaks.
    """
    keys = _keys_after(backend, after_seq) if after_seq else sorted(_keys_under(backend, JOURNAL))
    for key, following in pairwise((*keys, "")):
        if following and _first_seq(following) <= after_seq + 1:
            continue
        for line in _lines_of(backend, key):
            if line.seq <= after_seq:
                continue
            if line.seq != after_seq + 1 or line.prev != prev or line.hash != hash_of(line):
                raise LedgerBroken(replica=backend.name, seq=line.seq)
            yield line
            after_seq, prev = line.seq, line.hash


def put_lines(backend: StorageBackend, lines: Sequence[LedgerLine]) -> None:
    """The replica holds the lines, in as many files as that takes.

    Lines that it has already, grouped as they may be, are left where they are;
    :class:`LedgerForked` when it has another one of the same number.
    """
    while lines:
        batch = lines[:LINES_PER_FILE]
        key = journal_key(batch[0].seq)
        try:
            put_small(backend, key, b"".join(map(encode_line, batch)))
            backend.settle(_folder(batch[0].seq // LINES_PER_FILE))
            lines = lines[LINES_PER_FILE:]
        except ObjectExists as error:
            there = _lines_of(backend, key)
            ours = {line.seq: line.hash for line in lines}
            different = [line.seq for line in there if ours.get(line.seq, line.hash) != line.hash]
            if different or not there:
                seq = different[0] if different else lines[0].seq
                raise LedgerForked(replica=backend.name, seq=seq) from error
            backend.settle(_folder(batch[0].seq // LINES_PER_FILE))
            lines = [line for line in lines if line.seq > there[-1].seq]


def _last_folder(backend: StorageBackend) -> str:
    """The folder of the newest file: found by doubling, then by halving.

    A journal whose beginning is lost is listed as a whole.
    """

    def holds(thousand: int) -> bool:
        return any(True for _key in _keys_under(backend, _folder(thousand)))

    if not holds(0):
        return JOURNAL
    known, step = 0, 1
    while holds(known + step):
        known, step = known + step, step * 2
    empty = known + step
    while empty - known > 1:
        middle = (known + empty) // 2
        known, empty = (middle, empty) if holds(middle) else (known, middle)
    return _folder(known)


def _keys_after(backend: StorageBackend, after_seq: int) -> Iterator[str]:
    """The keys that may hold lines after ``after_seq``, in order, and a few before them."""
    earliest = max(0, after_seq + 2 - LINES_PER_FILE)
    for thousand in count(earliest // LINES_PER_FILE):
        keys = sorted(_keys_under(backend, _folder(thousand)))
        yield from keys
        if not keys and thousand > (after_seq + 1) // LINES_PER_FILE:
            return


def _keys_under(backend: StorageBackend, prefix: str) -> Iterator[str]:
    """The journal's own files; what others left beside them is none of it."""
    return (info.key for info in backend.list(prefix) if _KEY.match(info.key))


def _folder(thousand: int) -> str:
    return f"{JOURNAL}{thousand:09d}/"


def _first_seq(key: str) -> int:
    return int(key.rpartition("/")[2].removesuffix(_ENDING))


def _lines_of(backend: StorageBackend, key: str) -> list[LedgerLine]:
    content, _token = backend.read_head(key)
    try:
        return [decode(line, LedgerLine) for line in content.splitlines()]
    except msgspec.MsgspecError as error:
        raise LedgerBroken(replica=backend.name, seq=_first_seq(key)) from error
