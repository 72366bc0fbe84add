"""Validators: the sound file passes, each way of spoiling it is told apart."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit import documents
from kit.awkward import zip_of
from kit.signed_pdfs import assemble, plain_pdf
from preservation.formats.job import validated
from preservation.formats.validate import images, pdf_objects, pdf_pages
from preservation.formats.validate.result import ValidationOutcome, ValidationResult, from_json

Check = Callable[..., ValidationResult]
VALID, INVALID = ValidationOutcome.VALID, ValidationOutcome.INVALID
NOT_CHECKED = ValidationOutcome.NOT_CHECKED


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Runs a validator over bytes in a real file; what comes back survives JSON."""

    def run(kind: str, content: bytes, **wanted: Any) -> ValidationResult:
        path = tmp_path / "file"
        path.write_bytes(content)
        with path.open("rb") as file:
            result = validated(file, kind, wanted)
        assert from_json(result.as_json()) == result
        return result

    return run


def codes(result: ValidationResult) -> set[str]:
    return {finding.code for finding in result.findings}


def test_a_validator_that_nobody_wrote_is_not_checked_and_never_passes(check: Check) -> None:
    result = check("av", b"RIFF")
    assert (result.outcome, codes(result)) == (NOT_CHECKED, {"VALIDATION-NO-TOOL"})


# Pictures


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "GIF"])
def test_a_sound_picture_is_measured(check: Check, kind: str) -> None:
    result = check("image", documents.picture(kind, dpi=None if kind == "GIF" else 200))
    assert (result.outcome, codes(result)) == (VALID, set())
    assert result.facts["width"] == 400
    if kind != "GIF":
        assert (result.facts["dpi_x"], result.facts["bits"]) == (200.0, 24)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_truncated_picture_is_invalid(check: Check, kind: str) -> None:
    content = documents.picture(kind)
    assert check("image", content[: len(content) // 2]).outcome is INVALID


def test_a_flipped_byte_in_a_png_is_caught_by_its_checksum(check: Check) -> None:
    content = bytearray(documents.picture("PNG"))
    content[len(content) // 2] ^= 0xFF
    assert check("image", bytes(content)).outcome is INVALID


def test_resolution_and_depth_are_held_against_what_is_asked(check: Check) -> None:
    asked = {"min_dpi": 300, "min_bits": 24}
    assert codes(check("image", documents.picture(dpi=200), **asked)) == {"IMAGE-RESOLUTION-LOW"}
    grey = documents.picture(dpi=300, mode="L")
    assert codes(check("image", grey, **asked)) == {"IMAGE-DEPTH-LOW"}
    silent = documents.picture("PNG", dpi=None)
    assert codes(check("image", silent, **asked)) == {"IMAGE-NO-RESOLUTION"}
    assert codes(check("image", documents.picture("PNG", dpi=300), **asked)) == set()


def test_more_pixels_than_the_cap_are_not_decoded(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "PIXELS_CAP", 100_000)
    result = check("image", documents.picture())
    assert (result.outcome, codes(result)) == (NOT_CHECKED, {"VALIDATION-LIMIT"})


# PDF


def test_a_sound_pdf_is_valid_and_counted(check: Check) -> None:
    result = check("pdf", plain_pdf())
    assert (result.outcome, codes(result)) == (VALID, set())
    expected = {"pages": 1, "pages_with_text": 1, "encrypted": False, "javascript": False}
    assert expected.items() <= result.facts.items()


def test_a_cut_pdf_is_invalid_though_pdfium_repairs_it(check: Check) -> None:
    content = plain_pdf()
    result = check("pdf", content[: content.rindex(b"startxref")])
    assert result.outcome is INVALID
    assert {"PDF-NO-END", "PDF-NO-XREF"} <= codes(result)


def test_a_wrong_cross_reference_is_invalid_though_pdfium_repairs_it(check: Check) -> None:
    content = plain_pdf()
    place = content.rindex(b"startxref\n") + 10
    assert codes(check("pdf", content[:place] + b"17\n%%EOF\n")) == {"PDF-XREF-WRONG"}


def test_what_is_no_pdf_is_invalid(check: Check) -> None:
    assert "PDF-NO-HEADER" in codes(check("pdf", b"hello" * 100))


def script(name: bytes = b"/JavaScript") -> bytes:
    return assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S%s/J#53(app.alert\\(1\\))>>>>" % name,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
        ]
    )


@pytest.mark.parametrize("name", [b"/JavaScript", b"/J#61vaScript"])
def test_a_script_is_told_even_when_its_name_is_disguised(check: Check, name: bytes) -> None:
    assert codes(check("pdf", script(name))) == {"PDF-JAVASCRIPT"}


def test_a_script_in_packed_objects_is_told(check: Check) -> None:
    packed = zlib.compress(b"9 0 <</S/JavaScript/JS(app.alert\\(1\\))>>")
    content = assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            b"<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream"
            % (len(packed), packed),
        ]
    )
    assert codes(check("pdf", content)) == {"PDF-JAVASCRIPT"}


