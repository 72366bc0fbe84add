"""Lines of manifests and of ``fetch.txt``, and which file of the bag an entry means.

An entry is matched by its bytes first; other readings are tried only when that finds nothing,
and count only when exactly one file fits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from schemas.findings import Finding
from schemas.names_propose import propose_name

Report = Callable[[Finding], None]

_LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+(.+)")
_FETCH = re.compile(r"(\S+)[ \t]+(\d+|-)[ \t]+(.+)")
_ESCAPE = re.compile(r"%(0[AaDd]|25)")
_BREAK_ESCAPE = re.compile(r"%(0[AaDd])")
_WINDOWS_PLACE = re.compile(r"[A-Za-z]:[\\/]|\\\\|%[A-Za-z]+%\\")
_PARENT = re.compile(r"(?:^|[/\\])\\?\.\\?\.(?:[/\\]|$)")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a manifest: the digest in lower-case hex, and the path as written."""

    digest: str
    path: str


def parse_entry(line: str) -> Entry | None:
    """The manifest line's parts; None when it is no manifest line."""
    match = _LINE.fullmatch(line)
    return Entry(match[1].lower(), match[2]) if match else None


def parse_fetch(line: str) -> str | None:
    """The path of a ``fetch.txt`` line; the URL is not looked at."""
    match = _FETCH.fullmatch(line)
    return match[3] if match else None


def outside(path: str) -> str | None:
    """Why a path leaves the bag: ``absolute``, ``home``, ``parent``, ``windows``; else None."""
    if _WINDOWS_PLACE.match(path):
        return "windows"
    if path.startswith("/"):
        return "absolute"
    if path.startswith("~"):
        return "home"
    return "parent" if _PARENT.search(path) else None


def tidied(path: str) -> str:
    """The path without ``./`` and doubled slashes."""
    if "//" not in path and "./" not in path:
        return path
    return "/".join(part for part in path.split("/") if part not in {"", "."})


def percent_strict(path: str) -> str | None:
    """RFC 8493's reading: %0A, %0D, %25 stand for their characters; None if another % is there."""
    decoded = _ESCAPE.sub(_character, path)
    return None if "%" in _ESCAPE.sub("", path) else decoded


def percent_breaks(path: str) -> str:
    """The reading of 0.97 and of old tools: only CR and LF were ever encoded."""
    return _BREAK_ESCAPE.sub(_character, path)


def _character(match: re.Match[str]) -> str:
    return chr(int(match[1], 16))


@dataclass(frozen=True, slots=True)
class Match:
    """The file that an entry means, and the code of the warning that goes with it, if any."""

    path: bytes
    warning: str = ""


class Matcher:
    """Finds the files of one bag by manifest paths.

    ``strict`` is version 1.0: percent-decoding comes first there; before 1.0 the raw reading
    does, and a difference of case alone is forgiven.
    """

    def __init__(self, paths: Iterable[bytes], *, strict: bool) -> None:
        self._paths = frozenset(paths)
        self._strict = strict

    def find(self, path: str) -> Match | str:
        """The match; else ``missing`` or ``percent`` (two files fit two readings)."""
        raw = path.encode("utf-8", "surrogatepass")
        if "%" in path:
            found = self._by_percent(path, raw)
            if found is not None:
                return found
        elif raw in self._paths:
            return Match(raw)
        return self._by_likeness(percent_strict(path) or path) or "missing"

    def _by_percent(self, path: str, raw: bytes) -> Match | str | None:
        decoded = percent_strict(path)
        strict = None if decoded is None else decoded.encode("utf-8", "surrogatepass")
        breaks = percent_breaks(path).encode("utf-8", "surrogatepass")
        first = strict if self._strict else raw
        if first is not None and first in self._paths:
            return Match(first)
        found = {reading for reading in (raw, breaks, strict) if reading in self._paths}
        if len(found) > 1:
            return "percent"
        for reading in found:
            customary = not self._strict and reading == breaks
            return Match(reading, "" if customary else "BAG-PERCENT")
        return None

    def _by_likeness(self, path: str) -> Match | None:
        for index, key, warning in (
            (self._by_marks, _marks, "BAG-NAME-MARKS"),
            (self._by_proposal, _marks, "BAG-NAME-ENCODING"),
            ({} if self._strict else self._by_case, _case, "BAG-NAME-CASE"),
        ):
            found = index.get(key(path), ())
            if len(found) == 1:
                return Match(found[0], warning)
        return None

    @cached_property
    def _by_marks(self) -> dict[str, list[bytes]]:
        return self._index(_marks)

    @cached_property
    def _by_case(self) -> dict[str, list[bytes]]:
        return self._index(_case)

    @cached_property
    def _by_proposal(self) -> dict[str, list[bytes]]:
        index: dict[str, list[bytes]] = {}
        for path in sorted(self._paths):
            proposal = propose_name(path)
            if proposal.legacy:
                index.setdefault(_marks(proposal.text), []).append(path)
        return index

    def _index(self, key: Callable[[str], str]) -> dict[str, list[bytes]]:
        index: dict[str, list[bytes]] = {}
        for path in sorted(self._paths):
            index.setdefault(key(path.decode("utf-8", "surrogateescape")), []).append(path)
        return index


def _marks(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _case(text: str) -> str:
    return _marks(_marks(text).casefold())
