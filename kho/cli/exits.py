"""Exit codes (docs/reference/exit-codes.md is made from here)."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Exit(IntEnum):
    """How a command ends. The text ``EXIT-<number>`` says what each means."""

    DONE = 0
    OUR_FAULT = 1
    USAGE = 2
    DAMAGE_FOUND = 3
    STORAGE = 4
    CHECK_UNTRUSTED = 5
    NO_REPOSITORY = 10
    LOCKED = 11
    INTERRUPTED = 130


PRECEDENCE = (Exit.CHECK_UNTRUSTED, Exit.DAMAGE_FOUND, Exit.STORAGE)
"""Of several things a finished command found, the first of these is what it ends with."""


def weightiest(found: Iterable[Exit]) -> Exit:
    """The exit code of a command that finished and found all these; DONE when none."""
    everything = set(found)
    return next((code for code in PRECEDENCE if code in everything), Exit.DONE)
