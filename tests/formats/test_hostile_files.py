"""No file stops a run: each ends with a result and a warning, at a bounded cost."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest

from kit import awkward, cfb
from kit.identified import identify, identify_counting
from preservation.formats.engine import Identifier
from preservation.formats.extent import BudgetSpentError, Extent


def test_corrupt_deflate_in_the_telling_member_is_a_warning(engine: Identifier) -> None:
    found = identify(engine, awkward.docx_with_corrupt_deflate(), "a.docx")
    assert "FORMAT-CONTAINER-DAMAGED" in found.warnings
    assert found.method == "signature"


def test_a_truncated_zip_is_a_warning(engine: Identifier) -> None:
    found = identify(engine, awkward.docx()[:200], "a.docx")
    assert "FORMAT-CONTAINER-DAMAGED" in found.warnings


def test_a_bomb_is_inflated_to_the_cap_and_no_further(engine: Identifier) -> None:
    bomb = awkward.zip_of({"[Content_Types].xml": awkward.WORD_TYPES + bytes(80 << 20)})
    found, again = identify_counting(engine, bomb, "a.docx")
    assert (found.puids, found.method) == (("fmt/412",), "container")
    assert found.warnings == ("FORMAT-CONTAINER-LIMIT",)
    assert again.read_bytes < 1 << 20


def test_a_long_part_of_an_ordinary_document_is_no_bomb(engine: Identifier) -> None:
    lines = b"".join(b"<text:p>%d %d</text:p>" % (n, n * n) for n in range(60_000))
    start = b'<office:document-content office:version="1.2">'
    kind = b"application/vnd.oasis.opendocument.text"
    entry = b'<manifest:file-entry manifest:media-type="%s"/>' % kind
    members = {"mimetype": kind, "content.xml": start + lines, "META-INF/manifest.xml": entry}
    found = identify(engine, awkward.zip_of(members), "a.odt")
    assert (found.puids, found.warnings) == (("fmt/291",), ())


def test_reading_and_inflating_share_one_budget() -> None:
    content = bytes(1000)
    with Extent(1000, b"", b"", lambda: io.BytesIO(content), budget=300) as extent:
        extent.read_at(0, 200)
        extent.spend(100)
        with pytest.raises(BudgetSpentError):
            extent.read_at(200, 1)
    assert extent.work_bytes > 300


def test_a_directory_beyond_the_cap_is_read_to_the_cap_with_a_warning(engine: Identifier) -> None:
    size = 9 << 20
    start = b"PK\3\4" + bytes(26)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, size, len(start), 0)
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, *[0] * 7, 0, 0xFF00, *[0] * 5)
    directory = (entry + bytes(0xFF00)) * (size // (len(entry) + 0xFF00) + 1)
    found, again = identify_counting(engine, start + directory[:size] + end, "a.zip")
    assert "FORMAT-CONTAINER-LIMIT" in found.warnings
    assert again.read_bytes <= 8 << 20


def test_a_zip_of_a_hundred_thousand_entries_is_read_as_far_as_the_cap(
    engine: Identifier,
) -> None:
    entry = struct.Struct("<4s6H3L5H2L")
    one = entry.pack(b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0)
    directory = b"".join(one + b"%05d" % number for number in range(100_000))
    start = b"PK\3\4" + bytes(26)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(directory), len(start), 0)
    found = identify(engine, start + directory + end, "a.zip")
    assert found.puids == ("x-fmt/263",)
    assert "FORMAT-CONTAINER-LIMIT" in found.warnings


@pytest.mark.parametrize("broken", ["loop", "directory_loop", "bad_tree"])
def test_a_compound_file_that_goes_in_circles_is_a_warning(
    engine: Identifier, broken: str
) -> None:
    streams = {"CompObj": b"x" * 6000, "WordDocument": b"y" * 5000}
    content = cfb.ole2(streams, **{broken: True})
    found = identify(engine, content, "a.doc")
    assert "FORMAT-CONTAINER-DAMAGED" in found.warnings
    assert found.puids


def test_a_compound_file_that_claims_more_than_it_has_is_a_warning(engine: Identifier) -> None:
    content = cfb.ole2({"Contents": b"\0" * 6000})[:3000]
    assert "FORMAT-CONTAINER-DAMAGED" in identify(engine, content, "a.pub").warnings


def test_a_file_that_shrinks_under_our_hands_is_a_warning(engine: Identifier) -> None:
    members = {"a.bin": bytes(300_000), "[Content_Types].xml": awkward.WORD_TYPES}
    content = awkward.zip_of({**members, "z.bin": bytes(300_000)}, stored=True)
    found = engine.identify(
        name="a.docx",
        size_bytes=len(content),
        head=content[:131072],
        tail=content[-131072:],
        open_file=lambda: io.BytesIO(content[:150_000]),
    )
    assert "FORMAT-CONTAINER-DAMAGED" in found.warnings


def test_a_file_that_cannot_be_opened_again_is_a_warning(engine: Identifier) -> None:
    def refuse() -> io.BytesIO:
        raise PermissionError

    content = awkward.zip_of(
        {"a": bytes(300_000), "[Content_Types].xml": bytes(300_000)}, stored=True
    )
    found = engine.identify(
        name="a",
        size_bytes=len(content),
        head=content[:131072],
        tail=content[-131072:],
        open_file=refuse,
    )
    assert "FORMAT-CONTAINER-DAMAGED" in found.warnings


def test_an_encrypted_zip_says_so(engine: Identifier) -> None:
    content = bytearray(awkward.docx())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        start = archive.start_dir
    content[start + 8] |= 1
    assert "FORMAT-ENCRYPTED" in identify(engine, bytes(content), "a.docx").warnings


def test_any_characters_may_be_in_the_name(engine: Identifier) -> None:
    for name in ("\udcff\udcfe.pdf", "a\nb\t.pdf", "'\"%.pdf", "x" * 255 + ".pdf"):
        assert identify(engine, awkward.PDF_14, name).warnings == ()


def test_a_table_directory_made_to_explode_a_backtracking_matcher_is_answered(
    engine: Identifier,
) -> None:
    """x-fmt/453 allows 256 bytes between ten names: 60**8 ways to fail, years for fido."""
    content = (
        b"\0\1\0\0"
        + b"\0" * 8
        + b"".join(
            tag * 60
            for tag in (b"OS/2", b"cmap", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp")
        )
    )
    assert identify(engine, content, "a.ttf").method in ("extension", "signature")
