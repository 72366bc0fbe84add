"""Sound small documents of the kinds that archives receive, to be spoiled by tests."""

from __future__ import annotations

import io
import zlib

from PIL import Image

from kit.awkward import zip_of
from kit.signed_pdfs import assemble

_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'


def picture(kind: str = "JPEG", *, dpi: int | None = 200, mode: str = "RGB") -> bytes:
    """A picture of 400 by 300 pixels with something on it."""
    image = Image.effect_noise((400, 300), 60).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **({} if dpi is None else {"dpi": (dpi, dpi)}))
    return out.getvalue()


def scanned_pdf(*, dpi: int = 200, text: bool = False, mode: str = "RGB") -> bytes:
    """One page that is a picture of 400 by 300 pixels, with or without text behind it."""
    pixels = Image.effect_noise((400, 300), 60).convert(mode).tobytes()
    width, height = 400 * 72 / dpi, 300 * 72 / dpi
    space = b"/DeviceGray" if mode == "L" else b"/DeviceRGB"
    page = b"q %f 0 0 %f 0 0 cm /I Do Q" % (width, height)
    if text:
        page += b" BT 3 Tr /F 12 Tf 10 10 Td (Quyet dinh) Tj ET"
    body = zlib.compress(pixels)
    return assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %f %f]/Contents 4 0 R"
            b"/Resources<</XObject<</I 5 0 R>>/Font<</F 6 0 R>>>>>>" % (width, height),
            b"<</Length %d>>\nstream\n%s\nendstream" % (len(page), page),
            b"<</Type/XObject/Subtype/Image/Width 400/Height 300/BitsPerComponent 8"
            b"/ColorSpace%s/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream"
            % (space, len(body), body),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        ]
    )


def ooxml_parts() -> dict[str, bytes]:
    """The parts of a small sound docx, by name."""
    types = (
        f'{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types"><Override '
        'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-office'
        'document.wordprocessingml.document.main+xml"/></Types>'
    )
    main = f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    main += f'Type="{_OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>'
    inner = f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    inner += f'Type="{_OFFICE}/styles" Target="Styles.xml"/></Relationships>'
    return {
        "[Content_Types].xml": types.encode(),
        "_rels/.rels": main.encode(),
        "word/document.xml": b"<document>So 15</document>",
        "word/styles.xml": b"<styles/>",
        "word/_rels/document.xml.rels": inner.encode(),
    }


def ooxml_link(target: str) -> bytes:
    """Relationships with one link to outside."""
    text = f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r9" '
    text += f'Type="{_OFFICE}/image" Target="{target}" TargetMode="External"/></Relationships>'
    return text.encode()


def odf_manifest(*paths: str, encrypted: str = "") -> bytes:
    """A manifest that lists ``paths``, one of them encrypted."""
    space = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    entries = "".join(
        f'<m:file-entry m:full-path="{path}" m:media-type="text/xml">'
        + ("<m:encryption-data/>" if path == encrypted else "")
        + "</m:file-entry>"
        for path in paths
    )
    return f'{_DECLARATION}<m:manifest xmlns:m="{space}">{entries}</m:manifest>'.encode()


def siard(*tables: str, missing: str = "") -> bytes:
    """A SIARD 2.1 archive with ``tables``; the data of ``missing`` is left out."""
    listed = "".join(
        f"<table><name>{t}</name><folder>{t}</folder><columns/></table>" for t in tables
    )
    space = "http://www.bar.admin.ch/xmlns/siard/2/metadata.xsd"
    metadata = f'{_DECLARATION}<siardArchive xmlns="{space}" version="2.1"><schemas><schema>'
    metadata += f"<name>s</name><folder>schema0</folder><tables>{listed}</tables>"
    metadata += "</schema></schemas></siardArchive>"
    members = {"header/siardversion/2.1/": b"", "header/metadata.xml": metadata.encode()}
    members |= {f"content/schema0/{t}/{t}.xml": b"<table/>" for t in tables if t != missing}
    return zip_of(members)
