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
_DISGUISED_PACKED = b"#ObjStm"
"""Stands for packed objects that disguise the name of their kind: they are not looked into."""
_DICTIONARY_BYTES = 1024
"""How far the packed bytes may begin after the name of their kind."""
_STREAM_BEGINS = re.compile(rb">>\s{0,16}stream(?:\r\n|\n|\r)")
_STREAM_ENDS = re.compile(rb"endstream")


@dataclass(frozen=True, slots=True)
class Names:
    """The PDF names met; ``complete`` unless some packed objects could not be looked into.

    ``found`` is from everywhere, ``outside_streams`` leaves out what lies between ``stream`` and
    ``endstream``. A scan of ten megabytes holds any three bytes by chance, ``/JS`` too, so a
    short name says something only outside; a long one cannot be there by chance, and counts
    wherever it is, so that nobody hides it behind a false ``stream``.
    """

    found: frozenset[bytes]
    outside_streams: frozenset[bytes]
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


def hidden_names(file: BinaryIO, size: int, watched: frozenset[bytes]) -> Names:
    """Which of ``watched`` are in the file, read in windows; ``#xx`` escapes are resolved."""
    watched |= {_DISGUISED_PACKED}
    everywhere: set[bytes] = set()
    outside: set[bytes] = set()
    complete = True
    in_stream = False
    budget = INFLATED_CAP_BYTES
    for place in range(0, size, _WINDOW_BYTES):
        file.seek(place)
        window = file.read(_WINDOW_BYTES + _OVERLAP_BYTES)
        everywhere |= _names_of(window) & watched
        objects, in_stream = _without_streams(window, in_stream)
        outside |= _names_of(objects) & watched
        for start in _packed_starts(window):
            if start >= _WINDOW_BYTES:
                continue
            content = _inflated(file, place + start, budget)
            if content is None:
                complete = False
                continue
            budget -= len(content)
            outside |= _names_of(content) & watched
    complete = complete and budget > 0 and _DISGUISED_PACKED not in everywhere
    return Names(frozenset(everywhere | outside), frozenset(outside), complete)


def _without_streams(window: bytes, in_stream: bool) -> tuple[bytes, bool]:
    """What of a window lies outside stream data, and whether the next begins inside."""
    kept: list[bytes] = []
    place = 0
    while True:
        edge = (_STREAM_ENDS if in_stream else _STREAM_BEGINS).search(window, place)
        if not in_stream:
            kept.append(window[place : edge.start() if edge else len(window)])
        if edge is None or edge.start() >= _WINDOW_BYTES:
            return b"\n".join(kept), in_stream
        place, in_stream = edge.end(), not in_stream


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
    names = set(_NAME.findall(content))
    for name in [each for each in names if b"#" in each]:
        plain = re.sub(rb"#([0-9A-Fa-f]{2})", lambda hit: bytes.fromhex(hit[1].decode()), name)
        names.add(_DISGUISED_PACKED if plain == _PACKED[1:] else plain)
    return names


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
