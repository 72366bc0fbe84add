"""How much memory a process has needed."""

from __future__ import annotations

import re
from pathlib import Path


def peak_mebibytes() -> int:
    """The most resident memory of this program so far.

    ``ru_maxrss`` will not do: a child inherits it from the process that started it, and a
    test runner is larger than most of what it tests.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) // 1024
