"""What a PDF signature's own rules allow and nobody signed; files that open without a password."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import StandardSecurityHandler
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import copy_into_new_writer
from pyhanko.sign import fields, signers

from kit.pki import pki
from kit.signatures import outcomes, reported
from kit.signed_pdfs import contents_gap, plain_pdf, signed_pdf


def _later(content: bytes, change: Any) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(content))
    change(writer)
    writer.write_in_place()
    written: bytes = writer.prev.stream.getvalue()
    return written


def _with_text_field(writer: Any) -> None:
    rectangle = generic.ArrayObject(map(generic.NumberObject, (0, 0, 50, 70)))
    told = {"/FT": "/Tx", "/Subtype": "/Widget"}
    field = generic.DictionaryObject(
        {generic.NameObject(key): generic.NameObject(value) for key, value in told.items()}
    )
    field[generic.NameObject("/T")] = generic.pdf_string("tien")
    field[generic.NameObject("/V")] = generic.pdf_string("100")
    field[generic.NameObject("/Rect")] = rectangle
    listed = generic.ArrayObject([writer.add_object(field)])
    form = generic.DictionaryObject({generic.NameObject("/Fields"): listed})
    writer.root["/AcroForm"] = writer.add_object(form)
    writer.update_root()


def _filled_in(writer: Any) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0]
    field["/V"] = generic.pdf_string("999")
    writer.update_container(field)


def test_a_form_filled_in_after_the_last_signature_is_told() -> None:
    form = signed_pdf(content=_later(plain_pdf(), _with_text_field))
    assert reported(form).decision == "accept"
    filled = _later(form, _filled_in)
    report = reported(filled)
    assert (report.decision, report.signatures[0].changes) == ("warn", "form")
    assert "SIG-PARTS-NOT-COVERED" in report.findings
    # The next signer stands for what was filled in before.
    assert reported(signed_pdf("organ", content=filled, field="CoQuan")).decision == "accept"


def test_bytes_behind_the_signature_value_are_told() -> None:
    content = signed_pdf()
    _, end = contents_gap(content)
    padded = content[: end - 9] + b"4D5A9000" + content[end - 1 :]
    assert len(padded) == len(content)
    report = reported(padded)
    assert (report.decision, outcomes(report.signatures)) == ("warn", ["TOTAL-PASSED"])
    assert report.signatures[0].detail == "bytes behind the signature value"


def test_an_encrypted_file_that_opens_without_a_password_is_verified() -> None:
    writer: Any = copy_into_new_writer(PdfFileReader(BytesIO(plain_pdf())))
    handler = StandardSecurityHandler.build_from_pw("owner", "")
    writer.security_handler = handler
    writer._encrypt = writer.add_object(handler.as_pdf_object())
    out = BytesIO()
    writer.write(out)
    again = IncrementalPdfFileWriter(BytesIO(out.getvalue()))
    again.encrypt("")
    metadata = signers.PdfSignatureMetadata(
        field_name="S", subfilter=fields.SigSeedSubFilter.PADES, signer_key_usage=set()
    )
    signed = BytesIO()
    signers.PdfSigner(metadata, pki().signer("leader")).sign_pdf(again, output=signed)
    assert outcomes(reported(signed.getvalue()).signatures) == ["TOTAL-PASSED"]
