"""The tag files of a BagIt 1.0 bag whose payload digests are known already (RFC 8493)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


@dataclass(frozen=True, slots=True)
class BagEntry:
    """One payload file: its path (``data/…``, decoded), size and digests."""

    path: str
    size_bytes: int
    sha256: str
    sha512: str


def bag_tag_files(
    entries: Sequence[BagEntry], info: Iterable[tuple[str, str]] = ()
) -> list[tuple[str, bytes]]:
    """(name, content) of every tag file: declaration, info, manifests, tag manifests last.

    ``info`` are lines of ``bag-info.txt``; the payload's size is added (Payload-Oxum).
    """
    total = sum(entry.size_bytes for entry in entries)
    lines = [*info, ("Payload-Oxum", f"{total}.{len(entries)}")]
    files = [
        ("bagit.txt", DECLARATION),
        ("bag-info.txt", "".join(f"{k}: {' '.join(v.split())}\n" for k, v in lines).encode()),
        ("manifest-sha256.txt", _manifest((e.path, e.sha256) for e in entries)),
        ("manifest-sha512.txt", _manifest((e.path, e.sha512) for e in entries)),
    ]
    tags = [
        (
            f"tagmanifest-{algorithm}.txt",
            _manifest(
                (name, hashlib.new(algorithm, content).hexdigest()) for name, content in files
            ),
        )
        for algorithm in ("sha256", "sha512")
    ]
    return files + tags


def in_manifest(path: str) -> str:
    """A path as a manifest writes it: CR, LF and % percent-encoded, and nothing else."""
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _manifest(rows: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{digest}  {in_manifest(path)}\n" for path, digest in sorted(rows)).encode()
