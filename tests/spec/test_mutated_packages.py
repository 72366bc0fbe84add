"""Sound packages, mutated: whatever comes, no crash, nothing written but scratch, and nothing is
accepted whose content differs from what its manifest says. The check is not ours: it reads
manifests by the standard library, as simply as can be."""

from __future__ import annotations

import hashlib
import io
import posixpath
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.bench import Bench
from ingest.inspection import Inspection, inspect_package, open_bench
from ingest.settings import IngestSettings
from kit.eark_packages import FOLDER, REP, spec
from kit.packages import Forged, bag_files, forge_zip
from kit.tt05_packages import aip, sip
from schemas.nouns import Outcome
from schemas.progress import NoProgress
from schemas.tt05_names import folder_of

METS = "{http://www.loc.gov/METS/}"
HREF = "{http://www.w3.org/1999/xlink}href"
Files = dict[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A profile, a sound package of it, and whether content is what the manifest says."""

    profile: str
    make: Callable[[], Files]
    agrees: Callable[[Mapping[str, bytes]], bool]
    folder: str = FOLDER
    xml: tuple[str, ...] = field(default=())


def bag() -> Files:
    payload = {"a.txt": b"mot\n", "phu luc/b.txt": b"hai\n", "Tờ trình.txt": b"ba\n"}
    return bag_files(payload, algorithms=("sha256",))


def bag_agrees(files: Mapping[str, bytes]) -> bool:
    """Every payload file's digest is in the manifest, and every digest there is a file's."""
    named = {
        line.split()[0].lower()
        for line in files["manifest-sha256.txt"].decode("utf-8-sig").splitlines()
        if line.strip()
    }
    return named == {sha256(c) for path, c in files.items() if path.startswith("data/")}


def mets_agrees(files: Mapping[str, bytes]) -> bool:
    """Every reference leads to a file with the stated digest; every data file is referred to."""
    referred = set()
    for name in ("METS.xml", f"{REP}METS.xml"):
        if name not in files:
            continue
        for href, element in references(ET.fromstring(files[name])):
            paths = (posixpath.dirname(name), "")
            found = [p for b in paths if (p := posixpath.join(b, unquote(href))) in files]
            if not found:
                return False
            stated = element.get("CHECKSUM", "").strip().lower()
            if stated and all(stated not in digests(files[path]) for path in found):
                return False
            referred.update(found)
    return {path for path in files if path.startswith(f"{REP}data/")} <= referred


def references(root: ET.Element) -> Iterator[tuple[str, ET.Element]]:
    for each in root.iter(f"{METS}mdRef"):
        yield each.get(HREF, ""), each
    for each in root.iter(f"{METS}file"):
        for location in each.findall(f"{METS}FLocat"):
            yield location.get(HREF, ""), each


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digests(content: bytes) -> set[str]:
    kinds = ("sha256", "sha512", "sha384", "sha1", "md5")
    return {hashlib.new(kind, content).hexdigest() for kind in kinds}


def with_folder(files: Mapping[str, bytes], name: str) -> Files:
    return {f"{name}/{path}": content for path, content in files.items()}


XML = ("METS.xml", f"{REP}METS.xml")
KINDS = {
    "bag": Kind("bag", bag, bag_agrees),
    "csip": Kind("csip", lambda: spec().all_files(), mets_agrees, xml=XML),
    "sip": Kind(
        "tt05",
        lambda: sip().files(),
        mets_agrees,
        folder_of(sip().objid),
        (*XML, "metadata/descriptive/EAD.xml"),
    ),
    "aip": Kind(
        "tt05",
        lambda: aip().files(),
        mets_agrees,
        folder_of(aip().objid),
        (*XML, "metadata/descriptive/EAD.xml", "metadata/preservation/PREMIS.xml"),
    ),
}


@cache
def sound(name: str) -> Mapping[str, bytes]:
    return KINDS[name].make()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch")


@pytest.fixture(scope="module")
def bench(scratch: Path) -> Iterator[Bench]:
    with open_bench(IngestSettings(workers=1), scratch, progress=NoProgress()) as opened:
        yield opened


def judged(name: str, files: Mapping[str, bytes], bench: Bench, scratch: Path) -> Outcome:
    """Judges a package in a folder of its own, and holds the outcome against the manifest."""
    with tempfile.TemporaryDirectory() as around:
        source = Path(around) / KINDS[name].folder
        source.mkdir()
        for path, content in files.items():
            target = source / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        before = snapshot(Path(around))
        found = inspect_package(source, bench, scratch, profile=KINDS[name].profile)
        assert snapshot(Path(around)) == before
    left_clean(scratch)
    if found.outcome is Outcome.ACCEPTED:
        assert KINDS[name].agrees(files), told(found)
    return found.outcome


def snapshot(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()) if path.is_file() else ""
        for path in folder.rglob("*")
    }


def left_clean(scratch: Path) -> None:
    assert {path.name for path in scratch.iterdir()} <= {"workers", "staging"}
    assert not list((scratch / "staging").iterdir())


def told(found: Inspection) -> list[tuple[str, str]]:
    return [(finding.code, finding.where) for finding in found.findings]


def file_changes(name: str) -> st.SearchStrategy[Files]:
    """The package with up to three of its files gone, altered, cut, doubled or moved."""
    paths = sorted(sound(name))
    change = st.tuples(
        st.sampled_from(("drop", "flip", "cut", "copy", "move", "swap", "empty")),
        st.sampled_from(paths),
        st.sampled_from(paths),
        st.integers(0, 10_000),
    )
    return st.lists(change, min_size=1, max_size=3).map(lambda c: changed(sound(name), c))


def changed(files: Mapping[str, bytes], changes: list[tuple[str, str, str, int]]) -> Files:
    made = dict(files)
    for kind, path, other, place in changes:
        content = made.get(path)
        if content is None:
            continue
        match kind:
            case "drop":
                del made[path]
            case "flip" if content:
                at = place % len(content)
                made[path] = content[:at] + bytes([content[at] ^ 0x15]) + content[at + 1 :]
            case "cut":
                made[path] = content[: place % (len(content) + 1)]
            case "copy":
                made[f"{posixpath.dirname(path)}/them-{place}.txt".lstrip("/")] = content
            case "move":
                made[f"{path}.{place}"] = made.pop(path)
            case "swap" if other in made:
                made[path], made[other] = made[other], content
            case _:
                made[path] = b""
    return made


@st.composite
def xml_changes(draw: st.DrawFn, name: str) -> Files:
    """The package with one of its XML files changed in up to three places, as XML."""
    files = dict(sound(name))
    path = draw(st.sampled_from(KINDS[name].xml))
    root = ET.fromstring(files[path])
    for _ in range(draw(st.integers(1, 3))):
        elements = list(root.iter())
        parent = elements[draw(st.integers(0, len(elements) - 1))]
        kind = draw(st.sampled_from(("drop", "double", "unset", "set", "text", "move")))
        children, attributes = list(parent), sorted(parent.attrib)
        if kind in {"drop", "double", "move"} and children:
            child = draw(st.sampled_from(children))
            if kind == "double":
                parent.append(ET.fromstring(ET.tostring(child)))
            else:
                parent.remove(child)
            if kind == "move":
                root.append(child)
        elif kind in {"unset", "set"} and attributes:
            key = draw(st.sampled_from(attributes))
            values = ("", "x", "../x", "0", "SHA-1", "MD5", "TIGER", "file:///etc/passwd", "a b")
            if kind == "unset":
                del parent.attrib[key]
            else:
                parent.set(key, draw(st.sampled_from(values)))
        else:
            parent.text = draw(st.sampled_from(("", "khác", "2026-13-45", " ")))
    files[path] = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return files


def text_changes(name: str) -> st.SearchStrategy[Files]:
    """The bag's tag files changed as bytes."""
    tags = ["bagit.txt", "bag-info.txt", "manifest-sha256.txt"]
    edits = st.tuples(st.sampled_from(tags), st.integers(0, 500), st.binary(max_size=4))

    def edited(change: tuple[str, int, bytes]) -> Files:
        path, place, put = change
        files = dict(sound(name))
        at = place % len(files[path])
        files[path] = files[path][:at] + put + files[path][at + len(put) % 3 :]
        return files

    return edits.map(edited)


LIMITS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize("name", KINDS)
def test_a_sound_package_is_accepted(name: str, bench: Bench, scratch: Path) -> None:
    assert KINDS[name].agrees(sound(name))
    assert judged(name, sound(name), bench, scratch) is Outcome.ACCEPTED


@pytest.mark.parametrize("name", KINDS)
@LIMITS
@given(data=st.data())
def test_files_gone_altered_or_moved(
    name: str, data: st.DataObject, bench: Bench, scratch: Path
) -> None:
    judged(name, data.draw(file_changes(name)), bench, scratch)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.xml])