def with_stream(data: bytes, *more: bytes) -> bytes:
    """One page, and an object with stream data as they stand in a scan."""
    return assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            b"<</Length %d>>\nstream\n%s\nendstream" % (len(data), data),
            *more,
        ]
    )


BY_CHANCE = b"\x80/JS\x81\x82/XFA \x83/3D\x84"


def test_three_letters_in_the_bytes_of_a_scan_are_no_script(check: Check) -> None:
    result = check("pdf", with_stream(BY_CHANCE))
    assert codes(result) == set()
    assert not any(result.facts[name] for name in ("javascript", "xfa", "rich_media"))


@pytest.mark.parametrize("before", [0, 1, 5, 9, 20, 40])
def test_a_stream_is_followed_across_the_windows_of_reading(
    check: Check, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(pdf_objects, "_WINDOW_BYTES", 64)
    data = b"." * before + (BY_CHANCE + b"." * 30) * 9
    assert codes(check("pdf", with_stream(data))) == set()
    behind = with_stream(data, b"<</S/Rendition/JS(1)>>")
    assert codes(check("pdf", behind)) == {"PDF-JAVASCRIPT"}


def test_a_script_behind_a_false_stream_is_told(check: Check) -> None:
    hidden = with_stream(b"x", b"(>>stream\n)", b"<</S/JavaScript/JS(1)>>", b"(endstream)")
    assert codes(check("pdf", hidden)) == {"PDF-JAVASCRIPT"}
    rendition = with_stream(b"x", b"(>>stream\n)", b"<</S/Rendition/JS(1)>>", b"(endstream)")
    assert codes(check("pdf", rendition)) == {"PDF-JAVASCRIPT"}


def test_packed_objects_that_cannot_be_looked_into_are_said_so(check: Check) -> None:
    content = assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            b"<</Type/ObjStm/N 1/First 4/Filter/LZWDecode/Length 4>>\nstream\n4142\nendstream",
        ]
    )
    assert "PDF-OBJECTS-UNSEEN" in codes(check("pdf", content))


def test_a_scanned_page_is_held_against_what_digitisation_asks(check: Check) -> None:
    asked = {"min_dpi": 200, "min_bits": 24, "text_layer": True}
    good = check("pdf", documents.scanned_pdf(text=True), **asked)
    assert (good.outcome, codes(good)) == (VALID, set())
    assert (good.facts["dpi"], good.facts["bits"], good.facts["scanned_pages"]) == (200, 24, 1)
    bad = check("pdf", documents.scanned_pdf(dpi=100, mode="L"), **asked)
    assert codes(bad) == {"IMAGE-RESOLUTION-LOW", "IMAGE-DEPTH-LOW", "PDF-NO-TEXT-LAYER"}


def test_pages_beyond_the_cap_are_counted_as_not_looked_at(
    check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_pages, "PAGES_CAP", 0)
    facts = check("pdf", plain_pdf()).facts
    assert (facts["pages"], facts["pages_looked_at"]) == (1, 0)


