"""Finds the environment that holds the independent tools our output is shown to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SHARED = PROJECT.parent / "shared"


def oracle_python() -> Path:
    """The interpreter that imports ocfl, eark_validator, bagit and fido; skips without one."""
    named = os.environ.get("KHO_ORACLE_PYTHON")
    candidate = Path(named) if named else PROJECT / ".oracle" / "bin" / "python"
    if not candidate.is_file():
        pytest.skip("no oracle environment: neither KHO_ORACLE_PYTHON nor .oracle/bin/python")
    return candidate


def shared(*parts: str) -> Path:
    """A file or folder of the shared corpora beside the project; skips where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no ../shared/{'/'.join(parts)}")
    return path
