"""What the archive writes, judged by the validator that shares none of its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.archives import TestBed, make_bed, store
from kit.ocfl_oracle import assert_ocfl_py_accepts
from repository.ocfl.validator import OcflReport, inspect_backend, inspect_ocfl
from storage_backends.filesystem import FilesystemBackend


@pytest.fixture
def bed(tmp_path: Path) -> TestBed:
    stores = {n: FilesystemBackend.create(n, str(tmp_path / n)) for n in ("alpha", "beta")}
    return make_bed(tmp_path / "archive", stores, accept_shared_failure_domain=True)


def _assert_valid(reports: list[OcflReport], objects: int) -> None:
    assert [report.kind for report in reports] == ["object"] * objects + ["storage_root"]
    assert [finding for report in reports for finding in report.findings] == []


def test_both_roots_of_every_replica_are_valid_to_both_judges(
    bed: TestBed, tmp_path: Path
) -> None:
    with bed.open() as archive:
        receipt = store(archive)
        for replica in archive.replicas:
            _assert_valid(list(inspect_backend(replica.backend, "ocfl/")), 1)
            _assert_valid(list(inspect_backend(replica.backend, "holding/")), 0)
    for name in ("alpha", "beta"):
        reports = list(inspect_ocfl(tmp_path / name / "ocfl"))
        _assert_valid(reports, 1)
        assert reports[0].identifier == f"urn:uuid:{receipt.aip_id}"
        assert_ocfl_py_accepts(tmp_path / name / "ocfl", objects=1)
        assert_ocfl_py_accepts(tmp_path / name / "holding", objects=0)
