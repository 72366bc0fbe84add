"""Each of the 78 packages of reference/standards.md §5, received by a real archive: its outcome
was stated before the code, in tests/data/outcomes.toml."""

from __future__ import annotations

import tomllib
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ingest.desk import Desk
from ingest.pipeline import ingest
from kho.cli.exits import Exit
from kho.cli.ingest import exit_of
from kit.archives import make_bed
from kit.desk import desk_of
from kit.nasty import Delivery, Make, Meanwhile
from kit.nasty_archives import PACKAGES as ARCHIVES
from kit.nasty_bags import PACKAGES as BAGS
from kit.nasty_records import PACKAGES as RECORDS
from repository.ocfl.reader import list_objects
from schemas.errors import KhoError
from schemas.nouns import Place
from schemas.records import Receipt
from storage_backends.filesystem import FilesystemBackend

OUTCOMES = Path(__file__).parents[1] / "data" / "outcomes.toml"
MAKERS: dict[int, Make] = {**ARCHIVES, **BAGS, **RECORDS}
MEMORY_BYTES = 24 << 20
"""What one of these packages may cost on the way in; the largest is 80 MiB when unpacked."""


@dataclass(frozen=True)
class Package:
    number: int
    name: str
    outcome: str
    code: str


PACKAGES = tuple(
    Package(**row) for row in tomllib.loads(OUTCOMES.read_text(encoding="utf-8"))["package"]
)


@pytest.fixture(scope="module")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk whose judges serve all packages of the module; each has its own archive."""
    with make_bed(tmp_path_factory.mktemp("first")).open() as archive, desk_of(archive) as desk:
        yield desk


@pytest.fixture
def desk(shared_desk: Desk, tmp_path: Path) -> Iterator[Desk]:
    stores = {n: FilesystemBackend.create(n, str(tmp_path / n)) for n in ("alpha", "beta")}
    bed = make_bed(tmp_path / "archive", stores, accept_shared_failure_domain=True)
    with bed.open() as archive:
        yield replace(shared_desk, archive=archive)


def taken(delivery: Delivery, desk: Desk) -> Receipt | KhoError:
    """The receipt, or how our own side failed."""
    watching = replace(
        desk, settings=delivery.settings, progress=Meanwhile(deed=delivery.meanwhile)
    )
    if delivery.before is not None:
        ingest(delivery.before, desk, fonds="H99")
    try:
        return ingest(delivery.source, watching, fonds="H99")
    except KhoError as failed:
        return failed


def kept(desk: Desk, place: Place) -> int:
    """How many objects are there, the same on every replica."""
    counts = {len(list(list_objects(replica.backend, place))) for replica in desk.archive.replicas}
    assert len(counts) == 1
    return counts.pop()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: f"{p.number}-{p.name}")
def test_it_comes_out_as_stated(package: Package, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    delivery = MAKERS[package.number](tmp_path / "in")
    before = set(tmp_path.iterdir()) | set((tmp_path / "in").rglob("*"))
    held_before, stored_before = kept(desk, Place.HOLDING), kept(desk, Place.ARCHIVE)

    tracemalloc.start()
    answer = taken(delivery, desk)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    outcome = answer.outcome if isinstance(answer, Receipt) else "failed"
    found = (
        {finding.code: finding.severity for finding in answer.findings}
        if isinstance(answer, Receipt)
        else {answer.code: "error"}
    )
    assert (outcome, found) == (package.outcome, found)
    _assert_told(package, found)
    assert peak < MEMORY_BYTES
    assert set(tmp_path.iterdir()) | set((tmp_path / "in").rglob("*")) == before
    assert not list(desk.archive.staging.folders())
    earlier = int(delivery.before is not None)
    assert kept(desk, Place.HOLDING) - held_before == (outcome == "held")
    assert kept(desk, Place.ARCHIVE) - stored_before - earlier == (outcome == "accepted")
    exit_code = exit_of([answer]) if isinstance(answer, Receipt) else Exit(answer.exit_code)
    assert (
        exit_code
        == {
            "accepted": Exit.DONE,
            "duplicate": Exit.DONE,
            "held": Exit.DAMAGE_FOUND,
            "rejected": Exit.DAMAGE_FOUND,
            "failed": Exit.OUR_FAULT,
        }[outcome]
    )


USUAL = {"PROFILE-NO-METADATA", "FORMAT-TO-REVIEW"}
"""What anything without a description, or of a format that is on no list, has to be told."""


def _assert_told(package: Package, found: dict[str, str]) -> None:
    heaviest = {"held": "error", "rejected": "reject", "failed": "error"}
    if package.code:
        weights = (
            {heaviest[package.outcome]} if package.outcome in heaviest else {"warning", "info"}
        )
        assert found.get(package.code) in weights, found
    if package.outcome == "accepted":
        told = {code for code, severity in found.items() if severity != "info"}
        assert told <= {package.code} | USUAL, told


def test_all_78_are_there() -> None:
    assert [package.number for package in PACKAGES] == list(range(1, 79))
    assert sorted(MAKERS) == list(range(1, 79))
