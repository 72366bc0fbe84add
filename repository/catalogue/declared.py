"""What becomes of each table when the catalogue is lost (design §7).

*Archival* rows are rebuilt from any replica's objects, *journalled* rows from any replica's
journal; both are in the canonical dump. *Disposable* rows are not rebuilt: they describe work
in hand, or are derived again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from repository.catalogue.tables import SEARCH_TEXT, VERSION_TABLE


class Kept(StrEnum):
    """What a table's rows are rebuilt from."""

    ARCHIVAL = "archival"
    JOURNALLED = "journalled"
    DISPOSABLE = "disposable"


@dataclass(frozen=True, slots=True)
class Declaration:
    """How a table is kept, and the columns that order its rows in the canonical dump."""

    kept: Kept
    order: tuple[str, ...] = ()


def _archival(*order: str) -> Declaration:
    return Declaration(Kept.ARCHIVAL, ("aip_id", "place", *order))


def _journalled(*order: str) -> Declaration:
    return Declaration(Kept.JOURNALLED, order)


_DISPOSABLE = Declaration(Kept.DISPOSABLE)

DECLARED: Mapping[str, Declaration] = {
    "aip": _archival(),
    "version": _archival("number"),
    "dossier_field": _archival("name"),
    "document": _archival("position"),
    "content": _archival("content_path"),
    "file": _archival("logical_path"),
    "signature": _archival("logical_path", "position"),
    "ledger_line": _journalled("seq"),
    "event": _journalled("seq"),
    "receipt": _journalled("seq"),
    "rejection": _journalled("seq"),
    "signature_verdict": _journalled("seq"),
    "copy": _journalled("aip_id", "place", "version", "replica"),
    "audit_run": _DISPOSABLE,
    "replica_name": _DISPOSABLE,
    "file_check": _DISPOSABLE,
    "damage": _DISPOSABLE,
    "signature_result": _DISPOSABLE,
    "signature_check": _DISPOSABLE,
    "evidence": _DISPOSABLE,
    "work": _DISPOSABLE,
    "notice": _DISPOSABLE,
    "deep_check": _DISPOSABLE,
    "search_entry": _DISPOSABLE,
    SEARCH_TEXT: _DISPOSABLE,
    VERSION_TABLE: _DISPOSABLE,
}
