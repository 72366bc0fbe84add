"""Digest algorithms of OCFL and its extensions, and one read of a file for all of them.

Source: OCFL 1.1 §3.4; extensions 0001 and 0009 (digest algorithms).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Protocol

from repository.ocfl.validator.tree import EntryUnreadable, Tree

CONTENT_ALGORITHMS = ("sha512", "sha256")
"""What may address content."""

_BITS = {
    "md5": 128,
    "sha1": 160,
    "sha256": 256,
    "sha512": 512,
    "blake2b-512": 512,
    "blake2b-160": 160,
    "blake2b-256": 256,
    "blake2b-384": 384,
    "sha512/256": 256,
}
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,19})\Z", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]+\Z", re.ASCII)
CHUNK_BYTES = 1024 * 1024


class Hasher(Protocol):
    """Takes bytes in order, says their digest at the end."""

    def update(self, data: memoryview, /) -> None: ...

    def hexdigest(self) -> str: ...


class _Size:
    """The extension algorithm ``size``: how many bytes went by, in decimal."""

    def __init__(self) -> None:
        self._bytes = 0

    def update(self, data: memoryview, /) -> None:
        self._bytes += len(data)

    def hexdigest(self) -> str:
        return str(self._bytes)


def is_known(algorithm: str) -> bool:
    """Whether OCFL or a registered extension defines the algorithm."""
    return algorithm in _BITS or algorithm == "size"


def can_compute(algorithm: str) -> bool:
    """Whether this machine computes it (``sha512/256`` depends on its OpenSSL)."""
    return is_known(algorithm) and (
        algorithm != "sha512/256" or "sha512_256" in hashlib.algorithms_available
    )


def is_well_formed(digest: str, algorithm: str) -> bool:
    """Whether a text can be a digest of a known algorithm."""
    if algorithm == "size":
        return bool(_DECIMAL.match(digest))
    return len(digest) == _BITS[algorithm] // 4 and bool(_HEX.match(digest))


def normalized(digest: str) -> str:
    """Digests are told apart regardless of case. No copy where there are no capitals."""
    return digest if digest.islower() else digest.lower()


def hasher(algorithm: str) -> Hasher:
    """A fresh hasher; KeyError for an algorithm that cannot be computed."""
    makers: dict[str, Callable[[], Hasher]] = {
        "size": _Size,
        "sha512/256": lambda: hashlib.new("sha512_256"),
        "md5": lambda: hashlib.md5(usedforsecurity=False),
        "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    }
    if algorithm in makers:
        return makers[algorithm]()
    if algorithm.startswith("blake2b-"):
        return hashlib.blake2b(digest_size=_BITS[algorithm] // 8)
    return hashlib.new({"sha256": "sha256", "sha512": "sha512"}[algorithm])


def digest_of(content: bytes | bytearray, algorithm: str) -> str:
    """The digest of bytes held in memory."""
    taken = hasher(algorithm)
    taken.update(memoryview(content))
    return taken.hexdigest()


def digests_of_file(
    tree: Tree, path: str, algorithms: Iterable[str]
) -> tuple[dict[str, str], int]:
    """Every asked digest of a file and its size, from one read in constant memory."""
    hashers = {algorithm: hasher(algorithm) for algorithm in algorithms}
    size_bytes = 0
    try:
        with tree.open(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                view = memoryview(chunk)
                size_bytes += len(view)
                for taken in hashers.values():
                    taken.update(view)
    except OSError as error:
        raise EntryUnreadable(path=path, reason=error.strerror or "read error") from error
    return {name: taken.hexdigest() for name, taken in hashers.items()}, size_bytes
