"""Our own METS and PREMIS schemas and the official ones agree on generic E-ARK packages, sound
and mutated: what one accepts, the other does."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.pipeline import ingest
from kit.archives import make_bed
from kit.desk import desk_of
from kit.eark_packages import REP, old_spec, spec
from kit.official import mets_faults, premis_faults
from preservation.restore import RestoreRequest, restore
from schemas.moments import utc_now
from schemas.progress import NoProgress
from schemas.tt05_schemas import own_schemas
from schemas.xml import Xsd, XsdFault, parse_untrusted
from storage_backends.filesystem import FilesystemBackend

NAMES = ("METS.xml", f"{REP}METS.xml")
PREMIS = ("metadata/preservation/PREMIS.xml", f"{REP}metadata/preservation/PREMIS_rep1.xml")
VALUES = ("", "x", "1a", "-1", "0", "AIP", "URL", "OTHER", "SHA-256", "PHYSICAL", "a b", "2026",
          "2026-03-02T09:15:00", "2026-02-30T00:00:00Z", "true")  # fmt: skip
LEFT_OPEN = ("{http://www.w3.org/",)
LIMITS = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@cache
def sips() -> tuple[bytes, ...]:
    return tuple(make().all_files()[name] for make in (spec, old_spec) for name in NAMES)


@pytest.fixture(scope="module")
def aip(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """The METS and PREMIS files of an AIP that we wrote."""
    folder = tmp_path_factory.mktemp("aip")
    stores = {"only": FilesystemBackend.create("only", str(folder / "only"))}
    bed = make_bed(folder / "archive", stores, min_copies=1)
    with bed.open() as archive, desk_of(archive) as desk:
        receipt = ingest(spec().write(folder / "in"), desk, fonds="TL05")
        request = RestoreRequest(target=folder / "out")
        restore(archive.replicas, request, now=utc_now, progress=NoProgress())
    root: Path = folder / "out" / receipt.aip_id
    return {name: (root / name).read_bytes() for name in (*NAMES, *PREMIS)}


def mutated(draw: st.DrawFn, content: bytes) -> bytes:
    """The document with one to three elements or attributes gone, doubled, moved or changed."""
    root = ET.fromstring(content)
    for _ in range(draw(st.integers(1, 3))):
        parent = draw(st.sampled_from(list(root.iter())))
        kind = draw(
            st.sampled_from(("drop", "double", "up", "last", "unset", "set", "new", "text"))
        )
        children = list(parent)
        names = sorted(n for n in parent.attrib if not n.startswith(LEFT_OPEN))
        if kind in {"drop", "double", "up", "last"} and children:
            child = draw(st.sampled_from(children))
            if kind == "double":
                parent.insert(children.index(child), ET.fromstring(ET.tostring(child)))
                continue
            parent.remove(child)
            if kind != "drop":
                (root if kind == "up" else parent).append(child)
        elif kind in {"unset", "set"} and names:
            name = draw(st.sampled_from(names))
            if kind == "unset":
                del parent.attrib[name]
            else:
                parent.set(name, draw(st.sampled_from(VALUES)))
        elif kind == "new":
            parent.set(draw(st.sampled_from(("KHAC", "ID", "SEQ", "USE"))), "x1")
        elif kind == "text":
            parent.text = draw(st.sampled_from(VALUES))
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))


def agree(content: bytes, own: Xsd, official: Callable[[bytes], list[XsdFault]]) -> None:
    mine = own.faults(parse_untrusted(io.BytesIO(content)))
    theirs = official(content)
    assert bool(mine) == bool(theirs), (mine, theirs)


def test_sound_packages_are_accepted_by_both() -> None:
    for content in sips():
        assert own_schemas().mets.faults(parse_untrusted(io.BytesIO(content))) == []
        assert mets_faults(content) == []


def test_what_we_wrote_is_accepted_by_both(aip: Mapping[str, bytes]) -> None:
    for name in NAMES:
        agree(aip[name], own_schemas().mets, mets_faults)
        assert mets_faults(aip[name]) == []
    for name in PREMIS:
        agree(aip[name], own_schemas().premis, premis_faults)
        assert premis_faults(aip[name]) == []


@LIMITS
@given(data=st.data())
def test_mutated_mets_of_sips(data: st.DataObject) -> None:
    content = data.draw(st.sampled_from(sips()))
    made = data.draw(st.composite(lambda draw: mutated(draw, content))())
    agree(made, own_schemas().mets, mets_faults)


@LIMITS
@given(data=st.data())
def test_mutated_mets_of_aips(data: st.DataObject, aip: Mapping[str, bytes]) -> None:
    content = aip[data.draw(st.sampled_from(NAMES))]
    made = data.draw(st.composite(lambda draw: mutated(draw, content))())
    agree(made, own_schemas().mets, mets_faults)


@LIMITS
@given(data=st.data())
def test_mutated_premis_of_aips(data: st.DataObject, aip: Mapping[str, bytes]) -> None:
    content = aip[data.draw(st.sampled_from(PREMIS))]
    made = data.draw(st.composite(lambda draw: mutated(draw, content))())
    agree(made, own_schemas().premis, premis_faults)
