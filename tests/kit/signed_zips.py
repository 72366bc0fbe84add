"""Signed containers: ASiC, ODF and OOXML, each built and signed by hand."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import zipfile
from datetime import datetime
from io import BytesIO

from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

from kit.pki import pki
from kit.signed_cms import signed_cms
from kit.signed_xml import DS, EXCLUSIVE, detached_xml, hand_signed_xml, reference_to

INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
RELATIONSHIP = "http://schemas.openxmlformats.org/package/2006/RelationshipTransform"
_SIGNATURE_NS = "http://schemas.openxmlformats.org/package/2006/digital-signature"
_RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"


def zipped(parts: dict[str, bytes]) -> bytes:
    """A ZIP with the given parts, the first one stored."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(parts.items()):
            kind = zipfile.ZIP_STORED if number == 0 else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(name), content, kind)
    return out.getvalue()


def with_parts(content: bytes, changes: dict[str, bytes | None]) -> bytes:
    """The same container with parts changed, added, or (None) left out."""
    with zipfile.ZipFile(BytesIO(content)) as archive:
        parts: dict[str, bytes | None] = {n: archive.read(n) for n in archive.namelist()}
    parts |= changes
    return zipped({name: value for name, value in parts.items() if value is not None})


_DATA = {"quyet dinh.txt": b"So 15/QD-UBND", "phu-luc.txt": b"Phu luc"}


def asic_xades(label: str = "leader", covered: tuple[str, ...] = tuple(_DATA)) -> bytes:
    """ASiC-E with an XML signature over the named data objects."""
    references = {name.replace(" ", "%20"): _DATA[name] for name in covered}
    signature = detached_xml(label, references)
    around = (
        b'<a:XAdESSignatures xmlns:a="http://uri.etsi.org/02918/v1.2.1#">%s</a:XAdESSignatures>'
    )
    return zipped(
        {
            "mimetype": b"application/vnd.etsi.asic-e+zip",
            **_DATA,
            "META-INF/signatures0.xml": around % signature,
            "META-INF/manifest.xml": b"<manifest/>",
        }
    )


def asic_simple(label: str = "leader", *, stamp: datetime | None = None) -> bytes:
    """ASiC-S: one data object and one CMS signature (or time stamp) over it."""
    data = b"So 15/QD-UBND"
    parts = {"mimetype": b"application/vnd.etsi.asic-s+zip", "qd.txt": data}
    if stamp is None:
        parts["META-INF/signature.p7s"] = signed_cms(label, content=data)
    else:
        imprint = hashlib.sha256(data).digest()
        token = asyncio.run(pki().timestamper(stamp).async_timestamp(imprint, "sha256"))
        parts["META-INF/timestamp.tst"] = token.dump()
    return zipped(parts)


def asic_cades(label: str = "leader") -> bytes:
    """ASiC-E with a CMS signature over a manifest of the data objects."""
    listed = "".join(
        f'<a:DataObjectReference URI="{name.replace(" ", "%20")}"><ds:DigestMethod Algorithm='
        '"http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>'
        f"{base64.b64encode(hashlib.sha256(content).digest()).decode()}</ds:DigestValue>"
        "</a:DataObjectReference>"
        for name, content in _DATA.items()
    )
    manifest = (
        f'<a:ASiCManifest xmlns:a="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="{DS}">'
        f'<a:SigReference URI="META-INF/signature001.p7s"/>{listed}</a:ASiCManifest>'
    ).encode()
    return zipped(
        {
            "mimetype": b"application/vnd.etsi.asic-e+zip",
            **_DATA,
            "META-INF/ASiCManifest001.xml": manifest,
            "META-INF/signature001.p7s": signed_cms(label, content=manifest),
        }
    )


