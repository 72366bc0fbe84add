"""The command line: the only package that prints. Commands load when they are called."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Runs the command that the arguments name and ends the process with its exit code."""
    from kho.cli.edge import run

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A file's name may be no text in the terminal's encoding; it is shown all the same.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
