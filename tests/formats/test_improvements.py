"""Where we answer otherwise than fido 1.6.1 on purpose: its answer, ours, PRONOM's rule.

Answers over the skeleton corpus are in ``test_against_fido``; docs/measurements/formats.md
lists all of it.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kit import awkward, cfb
from kit.identified import identify
from preservation.formats.engine import Identifier
from preservation.formats.fido_adapter import FidoAdapter

Answer = tuple[str, tuple[str, ...]]
Ask = Callable[[bytes, str], tuple[Answer, Answer]]


@pytest.fixture
def ask(tmp_path: Path, engine: Identifier, stock: FidoAdapter) -> Ask:
    """What fido says and what we say of the same bytes."""

    def asked(content: bytes, name: str) -> tuple[Answer, Answer]:
        (tmp_path / name).write_bytes(content)
        theirs, own = stock.identify(tmp_path / name), identify(engine, content, name)
        return (theirs.method, theirs.puids), (own.method, own.puids)

    return asked


def word_document() -> bytes:
    """A docx laid out as Word writes it: growth hint in the first member, version 45."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        types = zipfile.ZipInfo("[Content_Types].xml")
        types.extra = b"\x20\xa2\x04\x00\x28\xa0\x00\x00"
        archive.writestr(types, awkward.WORD_TYPES)
        archive.writestr(zipfile.ZipInfo("word/document.xml"), b"<w:document/>")
        last = zipfile.ZipInfo("docProps/app.xml")
        last.create_version = 45
        archive.writestr(last, b"<Properties/>")
    return out.getvalue()


def test_a_document_as_word_writes_it_has_a_pronom_id(ask: Ask) -> None:
    """Fido's own signature hides the ZIP, so that it never looks inside (its issue 152)."""
    theirs, own = ask(word_document(), "a.docx")
    assert theirs == ("signature", ("fido-fmt/189.word",))
    assert own == ("container", ("fmt/412",))


def test_a_format_is_named_once(ask: Ask) -> None:
    """Two signatures of one format that both match name it twice in fido."""
    content = cfb.ole2({"Workbook": b"\x09\x08\x10\x00\x00\x06\x05\x00" + bytes(40)})
    theirs, own = ask(content, "a.xls")
    assert len(theirs[1]) > 1
    assert own == ("container", ("fmt/61",))


def test_all_files_of_a_container_signature_count(ask: Ask) -> None:
    """A message needs two streams and no bytes: fido skips signatures without bytes."""
    content = cfb.ole2({"__properties_version1.0": b"", "__nameid_version1.0": b""})
    theirs, own = ask(content, "a.msg")
    assert theirs == ("signature", ("fmt/111",))
    assert own == ("container", ("x-fmt/430",))


def test_siard_is_told_by_a_folder_in_its_header(ask: Ask) -> None:
    content = awkward.zip_of({"header/siardversion/2.1/": b"", "header/metadata.xml": b"<x/>"})
    theirs, own = ask(content, "a.siard")
    assert theirs == ("signature", ("x-fmt/263",))
    assert own == ("container", ("fmt/1196",))


def test_all_subsequences_count(ask: Ask) -> None:
    """ODF 1.2 and 1.0 differ in the second subsequence only; fido reads the first."""
    content = awkward.odf(b"application/vnd.oasis.opendocument.spreadsheet", "1.2")
    theirs, own = ask(content, "a.ods")
    assert theirs != own
    assert own == ("container", ("fmt/295",))


def test_stream_names_are_compared_without_case(ask: Ask) -> None:
    """[MS-CFB] 2.6.4 compares names in upper case; works written elsewhere rely on it."""
    streams = {"WORDDOCUMENT": b"x", "\x01COMPOBJ": cfb.compobj(b"Word.Document.8")}
    _theirs, own = ask(cfb.ole2(streams), "a.doc")
    assert own == ("container", ("fmt/40",))


def test_a_container_format_told_by_bytes_keeps_its_priority(ask: Ask) -> None:
    """PRONOM: fmt/125 has priority over fmt/126; the 2020 containers know only fmt/126."""
    streams = {
        "PowerPoint Document": b"x",
        "Header": b"Microsoft (R) PowerPoint (R) Windows  \0\7\0\0\0\xf0\3\0\0_",
    }
    theirs, own = ask(cfb.ole2(streams), "a.ppt")
    assert theirs[1] == own[1] == ("fmt/125",)


def test_one_byte_of_any_kind_is_one_byte(ask: Ask) -> None:
    """PRONOM x-fmt/268: ``425A68??314159…``; fido makes the ``??`` optional."""
    theirs, own = ask(b"BZh1AY&SY" + bytes(30), "a.dat")
    assert theirs == ("signature", ("x-fmt/268",))
    assert own[0] == "extension"
    assert ask(b"BZh91AY&SY" + bytes(30), "b.dat")[1] == ("signature", ("x-fmt/268",))


def test_a_damaged_container_ends_nothing(ask: Ask) -> None:
    """Fido lets zlib.error out; its adapter says that the tool failed."""
    theirs, own = ask(awkward.docx_with_corrupt_deflate(), "a.docx")
    assert theirs == ("none", ())
    assert own == ("signature", ("x-fmt/263",))
