"""What is spooled while an AIP is built is what anybody reads of the AIP afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kit.archives import FILES, TestBed, make_bed, make_plan
from repository.aip.build import SealedBuild, open_sealed
from repository.aip.facts_reader import first_facts, read_facts
from repository.aip.spool import FILES as SPOOLED
from repository.aip.views import BuildView
from repository.archive import Repository
from repository.facts import AipFacts
from storage_backends.interface import DigestMismatch


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    return make_bed(tmp_path / "archive")


def in_order(facts: AipFacts) -> AipFacts:
    return replace(facts, files=tuple(sorted(facts.files, key=lambda file: file.logical_path)))


def built(archive: Repository, folder: Path) -> SealedBuild:
    files = {**FILES, b"x.txt": b"twice", b"y.txt": b"twice"}
    return archive.build(make_plan(archive, folder, files), folder)


def test_the_spooled_facts_are_those_that_the_object_itself_tells(bed: TestBed) -> None:
    with bed.open() as archive:
        archive.prepare_to_write()
        folder = archive.staging.new_folder()
        build = built(archive, folder)
        assert in_order(first_facts(build)) == in_order(read_facts(BuildView(build)))


def test_a_build_whose_list_was_torn_is_not_taken_for_sealed(bed: TestBed) -> None:
    with bed.open() as archive:
        archive.prepare_to_write()
        folder = archive.staging.new_folder()
        built(archive, folder)
        assert open_sealed(folder) is not None
        spooled = folder / SPOOLED
        spooled.write_bytes(spooled.read_bytes()[:-1])
        assert open_sealed(folder) is None


def test_a_record_that_was_torn_since_is_not_believed(bed: TestBed) -> None:
    with bed.open() as archive:
        archive.prepare_to_write()
        folder = archive.staging.new_folder()
        build = built(archive, folder)
        for path in (folder / "generated").iterdir():
            path.write_bytes(b"{}")
        with pytest.raises(DigestMismatch):
            first_facts(build)
