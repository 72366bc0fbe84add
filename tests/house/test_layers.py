"""Each import contract is kept by a clean house and broken by one planted import."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kit.oracles import PROJECT

PLANTED = {
    "The staircase": ("schemas/planted.py", "import storage_backends"),
    "Judges know files": ("preservation/formats/planted.py", "import repository"),
    "Ingest asks the judges": ("ingest/planted.py", "import preservation.fixity"),
    "One door: lxml": ("ingest/planted.py", "import lxml.etree"),
    "One door: boto3": ("kho/planted.py", "from botocore import session"),
    "One door: obstore": ("storage_backends/planted.py", "import obstore"),
    "One door: paramiko": ("storage_backends/planted.py", "import paramiko"),
    "One door: fido": ("ingest/planted.py", "import fido"),
    "One door: pyhanko": ("preservation/planted.py", "import cryptography"),
    "One door: sqlalchemy": ("repository/planted.py", "import sqlalchemy"),
    "One door: apscheduler": ("kho/planted.py", "import apscheduler"),
    "One door: click": ("ingest/planted.py", "import rich"),
    "One door: jinja2": ("repository/planted.py", "import jinja2"),
}
ALLOWED = {
    "schemas/xml.py": "import lxml.etree",
    "storage_backends/s3/client.py": "import boto3",
    "preservation/formats/adapter.py": "import fido",
    "preservation/signatures/pdf.py": "import pyhanko",
    "preservation/fixity.py": "import repository",
    "repository/catalogue/tables.py": "import sqlalchemy",
    "ingest/pipeline.py": "from preservation.formats import adapter\nimport repository",
    "kho/cli/main.py": "import click",
}
MODULES = ("preservation/workers.py", "preservation/fixity.py", *ALLOWED)


def contracts() -> list[str]:
    """The names of the project's contracts."""
    stated = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    return [str(c["name"]) for c in stated["tool"]["importlinter"]["contracts"]]


def house(root: Path, imports: dict[str, list[str]]) -> str:
    """What lint-imports says, without colour, of a house with just these modules."""
    for relative in (*MODULES, *imports):
        path = root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(imports.get(relative, [])) + "\n", encoding="utf-8")
    for folder in sorted(p for p in root.rglob("*") if p.is_dir()):
        (folder / "__init__.py").touch()
    program = "from importlinter.cli import lint_imports_command as c; c()"
    finished = subprocess.run(
        [sys.executable, "-c", program, "--no-cache", "--config", PROJECT / "pyproject.toml"],
        cwd=root,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", finished.stdout + finished.stderr)


def test_a_house_that_uses_its_doors_keeps_every_contract(tmp_path: Path) -> None:
    said = house(tmp_path, {module: [line] for module, line in ALLOWED.items()})
    assert f"Contracts: {len(contracts())} kept, 0 broken." in said, said


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What lint-imports says of a house where every contract is broken once."""
    planted: dict[str, list[str]] = {}
    for module, line in PLANTED.values():
        planted.setdefault(module, []).append(line)
    return house(tmp_path_factory.mktemp("house"), planted)


@pytest.mark.parametrize("contract", contracts())
def test_a_planted_import_breaks_the_contract(contract: str, broken: str) -> None:
    assert contract.startswith(tuple(PLANTED)), "plant a violation of the new contract"
    assert re.search(rf"^{re.escape(contract)} +.*BROKEN", broken, re.MULTILINE), broken


@pytest.mark.parametrize("opening", PLANTED)
def test_a_planted_violation_belongs_to_a_contract(opening: str) -> None:
    assert any(name.startswith(opening) for name in contracts())
