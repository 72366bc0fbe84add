"""The PRONOM skeleton corpus: 2,447 tiny files with their PUID in the name."""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass

from kit.oracles import shared


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One file: ``puid`` as its name says, ``number`` of the signature it was made from."""

    name: str
    content: bytes
    puid: str
    number: str
    in_container: bool


def skeletons() -> list[Skeleton]:
    """All of them, in the order of their names; skips where the corpus is absent."""
    found = []
    with tarfile.open(shared("corpora", "pronom-skeletons.tar.gz")) as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            parts = re.match(r"(x-fmt|fmt)-(\d+)-(container-)?signature-id-(\d+)", name)
            stream = archive.extractfile(member) if member.isfile() else None
            if parts is None or stream is None:
                continue
            puid = f"{parts[1]}/{parts[2]}"
            found.append(Skeleton(name, stream.read(), puid, parts[4], bool(parts[3])))
    return sorted(found, key=lambda skeleton: skeleton.name)
