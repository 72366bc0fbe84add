"""Tag files as text: the declaration, the encoding, lines, and ``bag-info.txt``.

Source: RFC 8493 §2.1.1, §2.2.2, §2.2.4; drafts 00–13 for 0.93 to 0.97.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from schemas.bag_tree import TreeFile
from schemas.findings import Finding, Severity

Report = Callable[[Finding], None]

VERSIONS = ("0.93", "0.94", "0.95", "0.96", "0.97", "1.0")
LINE_CHARACTERS = 1 << 16
SMALL_TAG_BYTES = 16 << 20
"""The largest ``bagit.txt`` or ``bag-info.txt`` that is read."""
_ENCODINGS = re.compile(
    r"ascii|utf-?(?:8|16|32)(?:-?[bl]e)?|iso-?8859-?\d+|cp125\d|koi8-[ru]|big5|gbk|gb18030"
    r"|shift_jis|euc[_-]?(?:jp|kr)"
)
_VERSION_LINE = re.compile(r"BagIt-Version: (\d+\.\d+)([ \t]*)")
_ENCODING_LINE = re.compile(r"Tag-File-Character-Encoding: (\S+)([ \t]*)")
_TAG = re.compile(r"([^:\s](?:[^:]*[^:\s])?)[ \t]*:[ \t]*(.*)")
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Declaration:
    """What ``bagit.txt`` says. ``encoding`` is Python's name for the tag files' encoding."""

    version: str
    encoding: str
    strict: bool
    """1.0 and its rules; before, some of them are warnings."""


def read_declaration(raw: bytes, report: Report) -> Declaration | None:
    """The declaration, or None when no rule can be chosen by it; faults were reported."""
    if raw.startswith(codecs.BOM_UTF8):
        report(Finding("BAG-DECLARATION-BOM", Severity.ERROR, "bagit.txt"))
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        lines = split_lines(raw.decode("utf-8"))
    except UnicodeDecodeError:
        report(Finding("BAG-ENCODING-BROKEN", Severity.ERROR, "bagit.txt", {"encoding": "UTF-8"}))
        return None
    version = _VERSION_LINE.fullmatch(lines[0]) if lines else None
    encoding = _ENCODING_LINE.fullmatch(lines[1]) if len(lines) > 1 else None
    if version is None or encoding is None:
        at = 1 if version is None else 2
        found = lines[at - 1][:80] if len(lines) >= at else ""
        fields: dict[str, str | int] = {"line": at, "found": found}
        report(Finding("BAG-DECLARATION", Severity.ERROR, "bagit.txt", fields))
        return None
    if version[1] not in VERSIONS:
        fields = {"version": version[1]}
        report(Finding("BAG-VERSION-UNKNOWN", Severity.ERROR, "bagit.txt", fields))
        return None
    declared = _declared(version[1], encoding[1], report)
    if len(lines) > 2 or version[2] or encoding[2]:
        _report_surplus(declared, lines, report)
    return declared


def _declared(version: str, encoding: str, report: Report) -> Declaration:
    strict = version == "1.0"
    if not strict:
        fields: dict[str, str | int] = {"version": version}
        report(Finding("BAG-VERSION-OLD", Severity.WARNING, "bagit.txt", fields))
    known = _python_encoding(encoding)
    if not known:
        fields = {"encoding": encoding}
        report(Finding("BAG-ENCODING-UNKNOWN", Severity.ERROR, "bagit.txt", fields))
    return Declaration(version, known, strict)


def _report_surplus(declared: Declaration, lines: list[str], report: Report) -> None:
    extra = any(line.strip() for line in lines[2:])
    code = "BAG-DECLARATION-LINES" if len(lines) > 2 else "BAG-DECLARATION-SPACE"
    weighty = extra or (declared.strict and len(lines) > 2)
    severity = Severity.ERROR if weighty else Severity.WARNING
    report(Finding(code, severity, "bagit.txt", {"lines": len(lines)}))


def _python_encoding(name: str) -> str:
    """Python's name of a declared text encoding; ``""`` for none that we read."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return found if _ENCODINGS.fullmatch(found.lower()) else ""


def split_lines(text: str) -> list[str]:
    """Lines by LF, CR or CRLF and nothing else; a final line end adds no line."""
    lines = re.split(r"\r\n|\n|\r", text)
    return lines[:-1] if lines and not lines[-1] else lines


class TagLines:
    """The numbered lines of one tag file, in constant memory.

    Stops after reporting a broken encoding or an endless line; ``whole`` tells.
    """

    def __init__(self, file: TreeFile, where: str, encoding: str, report: Report) -> None:
        self._file = file
        self._where = where
        self._encoding = encoding
        self._report = report
        self.whole = True

    def __iter__(self) -> Iterator[tuple[int, str]]:
        number = 0
        with self._file.open() as stream:
            lines = _text(stream, self._encoding)
            try:
                while line := lines.readline(LINE_CHARACTERS):
                    number += 1
                    if len(line) >= LINE_CHARACTERS:
                        self._stop("BAG-LINE-ENDLESS", line=number)
                        return
                    if number == 1 and line.startswith(_BOM):
                        line = line.removeprefix(_BOM)
                        self._report(Finding("BAG-BOM", Severity.WARNING, self._where))
                    yield number, line.removesuffix("\n")
            except UnicodeError:
                self._stop("BAG-ENCODING-BROKEN", encoding=self._encoding, line=number + 1)

    def _stop(self, code: str, **fields: str | int) -> None:
        self.whole = False
        self._report(Finding(code, Severity.ERROR, self._where, fields))


def _text(stream: BinaryIO, encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(stream, encoding=encoding, errors="strict", newline=None)


def read_bag_info(
    file: TreeFile, where: str, encoding: str, report: Report
) -> tuple[tuple[str, str], ...]:
    """The (label, value) pairs in order, continued lines joined by one space."""
    pairs: list[tuple[str, str]] = []
    for number, line in TagLines(file, where, encoding, report):
        if line[:1] in {" ", "\t"} and pairs and line.strip():
            label, value = pairs[-1]
            pairs[-1] = (label, f"{value} {line.strip()}")
            continue
        match = _TAG.fullmatch(line)
        if match:
            pairs.append((match[1], match[2].rstrip()))
        elif line.strip():
            report(Finding("BAG-INFO-LINE", Severity.WARNING, where, {"line": number}))
    return tuple(pairs)