def odf(label: str = "leader") -> bytes:
    """A text document whose parts are digested as XML or as bytes."""
    content = b'<office xmlns="urn:o"><p  a="1">So 15/QD-UBND</p></office>'
    canonical = etree.tostring(etree.fromstring(content), method="c14n")
    parts = {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "content.xml": content,
        "Pictures/a.png": b"\x89PNG picture",
        "META-INF/manifest.xml": b"<manifest/>",
    }
    references = (
        reference_to("mimetype", parts["mimetype"])
        + reference_to("content.xml", canonical, INCLUSIVE)
        + reference_to("Pictures/a.png", parts["Pictures/a.png"])
        + reference_to("META-INF/manifest.xml", b"<manifest></manifest>", INCLUSIVE)
    )
    around = (
        '<document-signatures xmlns="urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0" '
        'xmlns:v="urn:x" v:version="1.2">%s</document-signatures>'
    )
    signature = hand_signed_xml(label, references, around=around)
    return zipped({**parts, "META-INF/documentsignatures.xml": signature})


def docx(label: str = "leader", *, sign: tuple[str, ...] = ("rId1", "rId2")) -> bytes:
    """A Word document with one package signature over its parts and relationships."""
    relationships = (
        f'<Relationships xmlns="{_RELS}">'
        f'<Relationship Id="rId2" Type="{_OFFICE}/image" Target="media/a.png"/>\n'
        f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId9" Type="{_OFFICE}/extended-properties" Target="x"/>'
        "</Relationships>"
    ).encode()
    parts = {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="png" ContentType="image/png"/>'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Default Extension="rels" ContentType="application/rels"/>'
            f'<Override PartName="/word/document.xml" ContentType="{_WORD}"/></Types>'
        ).encode(),
        "word/document.xml": b"<w:document xmlns:w='urn:w'>So 15/QD-UBND</w:document>",
        "word/styles.xml": b"<styles/>",
        "word/media/a.png": b"\x89PNG picture",
        "word/_rels/document.xml.rels": relationships,
        "docProps/app.xml": b"<Properties/>",
    }
    manifest = "".join(
        reference_to(f"/{name}?ContentType={kind}", parts[name])
        for name, kind in (
            ("word/document.xml", _WORD),
            ("word/styles.xml", "application/xml"),
            ("word/media/a.png", "image/png"),
        )
    )
    manifest += _relationship_reference(sign)
    inner = f'<ds:Object Id="idPackageObject"><ds:Manifest>{manifest}</ds:Manifest></ds:Object>'
    qualified = inner.replace("<ds:Object ", f'<ds:Object xmlns:ds="{DS}" ', 1)
    canonical = etree.tostring(etree.fromstring(qualified), method="c14n", exclusive=True)
    reference = reference_to("#idPackageObject", canonical, EXCLUSIVE, kind=f"{DS}Object")
    signature = hand_signed_xml(label, reference, inner)
    return zipped({**parts, "_xmlsignatures/sig1.xml": signature})


def _relationship_reference(identifiers: tuple[str, ...]) -> str:
    entries = {
        "rId1": f'<Relationship Id="rId1" Target="styles.xml" TargetMode="Internal" '
        f'Type="{_OFFICE}/styles"></Relationship>',
        "rId2": f'<Relationship Id="rId2" Target="media/a.png" TargetMode="Internal" '
        f'Type="{_OFFICE}/image"></Relationship>',
    }
    chosen = "".join(entries[identifier] for identifier in sorted(identifiers))
    canonical = f'<Relationships xmlns="{_RELS}">{chosen}</Relationships>'.encode()
    plain = reference_to("/word/_rels/document.xml.rels?ContentType=application/rels", canonical)
    selected = "".join(
        f'<m:RelationshipReference xmlns:m="{_SIGNATURE_NS}" SourceId="{identifier}"/>'
        for identifier in identifiers
    )
    transforms = (
        f'<ds:Transforms><ds:Transform Algorithm="{RELATIONSHIP}">{selected}</ds:Transform>'
        f'<ds:Transform Algorithm="{INCLUSIVE}"/></ds:Transforms>'
    )
    return plain.replace("<ds:DigestMethod", f"{transforms}<ds:DigestMethod", 1)
