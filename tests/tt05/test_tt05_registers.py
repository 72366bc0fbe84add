"""Registers of codes: what is registered passes, what is not is told, what is not kept is not
checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.inspection import inspect_package, open_bench
from ingest.registers import Registers, RegisterUnusable, load_registers
from ingest.settings import IngestSettings
from kit.tt05_packages import FONDS, sip
from schemas.progress import NoProgress

RULES = {"tt05-050", "tt05-052", "tt05-100"}


@pytest.fixture
def registers(tmp_path: Path) -> Path:
    folder = tmp_path / "so"
    folder.mkdir()
    (folder / "fonds.txt").write_text(f"# phông\n{FONDS}\tPhông Ủy ban\n\n", encoding="utf-8")
    return folder


def told(tmp_path: Path, registers: Path | None) -> tuple[set[str], set[str]]:
    """Which of the rules were broken, and which were not checked."""
    (tmp_path / "scratch").mkdir(exist_ok=True)
    (tmp_path / "in").mkdir(exist_ok=True)
    settings = IngestSettings(workers=1, registers=str(registers or ""))
    source = sip().folder(tmp_path / "in")
    folder = tmp_path / "scratch" / ("with" if registers else "without")
    folder.mkdir()
    with open_bench(settings, folder, progress=NoProgress()) as bench:
        found = inspect_package(source, bench, folder)
    broken = {finding.code.lower() for finding in found.findings}
    return broken & RULES, set(found.not_checked) & RULES


def test_without_registers_nothing_is_known(tmp_path: Path) -> None:
    assert load_registers("") == Registers()
    assert told(tmp_path, None) == (set(), RULES)


def test_a_registered_fonds_passes_and_another_is_told(tmp_path: Path, registers: Path) -> None:
    assert load_registers(str(registers)).fonds == frozenset({FONDS})
    assert told(tmp_path, registers) == (set(), {"tt05-052", "tt05-100"})
    (registers / "fonds.txt").write_text("KHAC\n", encoding="utf-8")
    (registers / "organs.txt").write_text("KHAC\n", encoding="utf-8")
    again = tmp_path / "again"
    again.mkdir()
    assert told(again, registers) == ({"tt05-050", "tt05-100"}, {"tt05-052"})


@pytest.fixture(params=["absent", "binary"])
def unusable(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "so"
    if request.param == "binary":
        folder.mkdir()
        (folder / "organs.txt").write_bytes(b"\xff\xfe\x00")
    return folder


def test_a_register_that_cannot_be_read_is_our_fault(unusable: Path) -> None:
    with pytest.raises(RegisterUnusable):
        load_registers(str(unusable))
