"""Papers of an invented fonds: signed PDFs, page images, office files. All data is invented."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime

from openpyxl import Workbook
from PIL import Image, ImageDraw

_MOMENT = (2024, 12, 20, 9, 0, 0)


def pdf(lines: list[str]) -> bytes:
    """A one-page PDF 1.7 with ASCII text lines, by hand: no font is needed."""
    shown = b" ".join(
        b"(%s) Tj 0 -24 Td"
        % line.encode("ascii", "replace").replace(b"(", b"\\(").replace(b")", b"\\)")
        for line in lines
    )
    text = b"BT /F1 14 Tf 72 760 Td " + shown + b" ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R/ID[<4b686f><4b686f>]>>\n" % (len(objects) + 1)
    out += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)


def page_image(kind: str, *, seed: int) -> bytes:
    """A scanned-looking A4 page at 100 dpi as JPEG or TIFF: grey lines and a red seal."""
    page = Image.new("RGB", (827, 1169), (250, 248, 240))
    draw = ImageDraw.Draw(page)
    for row in range(36):
        width = 420 + (row * 97 + seed * 53) % 260
        draw.rectangle((80, 90 + row * 26, 80 + width, 98 + row * 26), fill=(70, 70, 80))
    draw.ellipse((470, 900, 650, 1080), outline=(190, 20, 30), width=6)
    out = io.BytesIO()
    if kind == "jpeg":
        page.save(out, "JPEG", quality=85, dpi=(200, 200))
    else:
        page.convert("L").save(out, "TIFF", compression="tiff_deflate", dpi=(200, 200))
    return out.getvalue()


def spreadsheet(rows: list[list[object]]) -> bytes:
    """An XLSX workbook with one sheet."""
    book = Workbook()
    moment = datetime(*_MOMENT, tzinfo=UTC).replace(tzinfo=None)
    book.properties.created = book.properties.modified = moment
    sheet = book.active
    if sheet is None:
        raise ValueError("a new workbook has a sheet")
    sheet.title = "Mục lục"
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text_document(paragraphs: list[str]) -> bytes:
    """The smallest DOCX that is one: three parts in a zip."""
    body = "".join(f"<w:p><w:r><w:t>{paragraph}</w:t></w:r></w:p>" for paragraph in paragraphs)
    parts = {
        "[Content_Types].xml": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.'
        'openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>',
        "_rels/.rels": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        'relationships/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f"<w:body>{body}</w:body></w:document>",
    }
    return zipped({name.encode(): text.encode() for name, text in parts.items()})


def zipped(files: dict[bytes, bytes]) -> bytes:
    """A zip of the files, names in UTF-8, one fixed moment."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name.decode(), _MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, content)
    return out.getvalue()
