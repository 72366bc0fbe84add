"""What the engine says of ordinary files, and why."""

from __future__ import annotations

import pytest

from kit import awkward, cfb
from kit.identified import identify, identify_counting
from preservation.formats.engine import Identifier
from preservation.formats.prefilter import Prefilter
from preservation.formats.shipped import shipped_files
from preservation.formats.signature_set import Pattern, Signature, SignatureSet

ODT = b"application/vnd.oasis.opendocument.text"


def test_a_result_names_format_version_and_the_set_that_said_so(engine: Identifier) -> None:
    found = identify(engine, awkward.PDF_14, "a.pdf")
    assert (found.puids, found.method, found.warnings) == (("fmt/18",), "signature", ())
    assert (found.versions, found.mime) == (("1.4",), "application/pdf")
    assert found.signature_set == engine.signature_set.id
    assert engine.signature_set.sha256[:32] in found.signature_set


@pytest.mark.parametrize(
    ("content", "name", "puid"),
    [
        (awkward.docx(), "a.docx", "fmt/412"),
        (awkward.odf(ODT, "1.2"), "a.odt", "fmt/291"),
        (awkward.zip_of({"header/siardversion/2.1/": b""}), "a.siard", "fmt/1196"),
        (
            cfb.ole2({"WordDocument": b"x", "\x01CompObj": cfb.compobj(b"Word.Document.8")}),
            "a.doc",
            "fmt/40",
        ),
        (
            cfb.ole2({"Workbook": b"\x09\x08\x10\x00\x00\x06\x05\x00" + b"\0" * 20}),
            "a.xls",
            "fmt/61",
        ),
        (
            cfb.ole2({"__properties_version1.0": b"", "__nameid_version1.0": b""}),
            "a.msg",
            "x-fmt/430",
        ),
        (cfb.ole2({"EncryptedPackage": b"x" * 5000}), "a.docx", "fmt/494"),
    ],
)
def test_a_container_is_told_by_what_it_holds(
    engine: Identifier, content: bytes, name: str, puid: str
) -> None:
    found = identify(engine, content, name)
    assert (found.puids, found.method) == ((puid,), "container")


def test_an_encrypted_document_says_so(engine: Identifier) -> None:
    found = identify(engine, cfb.ole2({"EncryptedPackage": b"x" * 5000}), "a.docx")
    assert "FORMAT-ENCRYPTED" in found.warnings


def test_a_zip_that_no_signature_knows_stays_a_zip(engine: Identifier) -> None:
    found = identify(engine, awkward.zip_of({"a.txt": b"hello"}), "a.zip")
    assert (found.puids, found.method, found.warnings) == (("x-fmt/263",), "signature", ())


def test_an_extension_that_contradicts_the_bytes_is_a_warning(engine: Identifier) -> None:
    assert identify(engine, awkward.PDF_14, "a.docx").warnings == ("FORMAT-EXTENSION-MISMATCH",)
    assert identify(engine, awkward.PDF_14, "A.PDF").warnings == ()
    assert identify(engine, awkward.PDF_14, "no extension").warnings == ()


def test_bytes_that_say_nothing_are_judged_by_the_name_and_say_so(engine: Identifier) -> None:
    by_name = identify(engine, b"Kinh gui", "cong van.txt")
    assert (by_name.method, by_name.warnings) == ("extension", ("FORMAT-EXTENSION-ONLY",))
    assert by_name.puids == ("x-fmt/111",)
    unknown = identify(engine, b"Kinh gui", "cong van")
    assert (unknown.puids, unknown.method) == ((), "none")
    assert unknown.warnings == ("FORMAT-UNKNOWN",)


def test_an_empty_file_has_no_format_whatever_its_name(engine: Identifier) -> None:
    found = identify(engine, b"", "a.pdf")
    assert (found.puids, found.method, found.warnings) == ((), "none", ("FORMAT-EMPTY",))


def test_a_small_container_is_looked_into_without_reading_the_file_again(
    engine: Identifier,
) -> None:
    found, again = identify_counting(engine, awkward.docx(), "a.docx")
    assert found.puids == ("fmt/412",)
    assert again.files == []


def test_a_large_container_costs_only_the_member_that_tells(engine: Identifier) -> None:
    noise = bytes(range(256)) * 4000
    members = {"a.bin": noise, "[Content_Types].xml": awkward.WORD_TYPES, "z.bin": noise}
    found, again = identify_counting(engine, awkward.zip_of(members, stored=True), "a.docx")
    assert found.puids == ("fmt/412",)
    assert 0 < again.read_bytes < 2000
    assert all(file.closed for file in again.files)


def test_without_the_file_only_head_and_tail_are_judged_and_the_result_says_so(
    engine: Identifier,
) -> None:
    members = {"a.bin": bytes(300_000), "[Content_Types].xml": awkward.WORD_TYPES}
    content = awkward.zip_of({**members, "z.bin": bytes(300_000)}, stored=True)
    found = engine.identify(
        name="a.docx", size_bytes=len(content), head=content[:131072], tail=content[-131072:]
    )
    assert found.method == "signature"
    assert "FORMAT-CONTAINER-LIMIT" in found.warnings


def test_the_prefilter_never_hides_a_signature_that_matches() -> None:
    def signature(number: int, *patterns: tuple[str, bytes]) -> Signature:
        from preservation.formats.regex_tree import parse

        return Signature(number, "", tuple(Pattern(p, r, parse(r)) for p, r in patterns))

    signatures = [
        signature(0, ("BOF", rb"(?s)\AABCDEFGHIJ")),
        signature(1, ("BOF", rb"(?s)\A.{2,5}needle")),
        signature(2, ("EOF", rb"(?s)end.{0,4}\Z")),
        signature(3, ("VAR", rb"(?s)anywhere")),
        signature(4, ("BOF", rb"(?s)\A[a-z]")),
    ]
    prefilter = Prefilter(signatures)
    cases = [
        (b"ABCDEFGHIJ", 0),
        (b"12345needle", 1),
        (b"..end1234", 2),
        (b"x" * 9 + b"anywhere", 3),
    ]
    for content, number in cases:
        assert number in prefilter.candidates(content, content)
    assert prefilter.candidates(b"1", b"1") == [4]


def test_a_set_that_is_loaded_twice_is_the_same_set(engine: Identifier) -> None:
    again = SignatureSet.load_files(shipped_files())
    assert again.id == engine.signature_set.id
    assert again.findings == ()
