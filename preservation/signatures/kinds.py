"""Which files can carry a signature: a cheap, conservative first look without any parser.

The look may say *perhaps* of a file that carries none (the worker then finds nothing); it
never says *no* of a file that carries one of the kinds below. It imports no library.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path, PurePath
from typing import BinaryIO

_CHUNK_BYTES = 1024 * 1024
_OVERLAP_BYTES = 512
_PDF_HEADER_BYTES = 1024


class Carrier(StrEnum):
    """What kind of signature a file may carry."""

    NONE = "none"
    PDF = "pdf"
    CMS = "cms"
    XML = "xml"
    ASIC = "asic"
    ODF = "odf"
    OOXML = "ooxml"
    OLE2 = "ole2"
    MAIL = "mail"
    PGP = "pgp"


def pdf_name_pattern(text: str) -> bytes:
    """A pattern for a PDF name in all its spellings: any letter may be written ``#xx``."""
    letters = []
    for letter in text:
        code = f"{ord(letter):02x}"
        escaped = "".join(f"[{c}{c.upper()}]" if c.isalpha() else c for c in code)
        letters.append(f"(?:{letter}|#{escaped})")
    return ("/" + "".join(letters)).encode()


_PDF = re.compile(b"|".join(map(pdf_name_pattern, ("ByteRange", "ObjStm", "SigFlags"))))
_XML = re.compile(
    rb"2000/09/xmldsig#|2\0000\0000\0000\000/\0000\0009\000/\000x\000m\000l\000d\000s\000i\000g|"
    rb"DSIG|xmldsig11#|2001/04/xmldsig-more#|2007/05/xmldsig-more#|"
    rb"""xmlns[:\w.-]*\s*=\s*(?:"[^"<]{0,300}&#|'[^'<]{0,300}&#)"""
)
"""A namespace with a character reference in it may be that of signatures, spelt oddly."""
_ODD_XML = re.compile(
    rb"\A(?:\0\0\xfe\xff|\xff\xfe\0\0|\0\0\0<|<\0\0\0|\x4c\x6f\xa7\x94|"
    rb"\s*<\?xml[^>]{0,200}encoding\s*=\s*[\"'](?i:utf-?7|utf-?32|ucs|ebcdic|ibm|cp))"
)
"""Encodings whose bytes cannot be searched; such a file is looked at whole."""
_ZIP = re.compile(rb"META-INF/[^\0/]{0,200}(?i:signature|\.p7s|\.tst|\.p7m)|_xmlsignatures/")
_OLE2 = re.compile(
    "_xmlsignatures|_signatures|\x05DigitalSignature".encode("utf-16-le").replace(b"|\0", b"|")
)
_MAIL = re.compile(rb"(?i)multipart/signed|application/(?:x-)?pkcs7-(?:signature|mime)")
_PGP = re.compile(rb"-----BEGIN PGP SIGN(?:ATURE|ED MESSAGE)-----")
_PEM_CMS = re.compile(rb"-----BEGIN (?:PKCS ?#?7|CMS)(?: SIGNED DATA)?-----")
_SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
_CMS_SUFFIXES = frozenset({".p7s", ".p7m", ".p7b", ".p7", ".pkcs7", ".cms", ".sig", ".sign"})
_MAIL_SUFFIXES = frozenset({".eml", ".mht", ".mhtml", ".mbox"})
_MARKUP_SUFFIXES = frozenset({".xml", ".xsig", ".xades", ".svg", ".xhtml", ".html", ".htm"})


def carrier_of(file: Path, *, name: str = "", mime: str = "") -> Carrier:
    """The kind of signature that the file may carry; OSError when it cannot be read.

    ``name`` and ``mime`` only widen the answer: bytes decide first.
    """
    with file.open("rb") as stream:
        head = stream.read(_CHUNK_BYTES)
        suffix = PurePath(name or file.name).suffix.lower()
        for carrier, pattern in _candidates(head, suffix, mime):
            stream.seek(len(head))
            if pattern is None or _occurs(pattern, head, stream):
                return carrier if carrier != Carrier.ASIC else _zip_carrier(head)
    return Carrier.NONE


def has_signature_hint(file: Path, *, name: str = "", mime: str = "") -> bool:
    """Whether the file has to be examined by a worker."""
    return carrier_of(file, name=name, mime=mime) != Carrier.NONE


def _candidates(
    head: bytes, suffix: str, mime: str
) -> Iterator[tuple[Carrier, re.Pattern[bytes] | None]]:
    """What the file could be, and what must occur in it; no pattern means: surely signed."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        yield Carrier.ASIC, _ZIP
    if b"%PDF-" in head[:_PDF_HEADER_BYTES] or suffix == ".pdf" or mime == "application/pdf":
        yield Carrier.PDF, _PDF
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        yield Carrier.OLE2, _OLE2
    if _is_cms(head, suffix):
        yield Carrier.CMS, None
    if _PGP.search(head[:_PDF_HEADER_BYTES]):
        yield Carrier.PGP, None
    if suffix in _MAIL_SUFFIXES or mime == "message/rfc822":
        yield Carrier.MAIL, _MAIL
    if _ODD_XML.match(head):
        yield Carrier.XML, None
    if _is_markup(head, suffix) or mime.endswith(("/xml", "+xml")):
        yield Carrier.XML, _XML


def _is_cms(head: bytes, suffix: str) -> bool:
    if head[:1] == b"\x30" and _SIGNED_DATA in head[:24]:
        return True
    if _PEM_CMS.search(head[:_PDF_HEADER_BYTES]):
        return True
    # Base64 without armour is how .p7s and .p7m often arrive from mail.
    return suffix in _CMS_SUFFIXES and not head.startswith(b"-----BEGIN PGP")


def _is_markup(head: bytes, suffix: str) -> bool:
    start = head[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    return start.startswith(b"<") or suffix in _MARKUP_SUFFIXES


_NEEDLES: dict[re.Pattern[bytes], tuple[bytes, ...]] = {
    _ZIP: (b"META-INF/", b"_xmlsignatures/"),
    _XML: (b"xmldsig", b"DSIG", b"&#", "xmldsig".encode("utf-16-le")[:-1]),
}
"""Plain substrings without one of which a pattern cannot match: several times faster."""


def _occurs(pattern: re.Pattern[bytes], head: bytes, rest: BinaryIO) -> bool:
    needles = _NEEDLES.get(pattern, (b"",))
    window = head
    while window:
        if any(needle in window for needle in needles) and pattern.search(window):
            return True
        chunk = rest.read(_CHUNK_BYTES)
        if not chunk:
            return False
        window = window[-_OVERLAP_BYTES:] + chunk
    return False


def _zip_carrier(head: bytes) -> Carrier:
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        return Carrier.OOXML
    if b"mimetypeapplication/vnd.oasis.opendocument" in head[:200]:
        return Carrier.ODF
    return Carrier.ASIC
