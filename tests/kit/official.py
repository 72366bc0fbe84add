"""The official schemas beside the project, compiled once per run, and ours with them."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

from kit.oracles import shared
from schemas.tt05 import mets_driver, schema_of, variants
from schemas.xml import SchemaCatalogue, Xsd, XsdFault, parse_untrusted


@cache
def _compiled(folder: Path, name: str) -> Xsd:
    documents: dict[str, bytes | Path] = {path.name: path for path in folder.glob("*.xsd")}
    documents["mets-csip.xsd"] = mets_driver()
    return SchemaCatalogue(documents).compile(name)


def mets_faults(content: bytes) -> list[XsdFault]:
    """What METS 1.12.1 with the csip and sip attributes says; skips without the schemas."""
    xsd = _compiled(shared("official-xsd"), "mets-csip.xsd")
    return xsd.faults(parse_untrusted(io.BytesIO(content)))


def premis_faults(content: bytes) -> list[XsdFault]:
    """What PREMIS 3.0 says; skips without the schema."""
    xsd = _compiled(shared("official-xsd"), "premis-3.0.xsd")
    return xsd.faults(parse_untrusted(io.BytesIO(content)))


@cache
def simpledc_xsd(variant: str) -> Xsd:
    """The compiled schema of one variant, ours."""
    ours = {f"{name}.xsd": schema_of(name) for name in variants()}
    return SchemaCatalogue(dict(ours)).compile(f"{variant}.xsd")


def example(*parts: str) -> Path:
    """A file or folder of the example packages."""
    return shared("reference", "tt05-examples", *parts)
