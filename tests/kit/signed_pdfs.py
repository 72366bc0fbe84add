"""Signed PDFs of every level, and the ways to spoil them. Built in process, never stored."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any

from asn1crypto import crl  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator import ValidationContext

from kit.pki import NOW, Pki, pki

SIGNED = datetime(2026, 6, 10, 3, 0, tzinfo=UTC)
"""When the time-stamped signatures were made."""


@cache
def plain_pdf(padding_bytes: int = 0) -> bytes:
    """One page that says something, and an attachment-like stream of ``padding_bytes``."""
    text = b"BT /F1 18 Tf 72 720 Td (So 15/QD-UBND) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        b"/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    if padding_bytes:
        body = b"\x00" * padding_bytes
        objects.append(b"<</Length %d>>\nstream\n%s\nendstream" % (len(body), body))
    return assemble(objects)


def assemble(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of the given objects (the first is the catalogue) with a classic table."""
    out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<</Size %d/Root 1 0 R%s/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        table,
    )
    return bytes(out)


def _context(infrastructure: Pki, moment: datetime) -> ValidationContext:
    return ValidationContext(
        trust_roots=[infrastructure.certificate("root")],
        other_certs=[infrastructure.certificate("sub")],
        crls=[
            crl.CertificateList.load(infrastructure.crl(name, moment)) for name in ("root", "sub")
        ],
        moment=moment,
        allow_fetching=False,
        revocation_mode="hard-fail",
    )


def signed_pdf(
    label: str = "leader",
    level: str = "B-B",
    *,
    content: bytes | None = None,
    field: str = "Signature1",
    moment: datetime = SIGNED,
    tsa: str = "tsa",
    md: str = "sha256",
    subfilter: Any = fields.SigSeedSubFilter.PADES,
    chain: tuple[str, ...] = ("sub",),
    contents_bytes: int | None = None,
    box: tuple[int, int, int, int] | None = None,
    page: int = 0,
    **more: Any,
) -> bytes:
    """``content`` signed by ``label`` as PAdES ``level`` (B-B, B-T, B-LT, B-LTA); to be seen
    in ``box`` on ``page``, or nowhere."""
    infrastructure = pki()
    stamper = None if level == "B-B" else infrastructure.timestamper(moment, tsa)
    long_term = level in {"B-LT", "B-LTA"}
    metadata = signers.PdfSignatureMetadata(
        field_name=field,
        md_algorithm=md,
        subfilter=subfilter,
        embed_validation_info=long_term,
        use_pades_lta=level == "B-LTA",
        validation_context=_context(infrastructure, moment) if long_term else None,
        signer_key_usage=set(),
        **more,
    )
    signer = signers.PdfSigner(
        metadata,
        infrastructure.signer(label, *chain),
        timestamper=stamper,
        new_field_spec=fields.SigFieldSpec(field, on_page=page, box=box) if box else None,
    )
    out = BytesIO()
    signer.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(content or plain_pdf())),
        output=out,
        bytes_reserved=None if contents_bytes is None else 2 * contents_bytes,
    )
    return out.getvalue()


def countersigned_pdf(level: str = "B-T") -> bytes:
    """The leader's signature first, the organ's second: the ordinary official document."""
    first = signed_pdf("leader", level, field="LanhDao")
    return signed_pdf("organ", level, content=first, field="CoQuan")


def spoiled(content: bytes) -> bytes:
    """One signed byte changed."""
    return content.replace(b"So 15/QD-UBND", b"So 16/QD-UBND", 1)


def with_changed_page(content: bytes) -> bytes:
    """A later revision that turns the page."""
    writer = IncrementalPdfFileWriter(BytesIO(content))
    page: Any = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.FloatObject("90")
    writer.update_container(page)
    writer.write_in_place()
    out = writer.prev.stream
    assert isinstance(out, BytesIO)
    return out.getvalue()


def contents_gap(content: bytes, which: int = -1) -> tuple[int, int]:
    """Start and end of the ``which``-th ``/Contents`` string, brackets included."""
    ranges = re.findall(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)", content)
    start, length, second, _ = (int(number) for number in ranges[which])
    return start + length, second


def with_contents(content: bytes, value: bytes, which: int = -1) -> bytes:
    """The same file with another (shorter) DER value in ``/Contents``."""
    start, end = contents_gap(content, which)
    digits = value.hex().encode().ljust(end - start - 2, b"0")
    return content[: start + 1] + digits + content[end - 1 :]


__all__ = [
    "NOW",
    "SIGNED",
    "assemble",
    "contents_gap",
    "countersigned_pdf",
    "pki",
    "plain_pdf",
    "signed_pdf",
    "spoiled",
    "with_changed_page",
    "with_contents",
]
