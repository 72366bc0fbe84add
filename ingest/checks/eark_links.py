"""What METS files refer to, held against what is there: existence, size, digest, the reverse.

Nothing is read twice where the digest was made when the file passed; a sender's SHA-1 or
CRC32 needs another reading.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.checks.eark_reading import Outline, xlink
from ingest.checks.eark_words import is_number
from ingest.checks.tt05_tree import METS, PackageFile, Tree
from schemas.digests import CHUNK_BYTES
from schemas.findings import Finding, Severity
from schemas.xml_nodes import Node
from schemas.xml_text import decode_href

_HASHES = {
    "SHA256": "sha256",
    "SHA512": "sha512",
    "SHA384": "sha384",
    "SHA1": "sha1",
    "MD5": "md5",
}
_CHECKS = {"CRC32": zlib.crc32, "ADLER32": zlib.adler32}
_WEAK = frozenset(("SHA1", "MD5", "CRC32", "ADLER32"))
_BESIDE_DATA = ("metadata/", "schemas/", "documentation/")


@dataclass(slots=True)
class Links:
    """The files of a package and who refers to them, METS file after METS file.

    ``content`` are files that a METS file declares as content wherever they lie.
    """

    tree: Tree
    declared: set[str] = field(default_factory=set)
    content: set[str] = field(default_factory=set)
    not_checked: set[str] = field(default_factory=set)

    def follow(self, referring: Node, href: str, *, mets: str, base: str) -> Iterator[Finding]:
        """What is wrong with one reference; ``referring`` bears SIZE, CHECKSUM and its type.

        No finding for a reference that names nothing: a requirement speaks of that.
        """
        if not href:
            return
        path = decode_href(href)
        targets = self.tree.resolve(href, path, base)
        if not targets:
            outside = _leads_outside(href, path, base)
            code = "EARK-OUTSIDE" if outside else "EARK-FILE-ABSENT"
            yield _error(code, mets, p=href[:500])
            return
        target = targets[0]
        self.declared.add(target)
        file = self.tree.files[target]
        said = referring.get("SIZE")
        if is_number(said) and int(said[:30]) != file.size_bytes:
            yield _error("EARK-SIZE", target, v=said[:30], k=file.size_bytes)
        if referring.get("CHECKSUM"):
            yield from self._digest(referring, target, file)

    def _digest(self, referring: Node, target: str, file: PackageFile) -> Iterator[Finding]:
        said = referring.get("CHECKSUMTYPE")
        kind = "".join(sign for sign in said.upper() if sign.isalnum())
        if kind not in _HASHES and kind not in _CHECKS:
            self.not_checked.add(f"eark-digest {said}"[:60])
            yield _error("EARK-DIGEST-KIND", target, v=said[:60])
            return
        if _made(file, kind) != _plain(referring.get("CHECKSUM"), kind):
            yield _error("EARK-DIGEST", target, v=said)
        elif kind in _WEAK:
            yield Finding("EARK-DIGEST-WEAK", Severity.WARNING, target, {"v": said})

    def point(self, pointer: Node, *, mets: str, base: str) -> Iterator[Finding]:
        """As :meth:`follow`, for the pointer to another METS file."""
        yield from self.follow(pointer, xlink(pointer, "href"), mets=mets, base=base)

    def undeclared(self) -> Iterator[Finding]:
        """Files that no METS file names: errors where they are data."""
        for path in self.tree.files:
            if path in self.declared or path == METS:
                continue
            if is_data(path):
                yield _error("EARK-UNDECLARED-DATA", path)
            else:
                yield Finding("EARK-UNDECLARED", Severity.WARNING, path)
        for path in self.tree.outside:
            yield Finding("EARK-UNDECLARED", Severity.WARNING, path)


def identities(outline: Outline, mets: str, referred: set[str]) -> Iterator[Finding]:
    """IDs that stand twice, and references in one METS file that lead to no ID of it.

    ``referred`` are those of its files; those of the map are looked up here.
    """
    for identifier in outline.twice:
        yield _error("EARK-ID-TWICE", mets, v=identifier)
    wanted = set(referred)
    for div in (outline.main, *outline.main.all("div")):
        for attribute in ("DMDID", "ADMID"):
            wanted.update(div.get(attribute).split())
        wanted.update(pointer.get("FILEID") for pointer in div.all("fptr"))
    for identifier in sorted(wanted - outline.ids - {""}):
        yield _error("EARK-ID-UNKNOWN", mets, v=identifier)


def is_data(path: str) -> bool:
    """Whether a path below a representation is content: not its METS file, and not in its
    folders of metadata, schemas and documentation."""
    top, _, rest = path.partition("/")
    inner = rest.partition("/")[2] if "/" in rest else rest
    return (
        top == "representations"
        and inner.lower() != METS.lower()
        and not inner.startswith(_BESIDE_DATA)
    )


def _leads_outside(href: str, path: str, base: str) -> bool:
    scheme = href.partition(":")[0] if ":" in href else ""
    depth = base.count("/")
    for segment in path.replace("\\", "/").split("/"):
        depth += -1 if segment == ".." else int(segment not in ("", "."))
        if depth < 0:
            return True
    return bool(scheme) or path.startswith(("/", "\\"))


def _made(file: PackageFile, kind: str) -> str:
    known = file.known_digests.get(_HASHES.get(kind, ""))
    if known is not None:
        return known
    with file.open() as stream:
        if kind in _CHECKS:
            value = _CHECKS[kind](b"")
            while chunk := stream.read(CHUNK_BYTES):
                value = _CHECKS[kind](chunk, value)
            return f"{value:x}"
        digest = hashlib.new(_HASHES[kind], usedforsecurity=False)
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _plain(said: str, kind: str) -> str:
    text = said.strip().lower()
    return text.lstrip("0") or "0" if kind in _CHECKS else text


def _error(code: str, where: str, **fields: str | int) -> Finding:
    return Finding(code, Severity.ERROR, where, fields)