def test_a_pdf_that_needs_a_password_is_not_checked(check: Check) -> None:
    from io import BytesIO

    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    writer = copy_into_new_writer(PdfFileReader(BytesIO(plain_pdf())))
    writer.encrypt(owner_pass="secret", user_pass="secret")
    out = BytesIO()
    writer.write(out)
    result = check("pdf", out.getvalue())
    assert (result.outcome, codes(result)) == (NOT_CHECKED, {"FORMAT-ENCRYPTED"})
    assert result.facts["encrypted"] is True


# PDF/A


def test_a_pdf_that_only_claims_to_be_pdf_a_is_invalid(check: Check) -> None:
    pytest.importorskip("page", reason="page-validation is not installed")
    result = check("pdfa", plain_pdf(), puid="fmt/477")
    assert result.outcome is INVALID
    assert codes(result) == {"PDFA-RULE-BROKEN"}
    assert result.facts["profile"] == "PDF/A-2b"
    assert str(result.facts["tool"]).startswith("page-validation ")


def test_a_profile_that_no_tool_knows_is_not_checked(check: Check) -> None:
    result = check("pdfa", plain_pdf(), puid="fmt/1910")
    assert (result.outcome, codes(result)) == (NOT_CHECKED, {"VALIDATION-NO-PROFILE"})


# XML


def test_xml_is_well_formed_or_not(check: Check) -> None:
    good = check("xml", "<hồ-sơ><b/></hồ-sơ>".encode())
    assert (good.outcome, good.facts["elements"]) == (VALID, 2)
    assert codes(check("xml", b"<a><b></a>")) == {"XML-MALFORMED"}
    assert check("xml", b"<a><b></a>").outcome is INVALID


def test_xml_with_a_doctype_is_not_checked_rather_than_invalid(check: Check) -> None:
    result = check("xml", b"<!DOCTYPE svg><svg/>")
    assert (result.outcome, codes(result)) == (NOT_CHECKED, {"XML-DOCTYPE"})


# Office documents


def test_a_sound_office_document_is_valid(check: Check) -> None:
    result = check("ooxml", zip_of(documents.ooxml_parts()))
    assert (result.outcome, codes(result)) == (VALID, set())
    assert (result.facts["parts"], result.facts["macros"]) == (5, False)


def test_a_flipped_byte_in_a_part_is_caught_by_its_checksum(check: Check) -> None:
    content = zip_of(documents.ooxml_parts(), stored=True).replace(b"So 15", b"So 16", 1)
    assert check("ooxml", content).outcome is INVALID
    assert "ARCHIVE-MEMBER-DAMAGED" in codes(check("ooxml", content))


def test_a_part_that_a_relationship_names_must_be_there(check: Check) -> None:
    parts = documents.ooxml_parts()
    del parts["word/styles.xml"]
    result = check("ooxml", zip_of(parts))
    assert [(f.code, f.where, f.fields["target"]) for f in result.findings] == [
        ("OFFICE-PART-MISSING", "word/_rels/document.xml.rels", "word/styles.xml")
    ]


def test_a_part_that_is_not_well_formed_is_named(check: Check) -> None:
    parts = documents.ooxml_parts() | {"word/document.xml": b"<document>"}
    (finding,) = check("ooxml", zip_of(parts)).findings
    assert (finding.code, finding.where) == ("XML-MALFORMED", "word/document.xml")


def test_macros_and_links_to_outside_are_told(check: Check) -> None:
    parts = documents.ooxml_parts() | {
        "word/vbaProject.bin": b"\xd0\xcf",
        "word/_rels/settings.xml.rels": documents.ooxml_link("http://example.invalid/x.png"),
    }
    result = check("ooxml", zip_of(parts))
    assert result.outcome is VALID
    assert codes(result) == {"OFFICE-MACROS", "OFFICE-EXTERNAL-LINKS"}


def odt(**more: bytes) -> bytes:
    members = {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "content.xml": b"<content/>",
        "META-INF/manifest.xml": documents.odf_manifest("/", "content.xml"),
    }
    return zip_of(members | {name.replace("__", "/"): body for name, body in more.items()})


