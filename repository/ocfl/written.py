"""An inventory as it is written: streamed to a file, and proved by its digests.

The inventory of an AIP of 200,000 files has 120 MB. It is written entry by entry and stays on
disk: nothing here holds it but who must hand its bytes to a store in one piece.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from repository.ocfl.inventory import INVENTORY, TYPE, ContentFile, User
from schemas.digests import digests_of, read_through
from storage_backends.interface import Source
from storage_backends.sources import BytesSource, FileSource


@dataclass(frozen=True, slots=True)
class Written:
    """Bytes that are written whole, an inventory above all: re-openable, and what proves them."""

    source: Source
    size_bytes: int
    sha256: str
    sha512: str

    @staticmethod
    def of(content: bytes) -> Written:
        """Bytes held in memory."""
        digests = digests_of(content)
        return Written(BytesSource(content), len(content), digests.sha256, digests.sha512)

    @staticmethod
    def at(path: Path) -> Written:
        """A local file, which is read once for its digests."""
        with path.open("rb") as stream:
            passed = read_through(stream)
        return Written(
            FileSource(path), passed.size_bytes, passed.digests.sha256, passed.digests.sha512
        )

    def read(self) -> bytes:
        """All of it."""
        with self.source.open() as stream:
            return stream.read()

    @property
    def sidecar(self) -> bytes:
        """The content of an inventory's sidecar."""
        return f"{self.sha512} {INVENTORY}\n".encode()


def write_first_inventory(
    out: BinaryIO,
    identifier: str,
    files: Callable[[], Iterable[ContentFile]],
    *,
    created: str,
    message: str,
    user: User,
) -> None:
    """``out`` holds the inventory of a new object whose first version is made of ``files``.

    ``files`` gives the same files each time it is called. Files of equal content share one
    content path: the first one's; callers write only that. One entry stands in each line, so
    that text tools can read and compare inventories.
    """
    repeated = _repeated(files())
    out.write(b'{\n "id": ' + _json(identifier))
    out.write(b',\n "type": ' + _json(TYPE))
    out.write(b',\n "digestAlgorithm": "sha512",\n "head": "v1"')
    _block(out, b"manifest", ((f.sha512, [f.content_path]) for f in _first(files(), repeated)))
    out.write(b',\n "versions": {"v1": {\n "created": ' + _json(created))
    _block(out, b"state", _state(files(), repeated))
    out.write(b',\n "message": ' + _json(message) + b',\n "user": ' + _json(user) + b"}}")
    out.write(b',\n "fixity": {"sha256"')
    _entries(out, ((f.sha256, [f.content_path]) for f in _first(files(), repeated)))
    out.write(b'},\n "contentDirectory": "content"\n}\n')


def _repeated(files: Iterable[ContentFile]) -> dict[str, list[str]]:
    """The logical paths of every content that more than one file has."""
    seen: set[str] = set()
    repeated: dict[str, list[str]] = {}
    for file in files:
        if file.sha512 in seen:
            repeated[file.sha512] = []
        seen.add(file.sha512)
    return repeated


def _first(files: Iterable[ContentFile], repeated: dict[str, list[str]]) -> Iterator[ContentFile]:
    """The first file of each content."""
    done: set[str] = set()
    for file in files:
        if file.sha512 not in repeated:
            yield file
        elif file.sha512 not in done:
            done.add(file.sha512)
            yield file


def _state(
    files: Iterable[ContentFile], repeated: dict[str, list[str]]
) -> Iterator[tuple[str, list[str]]]:
    for file in files:
        if file.sha512 in repeated:
            repeated[file.sha512].append(file.logical_path)
        else:
            yield file.sha512, [file.logical_path]
    yield from repeated.items()


def _block(out: BinaryIO, name: bytes, entries: Iterable[tuple[str, list[str]]]) -> None:
    out.write(b',\n "' + name + b'"')
    _entries(out, entries)


def _entries(out: BinaryIO, entries: Iterable[tuple[str, list[str]]]) -> None:
    before = b": {\n  "
    for digest, paths in entries:
        out.write(before + _json(digest) + b": " + _json(paths))
        before = b",\n  "
    out.write(b"\n }")


def _json(value: object) -> bytes:
    return msgspec.json.encode(value)
