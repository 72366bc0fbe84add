"""The public E-ARK validator, and our own rules, find no error in the packages that we write:
generic AIPs of every profile, and the sound SIPs of these tests."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.checks.eark_package import judge_package
from ingest.checks.tt05_tree import Tree
from ingest.pipeline import ingest
from kit.archives import make_bed
from kit.desk import desk_of, write_files
from kit.eark import validator_remarks
from kit.eark_packages import EarkSpec, old_spec, spec
from kit.oracles import oracle_python
from kit.packages import MemoryFile, bag_files
from preservation.restore import RestoreRequest, restore
from schemas.findings import Severity
from schemas.moments import utc_now
from schemas.progress import NoProgress
from schemas.tt05_schemas import own_schemas
from storage_backends.filesystem import FilesystemBackend

QUARANTINE = tomllib.loads(
    Path(__file__)
    .parents[1]
    .joinpath("schemas", "eark_quarantine.toml")
    .read_text(encoding="utf-8")
)
RECORD = "Tờ trình về việc nộp lưu\n".encode()


def a_package(folder: Path) -> Path:
    return spec().write(folder)


def a_bag(folder: Path) -> Path:
    files = bag_files({"Tờ trình.txt": RECORD, "phụ lục/100%.txt": b"x\n"})
    return write_files(folder / "bag", {path.encode(): data for path, data in files.items()})


def a_folder(folder: Path) -> Path:
    files = {"Tờ trình & phụ lục.txt".encode(): RECORD, b"hai\ndong.txt": b"y\n", b"rong.txt": b""}
    return write_files(folder / "ho-so", files)


def aip_of(make: Callable[[Path], Path], folder: Path) -> Path:
    """The AIP that became of a submission, restored."""
    stores = {"only": FilesystemBackend.create("only", str(folder / "only"))}
    bed = make_bed(folder / "archive", stores, min_copies=1)
    with bed.open() as archive, desk_of(archive) as desk:
        receipt = ingest(make(folder / "in"), desk, fonds="TL05")
        assert receipt.outcome == "accepted"
        request = RestoreRequest(target=folder / "out")
        restore(archive.replicas, request, now=utc_now, progress=NoProgress())
    return folder / "out" / receipt.aip_id


def errors(package: Path, rules: str) -> set[str]:
    """The rules that the public validator says are broken, its own faults aside."""
    remarks = validator_remarks(oracle_python(), package, rules)
    assert remarks, "the validator said nothing at all"
    return {r.rule for r in remarks if r.severity == "Error"} - set(QUARANTINE[rules])


@pytest.fixture(scope="module", params=[a_package, a_bag, a_folder])
def aip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return aip_of(request.param, tmp_path_factory.mktemp("aip"))


@pytest.mark.parametrize("rules", QUARANTINE)
def test_the_public_validator_finds_no_error_in_our_aips(aip: Path, rules: str) -> None:
    assert errors(aip, rules) == set()


def test_our_own_rules_find_no_error_in_our_aips(aip: Path) -> None:
    files = {
        path.relative_to(aip).as_posix(): MemoryFile(path.read_bytes(), ("sha256",))
        for path in aip.rglob("*")
        if path.is_file()
    }
    found = judge_package(Tree(files, f"urn_uuid_{aip.name}"), own_schemas()).findings.all()
    assert {f.code for f in found if f.severity.rank >= Severity.ERROR.rank} == set()
    assert {f.code for f in found} == set()


SIPS = tomllib.loads(Path(__file__).with_name("sip_quarantine.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("make", "rules"), [(spec, "V2_1_0"), (old_spec, "V2_0_4")])
def test_the_public_validator_finds_exactly_its_own_errors_in_a_sound_sip(
    make: type[EarkSpec], rules: str, tmp_path: Path
) -> None:
    assert errors(make().write(tmp_path), rules) == set(SIPS[rules])


def test_every_quarantined_rule_says_why() -> None:
    for rules in SIPS.values():
        assert all(len(reason) > 40 for reason in rules.values())
