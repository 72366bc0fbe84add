"""Stock opf-fido behind one door: it returns values and survives any file.

Selectable engine and differential oracle. Run it in a process of its own
(``python -I -m preservation.formats.fido_adapter``): it swaps the process's stdout and stderr
while fido works, it is not thread-safe, and fido unpacks container members whole, so only
the process's memory limit bounds it.

What fido does and this adapter undoes, all seen in 1.6.1: its defaults name a signature file
it does not ship; the constructor ignores ``containersignature_file``; results reach a callback
only; I/O problems are printed and call nothing; corrupt deflate data, password-protected
members and broken container patterns raise; the size of ``re``'s cache is changed for
everybody; an empty file is answered with every format that shares its extension.
"""

from __future__ import annotations

import io
import json
import os
import re
import stat
import sys
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from preservation.formats.shipped import SignatureFiles, shipped_files
from schemas.nouns import FormatResult

MEMBER_CAP_BYTES = 64 * 1024 * 1024
"""A ZIP member that a signature names and that declares more is not given to fido."""

_METHODS = {"signature": "signature", "container": "container", "extension": "extension"}


class FidoAdapter:
    """One loaded fido; ``identify`` answers for one path at a time."""

    def __init__(self, files: SignatureFiles | None = None) -> None:
        chosen = files or shipped_files()
        self._matches: list[tuple[list[tuple[Any, str]], str]] = []
        with _fido_kept_quiet():
            import fido  # type: ignore[import-untyped]  # fido has no types
            import fido.fido as module  # type: ignore[import-untyped]

            version = fido.__version__
            self._fido = module.Fido(
                quiet=True,
                handle_matches=self._take,
                conf_dir=str(chosen.formats.parent),
                format_files=[str(p) for p in (chosen.formats, chosen.extensions) if p],
            )
        self._fido.containersignature_file = str(chosen.container)
        self._patterns = sum(len(f.findall(".//pattern")) for f in self._fido.formats)
        self._wanted = frozenset(
            re.findall(r"<Path>([^<]+)</Path>", chosen.container.read_text(encoding="utf-8"))
        )
        self.signature_set = f"opf-fido {version}, {chosen.label}"

    def identify(self, path: str | bytes | os.PathLike[str]) -> FormatResult:
        """What fido says of the file at ``path``; any failure is a result with a warning."""
        name = os.fsdecode(path)
        try:
            facts = Path(name).stat()
        except (OSError, ValueError):
            return self._none("FORMAT-UNREADABLE")
        if not stat.S_ISREG(facts.st_mode):
            return self._none("FORMAT-NOT-A-FILE")
        if facts.st_size == 0:
            return self._none("FORMAT-EMPTY")
        self._matches.clear()
        self._fido.nocontainer = oversized = self._has_oversized_member(name)
        failed = False
        with _fido_kept_quiet(cache=self._patterns + 512):
            try:
                self._fido.identify_file(name)
            except Exception:  # noqa: BLE001  any exception of fido's is one file's answer
                failed = True
        if failed:
            return self._none("FORMAT-TOOL-FAILED")
        if not self._matches:
            return self._none("FORMAT-UNREADABLE")
        found, kind = self._matches[0]
        return self._result(found, kind, ("FORMAT-CONTAINER-LIMIT",) if oversized else ())

    def _take(self, _name: str, matches: list[Any], _seconds: float, kind: str = "") -> None:
        self._matches.append((list(matches), kind))

    def _has_oversized_member(self, name: str) -> bool:
        try:
            with zipfile.ZipFile(name) as archive:
                return any(
                    member.file_size > MEMBER_CAP_BYTES
                    for member in archive.infolist()
                    if member.filename in self._wanted
                )
        except Exception:  # noqa: BLE001  not a ZIP, or one that fido will trip over itself
            return False

    def _result(
        self, found: list[tuple[Any, str]], kind: str, notes: tuple[str, ...]
    ) -> FormatResult:
        if not found:
            return self._none(*notes)
        formats = [match[0] for match in found]
        return FormatResult(
            puids=tuple(f.findtext("puid") for f in formats),
            method=_METHODS[kind],
            names=tuple(f.findtext("name") or "" for f in formats),
            mime=formats[0].findtext("mime") or "application/octet-stream",
            warnings=notes,
            signature_set=self.signature_set,
            versions=tuple(f.findtext("version") or "" for f in formats),
        )

    def _none(self, *notes: str) -> FormatResult:
        return FormatResult((), "none", warnings=notes, signature_set=self.signature_set)


@contextmanager
def _fido_kept_quiet(cache: int = 0) -> Iterator[None]:
    """Fido's prints, unclosed-file warnings and change of ``re``'s cache end here."""
    before: int = re._MAXCACHE  # type: ignore[attr-defined]  # private, and fido sets it
    re._MAXCACHE = max(before, cache)  # type: ignore[attr-defined]
    try:
        with (
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        re._MAXCACHE = before  # type: ignore[attr-defined]


def main() -> None:
    """One JSON line per path given on stdin (NUL-separated): path, puids, method, warnings.

    The first argument, if any, is a folder with another signature set.
    """
    from preservation.formats.shipped import files_in

    chosen = files_in(Path(sys.argv[1])) if len(sys.argv) > 1 else None
    adapter = FidoAdapter(chosen)
    for path in sys.stdin.buffer.read().split(b"\0"):
        if not path:
            continue
        found = adapter.identify(path)
        line = {
            "path": os.fsdecode(path),
            "puids": found.puids,
            "method": found.method,
            "warnings": found.warnings,
        }
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
