"""A real process killed in the middle of its work: old or new on each replica, never half."""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from kit.archives import TestBed, store
from kit.other_process import Rival, files_of
from kit.places import KINDS, new_archive
from repository.archive import Repository
from repository.fill import fill
from repository.ocfl.claims import open_claims
from repository.ocfl.inventory import INVENTORY
from repository.ocfl.reader import list_objects, read_object
from repository.ocfl.validator import inspect_backend
from schemas.nouns import Place

POINTS = {"folder": 12, "s3": 4}
CALLS_OF_AN_INGEST = 102
"""On two replicas; a point behind the last call would kill nobody, and fail the test."""


def open_archive(bed: TestBed) -> Repository:
    return Repository.open(bed.settings, backends=bed.backends, now=bed.clock)


def let_go(archive: Repository) -> None:
    """As closing, but the stores stay open for the next one."""
    if archive._writer is not None:
        archive._writer.release()
    archive.catalogue.close()


def assert_never_half(bed: TestBed) -> None:
    """Before anybody recovers: an object is there whole, or no reader sees it."""
    for backend in bed.backends.values():
        for prefix in list_objects(backend, Place.ARCHIVE):
            keys = {info.key for info in backend.list(prefix)}
            if prefix + INVENTORY in keys:
                inventory = read_object(backend, prefix).inventory
                assert {prefix + path for path, _d in inventory.content_files()} <= keys


def the_next_writer_completes(bed: TestBed, number: int) -> None:
    archive = open_archive(bed)
    archive.prepare_to_write()
    if len(list(archive.catalogue.aips())) == number:
        store(archive, files_of(number))  # the old state: the submission comes again
    assert fill(archive).failures == []
    receipts = list(archive.catalogue.receipts())
    assert len(receipts) == len({receipt.aip_id for receipt in receipts}) == number + 1
    for receipt in receipts:
        assert {copy.replica for copy in archive.catalogue.copies(receipt.aip_id)} == {  # type: ignore[arg-type]  # AipId
            "alpha",
            "beta",
        }
    let_go(archive)
    assert not list((Path(bed.settings.root) / "staging").iterdir())


@pytest.mark.parametrize("kind", KINDS[:2])
def test_a_process_killed_at_seeded_points_leaves_old_or_new_and_the_next_completes(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    bed = new_archive(kind, tmp_path, request, ("alpha", "beta"))
    points = sorted(random.Random(2026).sample(range(1, CALLS_OF_AN_INGEST), POINTS[kind]))
    killed = 0
    for number, kill_at in enumerate(points):
        child = Rival(tmp_path / "settings.json", "store", str(number), str(kill_at))
        killed += child.die() == -signal.SIGKILL
        assert_never_half(bed)
        the_next_writer_completes(bed, number)
    assert killed == POINTS[kind]
    for backend in bed.backends.values():
        assert {report.outcome for report in inspect_backend(backend, "ocfl/")} == {"valid"}
        assert not list(open_claims(backend))
        backend.close()
