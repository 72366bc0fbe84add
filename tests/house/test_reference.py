"""docs/reference says what the program says."""

from __future__ import annotations

import subprocess
import sys

from kit.oracles import PROJECT


def test_the_reference_pages_are_as_the_program_makes_them() -> None:
    finished = subprocess.run(
        [sys.executable, PROJECT / "scripts" / "reference.py", "--check"],
        capture_output=True,
        text=True,
    )
    said = "\n".join((finished.stdout + finished.stderr).splitlines()[:30])
    assert finished.returncode == 0, f"run scripts/reference.py\n{said}"
