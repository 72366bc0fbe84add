"""Shows storage roots and objects to ocfl-py, in an environment of its own.

``tests/ocfl/test_oracle_ocfl_py.py`` says what it is blind to, and proves that it rejects
planted faults.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.oracles import oracle_python

SCRIPT = Path(__file__).with_name("oracle_scripts") / "ocfl_check.py"


@dataclass(frozen=True)
class OcflPyVerdict:
    """Everything ocfl-py said, one message a line, and how many objects it looked at."""

    objects: int
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def ocfl_py_on_root(root: Path) -> OcflPyVerdict:
    """ocfl-py on a storage root: its structure, and every object with all digests.

    Skips the test where there is no oracle environment.
    """
    return ocfl_py_on_roots([root])[0]


def ocfl_py_on_roots(roots: Sequence[Path]) -> list[OcflPyVerdict]:
    """The same on each of several roots, in one process."""
    return _run("roots", roots)


def ocfl_py_on_objects(folders: Sequence[Path]) -> list[OcflPyVerdict]:
    """ocfl-py on each of several objects, in one process."""
    return _run("objects", folders)


def assert_ocfl_py_accepts(root: Path, *, objects: int | None = None) -> None:
    """ocfl-py finds nothing to say of a storage root, and looked at what is in it.

    ``objects`` is how many it must have judged; at least one when not given.
    """
    verdict = ocfl_py_on_root(root)
    assert verdict.errors == (), verdict.errors
    assert verdict.warnings == (), verdict.warnings
    if objects is None:
        assert verdict.objects > 0, "ocfl-py saw no object"
    else:
        assert verdict.objects == objects


def _run(mode: str, paths: Sequence[Path]) -> list[OcflPyVerdict]:
    command = [str(oracle_python()), "-I", str(SCRIPT), mode, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return [
        OcflPyVerdict(answer["objects"], tuple(answer["errors"]), tuple(answer["warnings"]))
        for answer in json.loads(done.stdout)
    ]
