"""Schemas of Circular 05/2025/TT-BNV packages: what a package carries, what judges it.

Kho brings schemas of its own for the part of METS and PREMIS that such packages use. Where the
operator keeps the official ones in a folder, these judge, and packages carry them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Literal

from schemas.errors import ConfigError
from schemas.mets import SCHEMA_FILES
from schemas.premis import PREMIS
from schemas.tt05 import mets_driver, schema_of, variants
from schemas.xml import SchemaCatalogue, Xsd, events_untrusted
from schemas.xml_caps import XmlRefused

Kind = Literal["hoso", "tailieu"]

METS_FILE = "METS.xsd"
PREMIS_FILE = "premis.xsd"
OWN_FILES = (METS_FILE, "csip.xsd", PREMIS_FILE)
_OFFICIAL_METS = "mets1_12.xsd"
_REMOTE_XLINK = b'"http://www.loc.gov/standards/xlink/xlink.xsd"'
_NAMES_BY_NAMESPACE = {uri: name for name, uri in SCHEMA_FILES.items()} | {PREMIS: PREMIS_FILE}
_INCLUDE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'
    b' targetNamespace="http://www.loc.gov/METS/">\n'
    b'  <xs:include schemaLocation="mets1_12.xsd"/>\n'
    b"</xs:schema>\n"
)

PUBLISHED: Mapping[str, str] = {
    "8f289c776e490e4763dab0e4b958c74993e5f271718cf244f24d00bb5af62a1f": "METS 1.12.1",
    "6a9c0cda846e74ef2a01de8ee2dec86d9099b6d826eeb76428cfb7bc44aa8ff2": "METS 1.12.1, local xlink",
    "f1f5bb6003165cdd8f6c1fcc32f8fd1f965e1681010f3b9806d9460bcffa8a3c": "xlink",
    "40844e8064de67cd1378028f65cdbbe72e94fa21fae2ab7ad9c1ac1adbe6aac1": "DILCIS METS extension",
    "43ac3f08dbecb74c069d1687187a1aeaed800e77581fe0d418468ae3ad20ef86": "DILCIS SIP extension",
    "03b8a77a20b32b882ad799e12262671d07ad18210c60233f4e613a1289491cba": "PREMIS 3.0",
}
"""sha256 of published schemas that packages carry."""


class SchemasIncomplete(ConfigError):
    """The folder of official schemas lacks one that the others need."""

    code = "TT05-SCHEMAS-INCOMPLETE"


@dataclass(frozen=True)
class Tt05Schemas:
    """Everything by which packages are judged and which they carry.

    ``official`` holds the operator's schemas by the name they have in a package; none means
    that our own judge.
    """

    official: Mapping[str, bytes] = field(default_factory=dict)

    @cached_property
    def mets(self) -> Xsd:
        """METS with the csip attributes."""
        if _OFFICIAL_METS not in self.official:
            return SchemaCatalogue(_own()).compile(METS_FILE)
        documents = dict(self.official) | {"mets-csip.xsd": _local_driver()}
        return SchemaCatalogue(documents).compile("mets-csip.xsd")

    @cached_property
    def premis(self) -> Xsd:
        """PREMIS 3.0."""
        return SchemaCatalogue({**_own(), **self.official}).compile(PREMIS_FILE)

    def of_package(self, kind: Kind) -> dict[str, bytes]:
        """The ``schemas`` folder of an AIP, by file name."""
        found = dict(_own()) if _OFFICIAL_METS not in self.official else {METS_FILE: _INCLUDE}
        found |= {PREMIS_FILE: _own()[PREMIS_FILE], **self.official}
        return found | {
            "EAD.xsd": schema_of(f"aip_{kind}.ead"),
            "EAD_doc.xsd": schema_of("aip.ead_doc"),
            "EAD_pic.xsd": schema_of(f"aip_{kind}.ead_pic"),
            "EAD_media.xsd": schema_of(f"aip_{kind}.ead_media"),
        }

    @property
    def describing_mets(self) -> tuple[str, ...]:
        """The files of a package's ``schemas`` that ``xsi:schemaLocation`` names."""
        if _OFFICIAL_METS in self.official:
            return tuple(SCHEMA_FILES)
        return OWN_FILES[:2]

    @cached_property
    def known(self) -> frozenset[str]:
        """sha256 of every schema that we know: ours, the operator's, the published ones."""
        ours = [*_own().values(), _INCLUDE, *map(schema_of, variants()), *self.official.values()]
        return frozenset(PUBLISHED) | {hashlib.sha256(content).hexdigest() for content in ours}


@cache
def own_schemas() -> Tt05Schemas:
    """What Kho brings along."""
    return Tt05Schemas()


def operators_schemas(folder: Path) -> Tt05Schemas:
    """The official schemas in a folder, recognised by their namespaces whatever their names.

    :class:`SchemasIncomplete` when METS is there without a schema it needs.
    """
    official: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.xsd")):
        with suppress(XmlRefused):
            name = _NAMES_BY_NAMESPACE.get(_target_namespace(path))
            if name is not None:
                official.setdefault(name, path.read_bytes().replace(_REMOTE_XLINK, b'"xlink.xsd"'))
    missing = SCHEMA_FILES.keys() - official.keys()
    if not official or (_OFFICIAL_METS in official and missing):
        raise SchemasIncomplete(where=str(folder), missing=", ".join(sorted(missing)))
    if missing:
        official = {PREMIS_FILE: official[PREMIS_FILE]} if PREMIS_FILE in official else {}
    return Tt05Schemas(official)


def _target_namespace(path: Path) -> str:
    with path.open("rb") as stream:
        return next(events_untrusted(stream)).attributes.get("targetNamespace", "")


def _local_driver() -> bytes:
    """The driver, its imports by the names that schemas have in a package."""
    content = mets_driver()
    return content.replace(b"mets-1.12.1.xsd", _OFFICIAL_METS.encode())


@cache
def _own() -> Mapping[str, bytes]:
    folder = files("schemas").joinpath("data", "tt05")
    return {name: folder.joinpath(name).read_bytes() for name in OWN_FILES}
