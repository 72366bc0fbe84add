"""Which files of the same package a detached signature covers; nothing outside is looked at."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

CONTENT = ""
"""The key of the one content of a signature that names none (CMS)."""

_READ_BYTES = 8 * 1024 * 1024
_NAMES_CAP = 1000
_REFERENCE = re.compile(rb"""\bURI\s*=\s*(?:"([^"#][^"]{0,2000})"|'([^'#][^']{0,2000})')""")


def content_of_cms(name: str, package: Mapping[str, Path]) -> dict[str, Path]:
    """The content of a detached CMS file: ``a.pdf`` for ``a.pdf.p7s``, else the only sibling
    ``a.*`` of ``a.p7s``."""
    path = PurePosixPath(name)
    exact = package.get(str(path.with_suffix("")))
    if exact is not None and path.suffix:
        return {CONTENT: exact}
    siblings = [
        found
        for other, found in package.items()
        if (beside := PurePosixPath(other)).parent == path.parent
        and beside.stem == path.stem
        and other != name
    ]
    return {CONTENT: siblings[0]} if len(siblings) == 1 else {}


def content_of_xml(name: str, file: Path, package: Mapping[str, Path]) -> dict[str, Path]:
    """The files of the package that an XML signature refers to, by the URI it writes."""
    with file.open("rb") as stream:
        head = stream.read(_READ_BYTES)
    found: dict[str, Path] = {}
    for match in _REFERENCE.finditer(head):
        uri = (match[1] or match[2]).decode("utf-8", "replace")
        target = resolved(uri, name)
        if target in package and len(found) < _NAMES_CAP:
            found[uri] = package[target]
    return found


def resolved(uri: str, base: str) -> str:
    """The package path that a relative ``uri`` in ``base`` names; empty when it leads away."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or parts.query or parts.path.startswith("/"):
        return ""
    segments: list[str] = []
    for segment in (PurePosixPath(base).parent / unquote(parts.path)).parts:
        if segment == "..":
            if not segments:
                return ""
            segments.pop()
        else:
            segments.append(segment)
    return "/".join(segments)
