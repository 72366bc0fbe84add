"""A newer signature set: loaded from a folder or a ZIP, compared, refused if it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.awkward import PDF_14, zip_of
from kit.oracles import shared
from preservation.formats.engine import Identifier
from preservation.formats.shipped import SignatureFilesMissing, shipped_files
from preservation.formats.signature_set import SignatureSet
from preservation.formats.updates import (
    Comparison,
    Sample,
    compare_sets,
    load_candidate,
    objections,
    refused,
)
from schemas.xml import XmlRefused

CONTAINERS = """<ContainerSignatureMapping><ContainerSignatures>
<ContainerSignature Id="1" ContainerType="ZIP"><Description>d</Description><Files><File>
<Path>a</Path></File></Files></ContainerSignature></ContainerSignatures><FileFormatMappings>
<FileFormatMapping signatureId="1" Puid="fmt/9"/></FileFormatMappings>
</ContainerSignatureMapping>"""


def formats(regex_by_number: dict[str, str]) -> str:
    parts = "".join(
        f"<format><puid>fmt/{number[1:]}</puid><name>n</name><signature><name>s</name><pattern>"
        f"<position>BOF</position><regex>{regex}</regex></pattern></signature></format>"
        for number, regex in regex_by_number.items()
    )
    return f"<formats>{parts}</formats>"


def brought(
    folder: Path, regexes: dict[str, str], *, version: int = 200, dated: int = 20300101
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"formats-v{version}.xml").write_text(formats(regexes))
    (folder / f"container-signature-{dated}.xml").write_text(CONTAINERS)
    return folder


def sample(key: str, content: bytes) -> Sample:
    return Sample(key, key, len(content), content, content)


def compared(
    tmp_path: Path, old: dict[str, str], new: dict[str, str]
) -> tuple[SignatureSet, SignatureSet, Comparison]:
    before = load_candidate(brought(tmp_path / "old", old, version=199)).signature_set
    after = load_candidate(brought(tmp_path / "new", new)).signature_set
    samples = [sample("a.x", b"AAAA"), sample("b.x", b"BBBB")]
    return before, after, compare_sets(Identifier(before), Identifier(after), samples)


def test_a_zip_and_a_folder_hold_the_same_set(tmp_path: Path) -> None:
    folder = brought(tmp_path / "set", {"f1": r"(?s)\AAA"})
    members = {f"deep/{p.name}": p.read_bytes() for p in folder.iterdir()}
    (tmp_path / "set.zip").write_bytes(zip_of(members | {"readme.txt": b"hello"}))
    one, other = load_candidate(folder), load_candidate(tmp_path / "set.zip")
    assert one.signature_set.sha256 == other.signature_set.sha256
    assert one.signature_set.version == "PRONOM v200, container 20300101"
    assert set(one.documents) == {"formats-v200.xml", "container-signature-20300101.xml"}


def test_of_several_sets_the_newest_is_taken(tmp_path: Path) -> None:
    folder = brought(tmp_path, {"f1": r"(?s)\AAA"}, version=99)
    brought(folder, {"f1": r"(?s)\AAA"}, version=100, dated=20310101)
    loaded = load_candidate(folder).signature_set
    assert loaded.version == "PRONOM v100, container 20310101"


def test_fidos_own_formats_are_kept_when_none_are_brought(tmp_path: Path) -> None:
    own = shipped_files().extensions
    assert own is not None
    loaded = load_candidate(brought(tmp_path, {"f1": "AA"}), extensions=own.read_bytes())
    assert "fido-fmt/python" in loaded.signature_set.by_puid
    assert "format_extensions.xml" in loaded.documents


def test_what_holds_no_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of({"a": b"b"}))
    (tmp_path / "b.zip").write_bytes(b"PK\3\4 cut")
    for path in (tmp_path, tmp_path / "a.zip", tmp_path / "b.zip", tmp_path / "absent"):
        with pytest.raises(SignatureFilesMissing):
            load_candidate(path)
    hostile = brought(tmp_path / "hostile", {"f1": "AA"})
    (hostile / "formats-v200.xml").write_text("<!DOCTYPE a><formats/>")
    with pytest.raises(XmlRefused):
        load_candidate(hostile)


def test_differences_are_told_file_by_file(tmp_path: Path) -> None:
    before, after, told = compared(
        tmp_path, {"f1": r"(?s)\AAA", "f2": r"(?s)\ABB"}, {"f3": r"(?s)\AAA", "f2": r"(?s)\ABB"}
    )
    assert (told.compared, told.added, told.removed) == (2, ("fmt/3",), ("fmt/1",))
    (one,) = told.differences
    assert (one.key, one.before.puids, one.after.puids) == ("a.x", ("fmt/1",), ("fmt/3",))
    assert not refused(objections(before, after, told))


def test_a_set_that_forgets_a_held_format_is_refused(tmp_path: Path) -> None:
    before, after, told = compared(
        tmp_path, {"f1": r"(?s)\AAA", "f2": r"(?s)\ABB"}, {"f2": r"(?s)\ABB"}
    )
    why = objections(before, after, told, needed={"fmt/1"})
    assert [f.code for f in why] == ["FORMAT-UPDATE-REMOVES", "FORMAT-UPDATE-LOSES"]
    assert why[1].fields["files"] == "a.x"
    assert refused(why)


def test_an_older_set_and_the_same_set_are_refused(tmp_path: Path) -> None:
    before, after, told = compared(tmp_path, {"f1": "AA"}, {"f1": "AA", "f2": "BB"})
    assert "FORMAT-UPDATE-OLDER" in [f.code for f in objections(after, before, told)]
    assert [f.code for f in objections(after, after, told)] == ["FORMAT-UPDATE-SAME"]


def test_a_set_of_which_much_cannot_be_used_is_refused(tmp_path: Path) -> None:
    before, after, told = compared(tmp_path, {"f1": "AA"}, {"f1": "AA", "f2": "(", "f3": "BB"})
    why = objections(before, after, told)
    assert [f.code for f in why] == ["FORMAT-UPDATE-UNUSABLE", "FORMAT-PATTERN-INVALID"]
    assert refused(why)


def test_pronom_v116_is_taken_in_the_shipped_sets_place(engine: Identifier) -> None:
    own = shipped_files().extensions
    assert own is not None
    folder = shared("corpora", "pronom-signatures-v116")
    candidate = load_candidate(folder, extensions=own.read_bytes())
    newer = Identifier(candidate.signature_set)
    told = compare_sets(engine, newer, [sample("a.pdf", PDF_14)])
    assert (told.compared, told.differences) == (1, ())
    why = objections(engine.signature_set, newer.signature_set, told, needed={"fmt/18"})
    assert not refused(why)
    assert {finding.code for finding in why} == {"FORMAT-PATTERN-REPAIRED"}
