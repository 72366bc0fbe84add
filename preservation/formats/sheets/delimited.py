"""Delimited text (CSV): encoding and delimiter found out, values as they stand.

Besides UTF-8 and UTF-16 the encodings of old Vietnamese fonts are read, by proposal: the text
is read so, and an officer is told.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter

from preservation.formats.sheets.book import CELL_CHARS_CAP, BookMaker, CellKind
from schemas.findings import Severity
from schemas.names_legacy import DECODERS
from schemas.names_propose import common_encoding, propose_name

DELIMITERS = ",;\t|"
_SAMPLE_LINES = 300
_SAMPLE_CHARS = 65_536
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def read_delimited(content: bytes, maker: BookMaker) -> None:
    """The rows are in ``maker``, or a finding says why not. The one sheet has no name."""
    text = _decoded(content, maker)
    if text is None:
        return
    if "\0" in text:
        maker.say("SHEET-UNKNOWN-KIND", Severity.ERROR)
        return
    first, _, rest = text.partition("\n")
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        # Excel's own way of stating the delimiter; the line counts as a row.
        delimiter, text, skipped = first.strip()[4], rest, 1
    else:
        delimiter, skipped = sniffed(text), 0
    maker.delimiter = delimiter
    rows = maker.sheet("")
    csv.field_size_limit(CELL_CHARS_CAP * 4)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, fields in enumerate(reader, start=1 + skipped):
            cells = [(n, value, CellKind.TEXT.value) for n, value in enumerate(fields, start=1)]
            if not maker.add(rows, "", number, cells):
                return
    except csv.Error as problem:
        reason = f"{problem} (line {reader.line_num})"
        maker.say("SHEET-DAMAGED", Severity.ERROR, reason=reason)


def sniffed(text: str) -> str:
    """The delimiter that most rows agree on; a comma when there is none."""
    sample = text[:_SAMPLE_CHARS]
    best, weight = ",", 0
    for delimiter in DELIMITERS:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
        widths: Counter[int] = Counter()
        try:
            for fields in reader:
                if any(fields):
                    widths[len(fields)] += 1
        except csv.Error:
            continue
        width, count = max(
            widths.items(), key=lambda item: item[1] * (item[0] - 1), default=(1, 0)
        )
        if count * (width - 1) > weight:
            best, weight = delimiter, count * (width - 1)
    return best


def _decoded(content: bytes, maker: BookMaker) -> str | None:
    """The text; None when no reading of the bytes is text."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _by_codec(content, encoding, maker)
    if nulls := content[:2048].count(0):
        if nulls * 3 < len(content[:2048]):
            maker.say("SHEET-UNKNOWN-KIND", Severity.ERROR)
            return None
        little = content[1:2048:2].count(0) > content[0:2048:2].count(0)
        return _by_codec(content, "utf-16-le" if little else "utf-16-be", maker)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _legacy(content, maker)
    maker.encoding = "utf-8"
    return text


def _by_codec(content: bytes, encoding: str, maker: BookMaker) -> str | None:
    maker.encoding = encoding
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as problem:
        maker.say("SHEET-DAMAGED", Severity.ERROR, reason=f"{encoding}: {problem.reason}")
        return None


def _legacy(content: bytes, maker: BookMaker) -> str | None:
    lines = [line for line in content.splitlines() if not line.isascii()][:_SAMPLE_LINES]
    encoding = common_encoding(lines)
    sure = encoding is not None
    if encoding is None:
        encoding = propose_name(b" ".join(lines)).encoding
    decoder = DECODERS.get(encoding)
    decoded = [decoder(line) if decoder else None for line in content.split(b"\n")]
    text = "\n".join(line or "" for line in decoded)
    if decoder is None or None in decoded:
        maker.say("SHEET-ENCODING-UNKNOWN", Severity.ERROR)
        return None
    maker.encoding = encoding
    code = "SHEET-ENCODING-PROPOSED" if sure else "SHEET-ENCODING-AMBIGUOUS"
    severity = Severity.WARNING if sure else Severity.ERROR
    shown = next(
        (
            d
            for d, raw in zip(decoded, content.split(b"\n"), strict=True)
            if d and not raw.isascii()
        ),
        "",
    )
    maker.say(code, severity, encoding=encoding, text=shown.strip()[:80])
    return text
