"""Names of submitted files: how they are shown, and what is wrong with them.

Names are bytes, ``/`` separated, as they were submitted. Decoding legacy encodings is in
:mod:`schemas.names_propose`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from schemas.findings import Finding, Severity

MAX_SEGMENT_BYTES = 255
MAX_PATH_BYTES = 900

_PLAIN = re.compile(rb"[A-Za-z0-9_()\[\]{}@+=,;!#$&'~-][A-Za-z0-9_()\[\]{}@+=,;!#$&'~ .-]*")
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])"
    r"(?:\..*)?",
    re.IGNORECASE | re.DOTALL,
)
_WINDOWS_SIGNS = re.compile(r'[<>:"|?*\\]')
_BREAKS = re.compile(r"[\t\n\r]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_LITTER = re.compile(r"\.ds_store|thumbs\.db|ehthumbs\.db|desktop\.ini|\._.*", re.IGNORECASE)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\udc80-\udcff]")


def printable(raw: bytes) -> str:
    """``raw`` as one line that can be shown: what is not UTF-8, or a control, as ``%XX``."""
    text = raw.decode("utf-8", "surrogateescape")
    return _UNPRINTABLE.sub(_percent, text)


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8", "surrogateescape"))


def is_litter(name: str) -> bool:
    """Whether an operating system left this file behind on its own (``Thumbs.db``…)."""
    return _LITTER.fullmatch(name) is not None


class NameJudge:
    """Reports what is wrong with names, each folder once however many files it holds."""

    def __init__(self, report: Callable[[Finding], None]) -> None:
        self._report = report
        self._judged: set[bytes] = set()

    def judge(self, path: bytes) -> bool:
        """Whether the path can be kept; what is wrong with it was reported."""
        folder, _, name = path.rpartition(b"/")
        sound = True
        if folder and folder not in self._judged:
            self._judged.add(folder)
            sound = self.judge(folder)
        if len(path) > MAX_PATH_BYTES:
            self._say("NAME-PATH-TOO-LONG", Severity.REJECT, path, cap=MAX_PATH_BYTES)
            sound = False
        for finding in segment_findings(name, printable(path)):
            self._report(finding)
            sound = sound and finding.severity is not Severity.REJECT
        return sound

    def _say(self, code: str, severity: Severity, path: bytes, **fields: str | int) -> None:
        self._report(Finding(code, severity, printable(path), fields))


def segment_findings(name: bytes, where: str) -> Iterator[Finding]:
    """What is wrong with one path segment."""
    if len(name) > MAX_SEGMENT_BYTES:
        fields: dict[str, str | int] = {"cap": MAX_SEGMENT_BYTES}
        yield Finding("NAME-TOO-LONG", Severity.REJECT, where, fields)
    text = name.decode("utf-8", "surrogateescape")
    if not (_PLAIN.fullmatch(name) and name[-1:] not in b". "):
        yield from _odd_segment(text, where)
    if _RESERVED.fullmatch(text.rstrip(" .")):
        yield Finding("NAME-WINDOWS-RESERVED", Severity.WARNING, where)
    if is_litter(text):
        yield Finding("NAME-SYSTEM-FILE", Severity.WARNING, where)


def _odd_segment(text: str, where: str) -> Iterator[Finding]:
    if _CONTROLS.search(text):
        yield Finding("NAME-CONTROL", Severity.REJECT, where)
    if _BREAKS.search(text):
        yield Finding("NAME-LINE-BREAK", Severity.WARNING, where)
    if _INVISIBLE.search(text):
        yield Finding("NAME-INVISIBLE", Severity.WARNING, where)
    if signs := _WINDOWS_SIGNS.findall(text):
        yield Finding("NAME-WINDOWS-SIGN", Severity.WARNING, where, {"signs": "".join(signs)})
    if text.endswith((".", " ")):
        yield Finding("NAME-TRAILING", Severity.WARNING, where)
    if text.startswith(" "):
        yield Finding("NAME-LEADING-SPACE", Severity.WARNING, where)


def twin_key(text: str) -> str:
    """Equal for two names that some file systems cannot tell apart."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def find_twins(paths: Iterable[str]) -> Iterator[Finding]:
    """A warning for each path that differs from an earlier one only by case or by marks.

    A folder that has a twin is reported once, and what it holds is not.
    """
    first_by_key: dict[str, str] = {}
    twins_by_part: dict[str, bool] = {}
    for path in paths:
        end = 0
        while end >= 0:
            end = path.find("/", end + 1)
            part = path if end < 0 else path[:end]
            known = twins_by_part.get(part)
            if known is None:
                other = first_by_key.setdefault(twin_key(part), part)
                known = twins_by_part[part] = other != part
                if known:
                    yield _twin(part, other)
            if known:
                break


def _twin(path: str, other: str) -> Finding:
    same = unicodedata.normalize("NFC", path) == unicodedata.normalize("NFC", other)
    code = "NAME-TWINS-MARKS" if same else "NAME-TWINS-CASE"
    return Finding(code, Severity.WARNING, path, {"other": other})
