"""The first look: cheap, without a parser, and never blind to a kind it knows."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from kit.signed_pdfs import plain_pdf, signed_pdf
from preservation.signatures.kinds import Carrier, carrier_of, has_signature_hint

_SIGNED_DATA = bytes.fromhex("3082010006092a864886f70d010702") + bytes(50)


def _zip(*names: str, first: tuple[str, bytes] = ("a.txt", b"x")) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(*first)
        for name in names:
            archive.writestr(name, b"x")
    return out.getvalue()


_ODF = ("mimetype", b"application/vnd.oasis.opendocument.text")

_CASES: dict[str, tuple[str, bytes, Carrier]] = {
    "signed pdf": ("a.pdf", signed_pdf(), Carrier.PDF),
    "signed pdf under another name": ("a.bin", signed_pdf(), Carrier.PDF),
    "plain pdf": ("a.pdf", plain_pdf(), Carrier.NONE),
    "pdf after some junk": ("a.x", b"junk\n" + signed_pdf(), Carrier.PDF),
    "cms": ("a.bin", _SIGNED_DATA, Carrier.CMS),
    "base64 cms by its name": ("a.pdf.p7s", b"MIIB", Carrier.CMS),
    "armoured cms": ("a.txt", b"-----BEGIN PKCS7-----\nMII", Carrier.CMS),
    "xml": ("a.xml", b"<a xmlns:d='http://www.w3.org/2000/09/xmldsig#'/>", Carrier.XML),
    "utf-16 xml": (
        "a.xml",
        "<a xmlns:d='http://www.w3.org/2000/09/xmldsig#'/>".encode("utf-16"),
        Carrier.XML,
    ),
    "big-endian utf-16 xml": (
        "a.xml",
        "<a xmlns:d='http://www.w3.org/2000/09/xmldsig#'/>".encode("utf-16-be"),
        Carrier.XML,
    ),
    "namespace spelt with a reference": (
        "a.xml",
        b'<a xmlns:d="http://www.w3.org/2000/09/&#120;mldsig#"/>',
        Carrier.XML,
    ),
    "utf-32 xml": ("a.xml", "<a>xmldsig</a>".encode("utf-32"), Carrier.XML),
    "utf-7 xml": ("a.xml", b'<?xml version="1.0" encoding="UTF-7"?><a/>', Carrier.XML),
    "xml with references in its text": ("a.xml", b"<a>&#7885;</a>", Carrier.NONE),
    "plain xml": ("a.xml", b"<a/>", Carrier.NONE),
    "asic": ("a.asice", _zip("META-INF/signatures0.xml"), Carrier.ASIC),
    "asic-s with cms": ("a.asics", _zip("META-INF/signature.p7s"), Carrier.ASIC),
    "odf": ("a.odt", _zip("META-INF/documentsignatures.xml", first=_ODF), Carrier.ODF),
    "ooxml": (
        "a.docx",
        _zip("_xmlsignatures/sig1.xml", first=("[Content_Types].xml", b"x")),
        Carrier.OOXML,
    ),
    "plain docx": ("a.docx", _zip(first=("[Content_Types].xml", b"x")), Carrier.NONE),
    "old word file": (
        "a.doc",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(9) + "_signatures".encode("utf-16-le"),
        Carrier.OLE2,
    ),
    "mail": ("a.eml", b"Content-Type: Multipart/Signed; x", Carrier.MAIL),
    "pgp": ("a.asc", b"-----BEGIN PGP SIGNATURE-----\n", Carrier.PGP),
    "text": ("a.txt", b"xmldsig# /ByteRange META-INF/signatures.xml", Carrier.NONE),
    "empty": ("a.bin", b"", Carrier.NONE),
}


@pytest.mark.parametrize("case", _CASES)
def test_the_carrier_is_told_by_its_bytes(tmp_path: Path, case: str) -> None:
    name, content, expected = _CASES[case]
    path = tmp_path / "staged"
    path.write_bytes(content)
    assert carrier_of(path, name=name) == expected
    assert has_signature_hint(path, name=name) == (expected != Carrier.NONE)


def test_a_hint_far_into_the_file_and_across_a_boundary_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    mark = b"http://www.w3.org/2000/09/xmldsig#"
    for shift in (1024 * 1024 - 20, 3 * 1024 * 1024 + 5):
        path.write_bytes(b"<a>" + b"x" * (shift - 3) + mark)
        assert carrier_of(path) == Carrier.XML