def test_a_sound_opendocument_is_valid(check: Check) -> None:
    result = check("odf", odt())
    assert (result.outcome, codes(result)) == (VALID, set())


def test_what_the_manifest_lists_must_be_there(check: Check) -> None:
    listed = {"META-INF__manifest.xml": documents.odf_manifest("content.xml", "Pictures/1.png")}
    result = check("odf", odt(**listed))
    assert [f.fields["target"] for f in result.findings] == ["Pictures/1.png"]
    assert result.outcome is INVALID


def test_an_encrypted_opendocument_is_not_checked(check: Check) -> None:
    manifest = documents.odf_manifest("content.xml", encrypted="content.xml")
    result = check("odf", odt(**{"META-INF__manifest.xml": manifest, "content.xml": b"\0\1"}))
    assert (result.outcome, codes(result)) == (NOT_CHECKED, {"FORMAT-ENCRYPTED"})


def test_macros_of_an_opendocument_are_told(check: Check) -> None:
    assert codes(check("odf", odt(**{"Basic__Standard__m.xml": b"<m/>"}))) == {"OFFICE-MACROS"}


# Databases


def test_a_database_archive_holds_every_table_it_declares(check: Check) -> None:
    good = check("siard", documents.siard("table0", "table1"))
    assert (good.outcome, good.facts["tables"]) == (VALID, 2)
    assert good.facts["version_folder"] == "2.1"
    bad = check("siard", documents.siard("table0", "table1", missing="table1"))
    assert [f.fields["target"] for f in bad.findings] == ["content/schema0/table1/table1.xml"]
    assert bad.outcome is INVALID
    assert codes(check("siard", documents.siard())) == {"SIARD-NO-TABLES"}
    assert codes(check("siard", zip_of({"a": b"b"}))) == {"SIARD-PART-MISSING"}


# Text

VIETNAMESE = "Căn cứ Luật Lưu trữ, Ủy ban nhân dân quyết định phê duyệt hồ sơ\n" * 4


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"plain", "ascii"),
        (VIETNAMESE.encode(), "utf-8"),
        (VIETNAMESE.encode("utf-8-sig"), "utf-8-sig"),
        (VIETNAMESE.encode("utf-16"), "utf-16-le"),
    ],
)
def test_unicode_text_is_valid(check: Check, content: bytes, encoding: str) -> None:
    result = check("text", content)
    assert (result.outcome, codes(result)) == (VALID, set())
    assert result.facts["encoding"] == encoding


def legacy(text: str, table: dict[int, str]) -> bytes:
    back = {letter: byte for byte, letter in table.items()}
    return bytes(back[letter] for letter in text)


def test_old_vietnamese_encodings_are_named(check: Check) -> None:
    from schemas.names_legacy import TCVN3, VISCII

    text = "căn cứ luật lưu trữ, ủy ban nhân dân quyết định phê duyệt hồ sơ\n" * 4
    for name, table in (("tcvn3", TCVN3), ("viscii", VISCII)):
        result = check("text", legacy(text, dict(table)))
        assert (result.outcome, codes(result)) == (VALID, {"TEXT-LEGACY-ENCODING"})
        assert result.facts["encoding"] == name


def test_old_vietnamese_letters_among_binary_bytes_are_no_text(check: Check) -> None:
    from schemas.names_legacy import VISCII

    text = legacy("căn cứ luật lưu trữ, ủy ban nhân dân quyết định\n" * 4, dict(VISCII))
    assert codes(check("text", text + b"\x00\x01")) == {"TEXT-ENCODING-UNKNOWN"}


def test_bytes_that_are_no_text_are_invalid(check: Check) -> None:
    assert codes(check("text", b"abc\0\1\2def")) == {"TEXT-CONTROLS"}
    assert codes(check("text", bytes(range(128, 256)) * 50)) == {"TEXT-ENCODING-UNKNOWN"}
    assert codes(check("text", b"\xff\xfea\0b")) == {"TEXT-UNDECODABLE"}
