"""The outside of a PDF, and the names in its objects, packed ones included, within caps."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from preservation.formats.validate.result import error, warning
from schemas.findings import Finding

INFLATED_CAP_BYTES = 128 << 20
"""How much of packed objects is inflated in one file."""

_ENDS_BYTES = 2048
_WINDOW_BYTES = 4 << 20
_OVERLAP_BYTES = 64 << 10
_NAME = re.compile(rb"/((?:[A-Za-z0-9]|#[0-9A-Fa-f]{2}){1,40})")
_PACKED = b"/ObjStm"
_DICTIONARY_BYTES = 1024
"""How far the packed bytes may begin after the name of their kind."""


@dataclass(frozen=True, slots=True)
class Names:
    """The PDF names met; ``complete`` unless some packed objects could not be looked into."""

    found: frozenset[bytes]
    complete: bool


def structure_faults(file: BinaryIO, size: int) -> Iterator[Finding]:
    """What is wrong with header, end mark and the place of the last cross-reference."""
    file.seek(0)
    head = file.read(_ENDS_BYTES)
    place = head.find(b"%PDF-")
    if place < 0:
        yield error("PDF-NO-HEADER")
    elif place > 0:
        yield warning("PDF-LEADING-BYTES", count=place)
    file.seek(max(0, size - _ENDS_BYTES))
    tail = file.read(_ENDS_BYTES)
    if b"%%EOF" not in tail:
        yield error("PDF-NO-END")
    found = list(re.finditer(rb"startxref\s+(\d{1,12})", tail))
    if not found:
        yield error("PDF-NO-XREF")
        return
    offset = int(found[-1][1])
    file.seek(min(size, offset))
    start = file.read(64).lstrip()
    if not (start.startswith(b"xref") or re.match(rb"\d+\s+\d+\s+obj", start)):
        yield error("PDF-XREF-WRONG", offset=offset)


def hidden_names(file: BinaryIO, size: int) -> Names:
    """Every name in the file, read in windows; ``#xx`` escapes are resolved."""
    raw: set[bytes] = set()
    complete = True
    budget = INFLATED_CAP_BYTES
    place = 0
    while place < size:
        file.seek(place)
        window = file.read(_WINDOW_BYTES + _OVERLAP_BYTES)
        raw |= _names_of(window)
        for start in _packed_starts(window):
            if start >= _WINDOW_BYTES:
                continue
            content = _inflated(file, place + start, budget)
            if content is None:
                complete = False
                continue
            budget -= len(content)
            raw |= _names_of(content)
        place += _WINDOW_BYTES
    escaped = {_unescaped(name) for name in raw if b"#" in name}
    # Packed objects that hide the name of their kind were not looked into.
    complete = complete and budget > 0 and b"ObjStm" not in escaped
    return Names(frozenset(raw | escaped), complete)


def _packed_starts(window: bytes) -> Iterator[int]:
    """Where the bytes of object streams begin."""
    place = window.find(_PACKED)
    while place >= 0:
        start = window.find(b"stream", place, place + _DICTIONARY_BYTES)
        if start >= 0:
            start += len(b"stream")
            yield start + (2 if window[start : start + 2] == b"\r\n" else 1)
        place = window.find(_PACKED, place + 1)


def _names_of(content: bytes) -> set[bytes]:
    return set(_NAME.findall(content))


def _unescaped(name: bytes) -> bytes:
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda hit: bytes.fromhex(hit[1].decode()), name)


def _inflated(file: BinaryIO, place: int, budget: int) -> bytes | None:
    """The object stream at ``place``; None when it cannot be inflated or the budget ends."""
    if budget <= 0:
        return None
    inflater = zlib.decompressobj()
    content = bytearray()
    file.seek(place)
    try:
        while not inflater.eof and len(content) < budget:
            chunk = file.read(_OVERLAP_BYTES)
            if not chunk:
                return None
            content += inflater.decompress(chunk, budget - len(content))
    except zlib.error:
        return None
    return bytes(content)
