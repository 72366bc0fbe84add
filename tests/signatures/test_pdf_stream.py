"""The bulk reader: the same answers as the library, for every way of asking."""

from __future__ import annotations

import io
import random

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter, copy_into_new_writer

from kit import pdf_attacks as attacks
from kit.signed_pdfs import contents_gap, countersigned_pdf, plain_pdf, signed_pdf
from preservation.signatures.pdf_hidden import may_hide_signature
from preservation.signatures.pdf_reader import BulkSignature, SurveyedReader, signature_fields
from preservation.signatures.pdf_stream import ShortStream, Survey, survey

_CAP = 1024 * 1024


def _survey(content: bytes, cap: int = _CAP) -> tuple[Survey, ShortStream]:
    file = io.BytesIO(content)
    found = survey(file, contents_cap_bytes=cap, ranges_cap=50)
    return found, ShortStream(file, found)


def test_what_is_read_differs_only_in_the_signature_values() -> None:
    content = countersigned_pdf()
    found, stream = _survey(content)
    assert [(gap.start, gap.end) for gap in found.gaps] == [
        contents_gap(content, 0),
        contents_gap(content, 1),
    ]
    expected = content
    for gap in reversed(found.gaps):
        expected = expected[: gap.start] + gap.short + expected[gap.end :]
    assert stream.read() == expected


def test_positions_are_those_of_the_real_file() -> None:
    content = countersigned_pdf()
    found, stream = _survey(content)
    chance = random.Random(7)
    for _ in range(500):
        place = chance.randrange(len(content))
        if any(gap.start <= place < gap.end for gap in found.gaps):
            continue
        stream.seek(place)
        assert stream.tell() == place
        assert stream.read(1) == content[place : place + 1]
        stream.seek(-1, 1)
        assert stream.tell() == place
        stream.seek(place - len(content), 2)
        assert stream.read(1) == content[place : place + 1]


def test_a_signature_value_is_stepped_over_in_one_go_both_ways() -> None:
    content = attacks.hand_signed()
    start, end = contents_gap(content)
    _, stream = _survey(content)
    stream.seek(start)
    assert stream.read(66).startswith(b"<")
    assert stream.tell() == end
    stream.seek(-66, 1)
    assert stream.tell() == start
    stream.seek(start + 3000)
    assert stream.tell() == end
    stream.seek(0, 2)
    assert stream.tell() == len(content)
    assert stream.read(1) == b""
    with pytest.raises(OSError, match="before"):
        stream.seek(-1)


def test_values_and_digests_are_the_librarys() -> None:
    content = signed_pdf("leader", "B-LTA")
    plain = {s.field_name: s for s in PdfFileReader(io.BytesIO(content)).embedded_signatures}
    file = io.BytesIO(content)
    reader = SurveyedReader(
        file, survey(file, contents_cap_bytes=_CAP, ranges_cap=50), strict=True
    )
    fields = signature_fields(reader).found
    assert sorted(name for name, _ in fields) == sorted(plain)
    for name, field in fields:
        ours, theirs = BulkSignature(reader, field, name), plain[name]
        assert ours.pkcs7_content == theirs.pkcs7_content
        assert ours.compute_digest() == theirs.compute_digest()
        assert ours.evaluate_signature_coverage() == theirs.evaluate_signature_coverage()
        assert ours.signed_revision == theirs.signed_revision


def test_hex_with_blanks_inside_is_still_one_value() -> None:
    content = attacks.hand_signed()
    start, end = contents_gap(content)
    spaced = content[: start + 1] + b" \n" + content[start + 1 : end - 3] + content[end - 1 :]
    assert len(spaced) == len(content)
    assert len(_survey(spaced)[0].gaps) == 1


@pytest.mark.parametrize("byte", [b"g", b"<", b"%", b"("])
def test_what_is_not_one_hex_string_is_left_to_the_parser(byte: bytes) -> None:
    content = attacks.hand_signed()
    start, _ = contents_gap(content)
    assert _survey(content[: start + 100] + byte + content[start + 101 :])[0].gaps == ()


def test_a_gap_that_is_not_a_contents_entry_is_left_alone() -> None:
    content = attacks.hand_signed().replace(b"/Contents <", b"/Elsewhere<", 1)
    assert _survey(content)[0].gaps == ()


def test_a_byte_range_across_a_reading_boundary_is_found() -> None:
    for shift in range(1024 * 1024 - 60, 1024 * 1024 + 20, 7):
        content = b"x" * shift + b"/ByteRange [0 0000000123 0000000456 0000000789]"
        found = survey(io.BytesIO(content), contents_cap_bytes=_CAP, ranges_cap=50)
        assert found.byte_ranges == 1


def test_a_plain_pdf_hides_nothing_and_compressed_objects_are_looked_through() -> None:
    assert not may_hide_signature(io.BytesIO(plain_pdf()))
    assert not may_hide_signature(io.BytesIO(_compressed(plain_pdf())))
    assert may_hide_signature(io.BytesIO(_compressed(attacks.hand_signed())))


def test_an_object_stream_that_cannot_be_looked_through_is_suspect() -> None:
    compressed = _compressed(plain_pdf())
    spoiled = compressed.replace(b"/FlateDecode", b"/LZWDecode  ")
    assert spoiled != compressed
    assert may_hide_signature(io.BytesIO(spoiled))


def _compressed(content: bytes) -> bytes:
    """The same document with its objects in an object stream."""
    from pyhanko.pdf_utils import generic

    source = PdfFileReader(io.BytesIO(content))
    writer: PdfFileWriter = copy_into_new_writer(source)
    writer.stream_xrefs = True
    stream = writer.prepare_object_stream()
    form = source.root.get("/AcroForm")
    more = generic.DictionaryObject({generic.pdf_name("/Plain"): generic.pdf_string("x")})
    if form is not None:
        more[generic.pdf_name("/SigFlags")] = form["/SigFlags"]
    reference = writer.add_object(more, obj_stream=stream)
    writer.root["/Extra"] = reference
    if form is not None:
        del writer.root["/AcroForm"]
    out = io.BytesIO()
    writer.write(out)
    shown = out.getvalue()
    return shown if form is None else shown.replace(b"/ByteRange", b"/BiteRange")
