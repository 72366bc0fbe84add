"""Small files that identification has tripped over, made on the spot."""

from __future__ import annotations

import io
import zipfile
import zlib


def zip_of(members: dict[str, bytes], *, stored: bool = False) -> bytes:
    """A ZIP of ``members`` in their order, deflated unless ``stored``."""
    out = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return out.getvalue()


WORD_TYPES = (
    b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="xml" ContentType="application/xml"/>'
    b'<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
    b'officedocument.wordprocessingml.document.main+xml"/></Types>'
)


def docx() -> bytes:
    """A word-processing document with nothing in it but what identifies it."""
    return zip_of({"[Content_Types].xml": WORD_TYPES, "word/document.xml": b"<w:document/>"})


def docx_with_corrupt_deflate() -> bytes:
    """A docx whose identifying member cannot be inflated: fido 1.6.1 raises zlib.error."""
    content = docx()
    squeezed = zlib.compressobj(wbits=-15)
    body = squeezed.compress(WORD_TYPES) + squeezed.flush()
    assert body in content
    return content.replace(body, b"\xff" * len(body), 1)


def odf(mimetype: bytes, version: str = "1.2") -> bytes:
    """An OpenDocument file whose content declares ``version``."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content'
    text = f'{head} xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    text += f' office:version="{version}"><office:body/></office:document-content>'
    manifest = (
        f'<manifest:manifest manifest:version="{version}"><manifest:file-entry '
        f'manifest:full-path="/" manifest:media-type="{mimetype.decode()}"/></manifest:manifest>'
    )
    members = {"mimetype": mimetype, "content.xml": text.encode()}
    return zip_of(members | {"META-INF/manifest.xml": manifest.encode()}, stored=True)


PDF_14 = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"
