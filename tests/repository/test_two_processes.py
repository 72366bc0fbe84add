"""Two processes store a new version of one AIP: one wins, the other writes nothing and says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.archives import TestBed, store
from kit.other_process import Rival
from kit.places import KINDS, new_archive
from repository.archive import Repository
from repository.ocfl.claims import open_claims
from repository.ocfl.validator import inspect_backend
from schemas.ids import AipId

CONFLICT = {"stored": False, "code": "REPO-VERSION-TAKEN", "exit_code": 11}
WON = {"stored": True}


@pytest.fixture
def bed(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> Iterator[TestBed]:
    bed = new_archive(kind, tmp_path, request, ("alpha", "beta"))
    yield bed
    for backend in bed.backends.values():
        backend.close()


def a_dossier(bed: TestBed) -> AipId:
    archive = Repository.open(bed.settings, backends=bed.backends, now=bed.clock)
    aip_id = AipId(store(archive, {b"a.txt": b"van ban"}).aip_id)
    # The stores stay open: only what the process itself held is let go.
    assert archive._writer is not None
    archive._writer.release()
    archive.catalogue.close()
    return aip_id


def assert_one_valid_version_2(bed: TestBed, aip_id: AipId) -> None:
    keys = []
    for backend in bed.backends.values():
        reports = list(inspect_backend(backend, "ocfl/"))
        assert {(report.outcome, report.findings) for report in reports} == {("valid", ())}
        assert not list(open_claims(backend))
        keys.append({info.key for info in backend.list("ocfl/")})
    assert keys[0] == keys[1]
    assert len([key for key in keys[0] if "/v2/content/" in key]) == 1
    assert not [key for key in keys[0] if "/v3/" in key]
    with bed.open() as archive:
        facts = archive.catalogue.aip(aip_id)
        assert facts is not None
        assert facts.version == 2
        assert {c.replica for c in archive.catalogue.copies(aip_id) if c.version == 2} == {
            "alpha",
            "beta",
        }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wait_at", [0, 9], ids=["at once", "in the middle"])
def test_of_two_processes_one_wins_and_the_other_writes_nothing(
    kind: str, wait_at: int, bed: TestBed, tmp_path: Path
) -> None:
    """At once: both are let go together. In the middle: the second comes and goes while the
    first one has its claims and writes its content."""
    aip_id = a_dossier(bed)
    first = Rival(tmp_path / "settings.json", "version", aip_id, str(wait_at))
    second = Rival(tmp_path / "settings.json", "version", aip_id, "0")
    for rival in (first, second):
        rival.wait_for("ready")
    first.go_on()
    if wait_at:
        first.wait_for("waiting")
        second.go_on()
        assert second.outcome() == CONFLICT
        first.go_on()
        assert first.outcome() == WON
    else:
        second.go_on()
        outcomes = [first.outcome(), second.outcome()]
        assert WON in outcomes
        assert CONFLICT in outcomes
    assert_one_valid_version_2(bed, aip_id)
