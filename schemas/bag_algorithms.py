"""Which digests a bag asks for, from the names of its manifests alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MANIFEST = re.compile(rb"(tag)?manifest-([A-Za-z0-9_-]+)\.txt")
_SPELLINGS = {
    "md5": "md5",
    "sha1": "sha1",
    "sha224": "sha224",
    "sha256": "sha256",
    "sha384": "sha384",
    "sha512": "sha512",
    "sha3224": "sha3_224",
    "sha3256": "sha3_256",
    "sha3384": "sha3_384",
    "sha3512": "sha3_512",
    "blake2b": "blake2b",
    "blake2b512": "blake2b",
    "blake2s": "blake2s",
    "blake2s256": "blake2s",
}
WEAK = frozenset({"md5", "sha1"})
ALWAYS_MADE = frozenset({"sha256", "sha512"})
DIGEST_BYTES = {
    "md5": 16, "sha1": 20, "sha224": 28, "sha256": 32, "sha384": 48, "sha512": 64,
    "sha3_224": 28, "sha3_256": 32, "sha3_384": 48, "sha3_512": 64, "blake2b": 64, "blake2s": 32,
}  # fmt: skip
DECLARATION = b"bagit.txt"


def manifest_algorithm(name: bytes) -> tuple[bool, str | None] | None:
    """(is a tag manifest, hashlib's name of its algorithm or None if unknown); None: no manifest.

    Spellings such as ``sha-256`` and ``SHA256`` count as what they mean.
    """
    match = _MANIFEST.fullmatch(name)
    if match is None:
        return None
    spelt = re.sub(r"[_-]", "", match[2].decode("ascii").lower())
    return match[1] is not None, _SPELLINGS.get(spelt)


def algorithms_needed(paths: Iterable[bytes]) -> frozenset[str]:
    """What must be made besides sha256 and sha512, so that one reading serves the bag too.

    Looks at names in the root folder or in one folder below it; a bag elsewhere is content.
    """
    by_folder: dict[bytes, set[str]] = {}
    declared: set[bytes] = set()
    for path in paths:
        folder, _, name = path.removeprefix(b"./").rpartition(b"/")
        if b"/" in folder:
            continue
        if name == DECLARATION:
            declared.add(folder)
        if (found := manifest_algorithm(name)) and found[1]:
            by_folder.setdefault(folder, set()).add(found[1])
    wanted = set().union(*(by_folder.get(folder, set()) for folder in declared))
    return frozenset(wanted - ALWAYS_MADE)
