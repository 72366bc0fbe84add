"""Loading signature sets: known by hash, tolerant of what is broken inside, once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kit.identified import identify
from preservation.formats import regex_tree, signature_set
from preservation.formats.byte_sequences import translate
from preservation.formats.engine import Identifier
from preservation.formats.regex_tree import source
from preservation.formats.shipped import SignatureFilesMissing, files_in, shipped_files
from preservation.formats.signature_set import SignatureSet
from schemas.xml import XmlRefused

CONTAINERS = (
    b"<ContainerSignatureMapping><ContainerSignatures/><FileFormatMappings/>"
    b"</ContainerSignatureMapping>"
)


def formats(*patterns: tuple[str, str, str]) -> bytes:
    parts = "".join(
        f"<signature><name>s</name><pattern><position>{position}</position>"
        f"<pronom_pattern>{pronom}</pronom_pattern><regex>{regex}</regex></pattern></signature>"
        for position, regex, pronom in patterns
    )
    text = f"<formats><format><puid>fmt/1</puid><name>n</name>{parts}</format></formats>"
    return text.encode()


def test_a_set_is_known_by_the_hash_of_its_files() -> None:
    one = SignatureSet.load(formats(("BOF", r"(?s)\Aab", "6162")), CONTAINERS, version="t")
    same = SignatureSet.load(formats(("BOF", r"(?s)\Aab", "6162")), CONTAINERS, version="t")
    other = SignatureSet.load(formats(("BOF", r"(?s)\Aac", "6163")), CONTAINERS, version="t")
    assert one.id == same.id
    assert one.sha256 != other.sha256


def test_an_invalid_pattern_is_left_out_and_named_once() -> None:
    loaded = SignatureSet.load(
        formats(("BOF", "(?s)[", ""), ("BOF", r"(?s)\Aab", "6162"), ("XYZ", "a", "")), CONTAINERS
    )
    assert [(f.code, f.where, f.fields["number"]) for f in loaded.findings] == [
        ("FORMAT-PATTERN-INVALID", "fmt/1", 1),
        ("FORMAT-PATTERN-INVALID", "fmt/1", 3),
    ]
    assert identify(Identifier(loaded), b"ab").puids == ("fmt/1",)


def test_an_offset_written_backwards_is_read_as_pronom_means_it_and_named() -> None:
    """PRONOM: offset 160, maximum offset 100, so 160 to 260; fido writes ``.{160,100}``."""
    written = formats(("BOF", r"(?s)\A.{160,100}roxio", "726F78696F"))
    loaded = SignatureSet.load(written, CONTAINERS)
    engine = Identifier(loaded)
    assert [f.code for f in loaded.findings] == ["FORMAT-PATTERN-REPAIRED"]
    assert identify(engine, bytes(160) + b"roxio").puids == ("fmt/1",)
    assert identify(engine, bytes(260) + b"roxio").puids == ("fmt/1",)
    assert identify(engine, bytes(261) + b"roxio").puids == ()


@pytest.mark.parametrize("hostile", [b"<formats>", b"", b"<!DOCTYPE x><formats/>", b"\xff\xfe\0"])
def test_what_is_no_signature_file_is_refused(hostile: bytes) -> None:
    with pytest.raises(XmlRefused):
        SignatureSet.load(hostile, CONTAINERS)
    with pytest.raises(XmlRefused):
        SignatureSet.load(formats(), hostile)


def test_without_the_private_parser_the_answers_are_the_same(
    monkeypatch: pytest.MonkeyPatch, engine: Identifier
) -> None:
    monkeypatch.setattr(signature_set, "parse", lambda regex: regex_tree.parse(regex, None))
    plain = Identifier(SignatureSet.load_files(shipped_files()))
    for content in (b"%PDF-1.4\n%%EOF\n", b"II*\0" + bytes(50), b"GIF89a" + bytes(20) + b";"):
        assert identify(plain, content) == identify(engine, content)


def test_the_shipped_files_are_found_by_what_versions_xml_names() -> None:
    found = shipped_files()
    assert found.formats.is_file()
    assert found.label.startswith(f"PRONOM v{found.version}, container 20")


def test_a_folder_without_a_set_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(SignatureFilesMissing) as refused:
        files_in(tmp_path)
    assert refused.value.fields["reason"] == "formats-v*.xml"
    (tmp_path / "formats-v9.xml").write_text("<formats/>")
    (tmp_path / "container-signature-20990101.xml").write_bytes(CONTAINERS)
    assert files_in(tmp_path).label == "PRONOM v9, container 20990101"


@pytest.mark.parametrize(
    ("sequence", "yes", "no"),
    [
        ("10 00 'Word' ['6'-'7'] 00", b"\x10\0Word6\0", b"\x10\0Word8\0"),
        ("[01:0F]", b"\x0f", b"\x10"),
        ("[22 27] 'x'", b"'x", b"(x"),
        ("(22|27)'x'", b'"x', b"(x"),
        ("[&01]", b"\x03", b"\x02"),
        ("[!00]", b"\x01", b"\x00"),
        ("[!4001]", b"\x40\x02", b"\x40\x01"),
        ("41??42{1-2}43", b"AxBxxC", b"AxBC"),
        ("41*42", b"A...B", b"A...C"),
    ],
)
def test_pronoms_own_notation_is_understood(sequence: str, yes: bytes, no: bytes) -> None:
    regex = re.compile(b"(?s)" + source(translate(sequence)))
    assert regex.fullmatch(yes)
    assert not regex.fullmatch(no)


@pytest.mark.parametrize("sequence", ["", "4", "41 zz", "[", "[]", "(41", "{2-1}", "~41"])
def test_what_is_not_understood_is_refused_instead_of_misread(sequence: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        translate(sequence)
