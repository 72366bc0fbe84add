"""Writes bags of version 1.0 with sha256 and sha512 manifests, streaming.

Nothing depends on the process's working directory, so any number of bags can be written at
once. Source: RFC 8493.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from schemas.digests import CHUNK_BYTES, Algorithm, Digests, PassingReader, digests_of
from schemas.errors import PackageError

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ALGORITHMS: tuple[Algorithm, ...] = ("sha256", "sha512")
_ESCAPES = str.maketrans({"\r": "%0D", "\n": "%0A", "%": "%25"})


class BagUnwritable(PackageError):
    """A path or label cannot stand in a bag, or a file's bytes are not the expected ones."""

    code = "BAG-UNWRITABLE"


@dataclass(frozen=True, slots=True)
class BagFile:
    """One payload file to be written: its path below ``data/`` and where its bytes come from.

    ``expected`` refuses other bytes; None takes them as they are.
    """

    path: str
    open: Callable[[], BinaryIO]
    expected: Digests | None = None


@dataclass(frozen=True, slots=True)
class BagEntry:
    """One payload file that is there: its path below ``data/``, size and digests."""

    path: str
    size_bytes: int
    digests: Digests


def write_bag(
    folder: Path, files: Iterable[BagFile], *, info: Iterable[tuple[str, str]] = ()
) -> tuple[int, int]:
    """A new bag stands in ``folder``, which is created; returns payload bytes and files.

    ``info`` goes to ``bag-info.txt`` in order, with ``Payload-Oxum`` added. Nothing that
    exists is overwritten: FileExistsError.
    """
    (folder / "data").mkdir(parents=True)
    return write_tag_files(folder, (_copied(folder, file) for file in files), info=info)


def write_tag_files(
    folder: Path, entries: Iterable[BagEntry], *, info: Iterable[tuple[str, str]] = ()
) -> tuple[int, int]:
    """Every tag file of a bag whose payload stands in ``folder/data``; bytes and files of it.

    ``entries`` are gone through once, in manifest order; 200,000 of them stay bounded.
    """
    octets = files = 0
    tags: dict[str, Digests] = {}
    with ExitStack() as stack:
        manifests = {name: _TagFile(folder / f"manifest-{name}.txt", stack) for name in ALGORITHMS}
        for entry in entries:
            written = _percent_encoded(_payload_path(entry.path))
            for name, manifest in manifests.items():
                digest = entry.digests.by(name)
                manifest.line(f"{digest}  {written}")
            octets += entry.size_bytes
            files += 1
        for name, manifest in manifests.items():
            tags[f"manifest-{name}.txt"] = manifest.digests
    tags["bagit.txt"] = _write_small(folder / "bagit.txt", DECLARATION)
    content = _info_text([*info, ("Payload-Oxum", f"{octets}.{files}")])
    tags["bag-info.txt"] = _write_small(folder / "bag-info.txt", content)
    _write_tag_manifests(folder, tags)
    return octets, files


def _write_tag_manifests(folder: Path, tags: Mapping[str, Digests]) -> None:
    for name in ALGORITHMS:
        lines = [f"{made.by(name)}  {tag}\n" for tag, made in sorted(tags.items())]
        _write_small(folder / f"tagmanifest-{name}.txt", "".join(lines).encode())


def _copied(folder: Path, file: BagFile) -> BagEntry:
    target = folder / _payload_path(file.path)
    target.parent.mkdir(parents=True, exist_ok=True)
    reader = PassingReader()
    with file.open() as source, target.open("xb") as out:
        while chunk := source.read(CHUNK_BYTES):
            reader.update(chunk)
            out.write(chunk)
    if file.expected is not None and reader.digests != file.expected:
        raise BagUnwritable(path=file.path, reason="digest")
    return BagEntry(file.path, reader.size_bytes, reader.digests)


def _payload_path(path: str) -> str:
    """``data/`` and the path, if it stays inside and can be written as UTF-8."""
    parts = PurePosixPath(path).parts
    proper = "/".join(parts) == path and not path.startswith("/")
    if not parts or not proper or ".." in parts or "\0" in path:
        raise BagUnwritable(path=path, reason="path")
    try:
        path.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BagUnwritable(path=ascii(path), reason="encoding") from error
    return f"data/{path}"


def _percent_encoded(path: str) -> str:
    """CR, LF and % encoded, and nothing else (RFC 8493 §2.1.3)."""
    return path.translate(_ESCAPES)


def _info_text(pairs: Iterable[tuple[str, str]]) -> bytes:
    lines = []
    for label, value in pairs:
        if not label or label != label.strip() or set(label) & set(":\r\n"):
            raise BagUnwritable(path=label, reason="label")
        lines.append(f"{label}: {' '.join(value.split())}\n")
    return "".join(lines).encode()


class _TagFile:
    """A tag file that is written line by line and hashed on the way."""

    def __init__(self, path: Path, stack: ExitStack) -> None:
        self._out = stack.enter_context(path.open("xb"))
        self._hashes = [hashlib.new(name) for name in ALGORITHMS]

    def line(self, text: str) -> None:
        content = f"{text}\n".encode()
        self._out.write(content)
        for made in self._hashes:
            made.update(content)

    @property
    def digests(self) -> Digests:
        sha256, sha512 = (made.hexdigest() for made in self._hashes)
        return Digests(sha256, sha512)


def _write_small(path: Path, content: bytes) -> Digests:
    with path.open("xb") as out:
        out.write(content)
    return digests_of(content)
