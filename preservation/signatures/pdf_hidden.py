"""Whether a PDF without any visible byte range could still hide one in compressed objects.

Most PDFs of today keep their form in object streams, so their plain bytes say nothing. The
streams are inflated here, capped, in C; only a file that shows a sign of a signature, or that
cannot be looked through, is worth a PDF parser.
"""

from __future__ import annotations

import io
import mmap
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from preservation.signatures.kinds import pdf_name_pattern

_STREAM_CAP_BYTES = 64 * 1024 * 1024
_TOTAL_CAP_BYTES = 512 * 1024 * 1024
_DICTIONARY_BYTES = 4096

_OBJECT_STREAM = re.compile(pdf_name_pattern("ObjStm"))
_SIGNS = re.compile(b"|".join(map(pdf_name_pattern, ("ByteRange", "SigFlags"))))
_ENCRYPTED = re.compile(pdf_name_pattern("Encrypt") + rb"(?![A-Za-z])")
_FILTER = re.compile(rb"/(\w*Decode|Crypt|Fl|LZW|AHx|A85|RL|CCF|DCT)\b")
_START = re.compile(rb"stream\r?\n")


class _Unclear(Exception):
    """A stream could not be looked through."""


def may_hide_signature(file: BinaryIO) -> bool:
    """False only when every object stream was looked through and shows no signature."""
    content = _whole(file)
    try:
        if _SIGNS.search(content) or _ENCRYPTED.search(content):
            return True
        return any(_SIGNS.search(inflated) for inflated in _object_streams(content))
    except _Unclear:
        return True
    finally:
        if isinstance(content, mmap.mmap):
            content.close()


def _whole(file: BinaryIO) -> bytes | mmap.mmap:
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (io.UnsupportedOperation, OSError, ValueError):
        file.seek(0)
        return file.read()


def _object_streams(content: bytes | mmap.mmap) -> Iterator[bytes]:
    total = 0
    for match in _OBJECT_STREAM.finditer(content):
        start = _START.search(content, match.end(), match.end() + _DICTIONARY_BYTES)
        if start is None:
            raise _Unclear
        opening = content.rfind(b"obj", max(0, match.start() - _DICTIONARY_BYTES), match.start())
        if opening < 0 or not _plainly_deflated(content[opening : start.start()]):
            raise _Unclear
        inflated = _inflated(content, start.end())
        total += len(inflated)
        if total > _TOTAL_CAP_BYTES:
            raise _Unclear
        yield inflated


def _plainly_deflated(dictionary: bytes) -> bool:
    """Whether one inflation shows the stream's bytes; anything cleverer is not looked through."""
    filters = _FILTER.findall(dictionary)
    return filters == [b"FlateDecode"] and b"#" not in dictionary and b"%" not in dictionary


def _inflated(content: bytes | mmap.mmap, start: int) -> bytes:
    end = content.find(b"endstream", start)
    if end < 0:
        raise _Unclear
    reader = zlib.decompressobj()
    try:
        inflated = reader.decompress(content[start:end], _STREAM_CAP_BYTES)
    except zlib.error as error:
        raise _Unclear from error
    if not reader.eof:
        raise _Unclear
    return inflated
