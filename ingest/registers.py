"""Registers that the archive's staff keep as plain lists of codes: fonds, organs, transfers.

A folder with ``fonds.txt``, ``organs.txt`` and ``agreements.txt``, one code a line; a line may
go on after a tab with words for people. A list that is not there is not known, and the rules
that need it are then recorded as not checked.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from ingest.checks.tt05_tree import nfc
from schemas.errors import ConfigError


class RegisterUnusable(ConfigError):
    """The register at ``where`` cannot be read, for ``reason``."""

    code = "REGISTER-UNUSABLE"


@dataclass(frozen=True, slots=True)
class Registers:
    """Codes as they are registered; None for a register that is not kept."""

    fonds: Collection[str] | None = None
    organs: Collection[str] | None = None
    agreements: Collection[str] | None = None


def load_registers(folder: str) -> Registers:
    """The registers in a folder; none at all for an empty name. :class:`RegisterUnusable`."""
    if not folder:
        return Registers()
    place = Path(folder)
    if not place.is_dir():
        raise RegisterUnusable(where=folder, reason="not a folder")
    return Registers(
        *(_codes(place / f"{name}.txt") for name in ("fonds", "organs", "agreements"))
    )


def _codes(path: Path) -> frozenset[str] | None:
    """The codes of one list; None when there is no such list."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise RegisterUnusable(where=str(path), reason=str(error)) from error
    codes = (line.partition("\t")[0].strip() for line in text.splitlines())
    return frozenset(nfc(code) for code in codes if code and not code.startswith("#"))
