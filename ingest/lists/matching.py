"""Finds the file that a cell names, as people name files: whatever the marks' form or the case."""

from __future__ import annotations

import difflib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.names import twin_key


@dataclass(frozen=True, slots=True)
class Match:
    """The path, or why there is none: ``LIST-FILE-ABSENT`` with what is ``near``,
    ``LIST-FILE-AMBIGUOUS`` with what was ``found``. ``LIST-FILE-CASE`` comes with a path."""

    path: str = ""
    wrong: str = ""
    near: str = ""
    found: tuple[str, ...] = ()


class FileIndex:
    """The paths of a submission, as texts with ``/``, asked by what cells say."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = list(paths)
        self._exact: dict[str, list[str]] = defaultdict(list)
        self._loose: dict[str, list[str]] = defaultdict(list)
        self._names: dict[str, list[str]] = defaultdict(list)
        for path in self._paths:
            self._exact[_nfc(path)].append(path)
            self._loose[twin_key(path)].append(path)
            self._names[twin_key(path.rpartition("/")[2])].append(path)

    def find(self, said: str, folder: str = "") -> Match:
        """The one file meant by ``said``, which is relative to ``folder`` or to the root.

        A bare name that no folder stands before is looked for in every folder.
        """
        cleaned = _cleaned(said)
        within = f"{_cleaned(folder)}/{cleaned}" if folder.strip() else cleaned
        for asked in dict.fromkeys((within, cleaned)):
            for index, key, code in (
                (self._exact, _nfc(asked), ""),
                (self._loose, twin_key(asked), "LIST-FILE-CASE"),
            ):
                if paths := index.get(key):
                    return _one(paths, code)
        if "/" not in cleaned and (paths := self._names.get(twin_key(cleaned))):
            below = [p for p in paths if p.startswith(f"{_cleaned(folder)}/")] if folder else []
            return _one(below or paths, "")
        return Match(wrong="LIST-FILE-ABSENT", near=self._near(cleaned))

    def _near(self, said: str) -> str:
        """The name most like what was said; the ending is often left out."""
        key = twin_key(said.rpartition("/")[2])
        same_stem = [p for n, ps in self._names.items() if n.rpartition(".")[0] == key for p in ps]
        if len(same_stem) == 1:
            return same_stem[0]
        close = difflib.get_close_matches(key, list(self._names)[:5000], n=1, cutoff=0.75)
        return self._names[close[0]][0] if close else ""


def _one(paths: list[str], code: str) -> Match:
    if len(paths) > 1:
        return Match(wrong="LIST-FILE-AMBIGUOUS", found=tuple(paths))
    return Match(paths[0], code)


def _cleaned(said: str) -> str:
    """The path with slashes, and without what leads nowhere."""
    parts = said.strip().replace("\\", "/").split("/")
    return "/".join(
        part.strip() if part != parts[-1] else part for part in parts if part not in ("", ".")
    )


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