@LIMITS
@given(data=st.data())
def test_xml_files_changed_as_xml(
    name: str, data: st.DataObject, bench: Bench, scratch: Path
) -> None:
    judged(name, data.draw(xml_changes(name)), bench, scratch)


@LIMITS
@given(files=text_changes("bag"))
def test_tag_files_changed_as_text(files: Files, bench: Bench, scratch: Path) -> None:
    judged("bag", files, bench, scratch)


@pytest.mark.parametrize("name", KINDS)
@LIMITS
@given(data=st.data())
def test_bytes_of_the_zip_changed(
    name: str, data: st.DataObject, bench: Bench, scratch: Path
) -> None:
    content = bytearray(zipped(name))
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(1, 255)), max_size=4)
    ):
        content[at] ^= value
    with tempfile.TemporaryDirectory() as around:
        source = Path(around) / f"{KINDS[name].folder}.zip"
        source.write_bytes(content)
        found = inspect_package(source, bench, scratch, profile=KINDS[name].profile)
        assert [path.name for path in Path(around).iterdir()] == [source.name]
    left_clean(scratch)
    if found.outcome is Outcome.ACCEPTED:
        with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
            seen = {
                info.filename.partition("/")[2]: archive.read(info)
                for info in archive.infolist()
                if not info.is_dir()
            }
        assert KINDS[name].agrees(seen), told(found)


@cache
def zipped(name: str) -> bytes:
    files = with_folder(sound(name), KINDS[name].folder)
    return forge_zip(
        Forged(path.encode(), content, flags=0x0800) for path, content in files.items()
    )
