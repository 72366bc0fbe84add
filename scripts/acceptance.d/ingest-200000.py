"""One package of 200,000 files of 4 KiB into two replicas: slope from 20,000, peak memory.

The run of ``ingest-files`` at ten times its size.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).with_name("ingest-files.py")


def main() -> None:
    """Prints the table; what the command itself says goes nowhere."""
    command = [sys.executable, str(RUN), "--files", "200000", *sys.argv[1:]]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
