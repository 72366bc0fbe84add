"""Plain text: in which encoding, and whether the legacy Vietnamese ones are at work."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, BinaryIO

from preservation.formats.validate.result import (
    Fact,
    ValidationResult,
    error,
    judged,
    warning,
)
from schemas.names_propose import common_encoding

KIND = "text"
SAMPLE_BYTES = 256 * 1024
"""How much text with marks is weighed to tell legacy encodings apart."""

_CHUNK_BYTES = 1024 * 1024
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_NO_TEXT = re.compile(rb"[\x00\x01\x03\x04\x07\x08\x0e-\x13\x15-\x18\x1a\x1c\x1d\x1f]")
"""What stands in no encoding's text. VISCII has letters at the other six control codes."""
_LEGACY = frozenset({"tcvn3", "vni", "viscii", "cp1258"})


def validate(file: BinaryIO, _wanted: Mapping[str, Any]) -> ValidationResult:
    """Invalid when the bytes are no text in any encoding that is known here.

    A legacy encoding is a warning that names it: a UTF-8 copy can be added beside the
    original, which is never changed. Text that is not NFC is a fact, not a fault.
    """
    head = file.read(4)
    file.seek(0)
    for mark, name in _BOMS:
        if head.startswith(mark):
            return _declared(file, name)
    sample, undecodable, nfc = _scan(file)
    if not undecodable:
        encoding = "ascii" if not sample else "utf-8"
        controls = _CONTROLS.search(sample)
        facts: dict[str, Fact] = {"encoding": encoding, "nfc": nfc}
        return judged(KIND, [error("TEXT-CONTROLS")] if controls else [], facts)
    return _legacy(sample)


def _declared(file: BinaryIO, encoding: str) -> ValidationResult:
    facts: dict[str, Fact] = {"encoding": encoding}
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while chunk := file.read(_CHUNK_BYTES):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return judged(KIND, [error("TEXT-UNDECODABLE", encoding=encoding)], facts)
    return judged(KIND, [], facts)


def _scan(file: BinaryIO) -> tuple[bytes, bool, bool]:
    """(lines that are more than plain ASCII, whether some are no UTF-8, whether all are NFC)."""
    sample = bytearray()
    undecodable, nfc = False, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    while chunk := file.read(_CHUNK_BYTES):
        if len(sample) < SAMPLE_BYTES:
            lines = (ln for ln in chunk.splitlines() if not ln.isascii() or _CONTROLS.search(ln))
            for line in lines:
                sample += line + b"\n"
                if len(sample) >= SAMPLE_BYTES:
                    break
        try:
            text = decoder.decode(chunk)
            nfc = nfc and unicodedata.is_normalized("NFC", text)
        except UnicodeDecodeError:
            undecodable = True
            break
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        undecodable = True
    return bytes(sample[:SAMPLE_BYTES]), undecodable, nfc


def _legacy(sample: bytes) -> ValidationResult:
    """Eight-bit text: the encoding its lines speak for together."""
    facts: dict[str, Fact] = {"encoding": "unknown"}
    if _NO_TEXT.search(sample):
        # Weighing six encodings costs a hundred times the reading; binary bytes are not worth it.
        return judged(KIND, [error("TEXT-ENCODING-UNKNOWN")], facts)
    encoding = common_encoding(sample.splitlines())
    facts["encoding"] = encoding if encoding in _LEGACY else "unknown"
    if encoding in _LEGACY and (encoding == "viscii" or not _CONTROLS.search(sample)):
        return judged(KIND, [warning("TEXT-LEGACY-ENCODING", encoding=encoding)], facts)
    facts["encoding"] = "unknown"
    return judged(KIND, [error("TEXT-ENCODING-UNKNOWN")], facts)
