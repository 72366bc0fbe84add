"""Signed files of an AIP brought to where workers can read them, with what they cover."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from preservation.examine import key_of
from preservation.signatures.companions import content_of_cms, content_of_xml
from preservation.signatures.examiner import Item
from repository.aip.paths import DATA
from repository.archive import Repository
from repository.catalogue import SignedFile
from schemas.errors import KhoError
from schemas.ids import AipId
from schemas.nouns import Place

_FILES_AT_ONCE = 64
_CHUNK_BYTES = 1024 * 1024
_WHOLE = ("pdf", "asic", "odf", "ooxml")
"""Kinds that never cover another file of the package."""


class StoredFiles:
    """One AIP's files, fetched when asked for, each equal to its digest."""

    def __init__(self, archive: Repository, aip_id: AipId, place: Place, folder: Path) -> None:
        self._archive = archive
        self._aip_id = aip_id
        self._place = place
        self._folder = folder
        self._fetched: dict[str, Path] = {}

    def groups(self, files: Sequence[SignedFile]) -> Iterator[list[Item[str]]]:
        """The signed files and what they cover, a few at a time; gone after their turn.

        A file that no replica gives whole is left out: its key does not come.
        """
        beside = self._beside(files)
        for start in range(0, len(files), _FILES_AT_ONCE):
            group = files[start : start + _FILES_AT_ONCE]
            items = {file.logical_path: self._item(file.logical_path, beside) for file in group}
            for file in group:
                for path in self._covered(file, items[file.logical_path], beside):
                    if path not in items:
                        items[path] = self._item(path, beside)
            yield [item for item in items.values() if item is not None]
            for fetched in self._fetched.values():
                fetched.unlink(missing_ok=True)
            self._fetched.clear()

    def _beside(self, files: Sequence[SignedFile]) -> dict[str, tuple[str, str]]:
        """Content path and sha256 by logical path: of all data files where one is detached."""
        if all(_is_whole(file) for file in files):
            return {file.logical_path: (file.content_path, file.sha256) for file in files}
        return {
            file.logical_path: (file.content_path, file.sha256)
            for file in self._archive.catalogue.files(self._aip_id, self._place)
            if file.role == "data"
        }

    def _covered(
        self, file: SignedFile, item: Item[str] | None, beside: dict[str, tuple[str, str]]
    ) -> list[str]:
        if item is None or _is_whole(file):
            return []
        places = {path.removeprefix(DATA): Path(path) for path in beside}
        covered = content_of_cms(item.name, places)
        if not covered:
            covered = content_of_xml(item.name, item.path, places)
        return [str(path) for path in covered.values()]

    def _item(self, path: str, beside: dict[str, tuple[str, str]]) -> Item[str] | None:
        content_path, sha256 = beside[path]
        local = self._fetch(path, content_path, sha256)
        if local is None:
            return None
        return Item(key=path, path=local, name=path.removeprefix(DATA), digest=sha256)

    def _fetch(self, path: str, content_path: str, sha256: str) -> Path | None:
        """The file from the first replica that gives exactly its bytes."""
        key = key_of(self._place, self._aip_id, content_path)
        target = self._folder / f"{len(self._fetched):04d}"
        for replica in self._archive.replicas:
            digest = hashlib.sha256()
            try:
                with replica.backend.open(key) as stream, target.open("wb") as out:
                    while chunk := stream.read(_CHUNK_BYTES):
                        digest.update(chunk)
                        out.write(chunk)
            except KhoError:
                continue
            if digest.hexdigest() == sha256:
                self._fetched[path] = target
                return target
        target.unlink(missing_ok=True)
        return None


def _is_whole(file: SignedFile) -> bool:
    return all(one.kind.startswith(_WHOLE) for one in file.signatures)
