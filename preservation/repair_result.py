"""What a repair did, file by file; a manager can read it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from schemas.records import Record


class Healing(StrEnum):
    """What became of one damaged file."""

    HEALED = "healed"
    WOULD_HEAL = "would heal"
    INTACT_AFTER_ALL = "intact after all"
    LOST_EVERYWHERE = "lost everywhere"
    REPLICA_AWAY = "replica away"
    NOT_OURS = "not ours"
    FORGED = "forged"
    FAILED = "failed"


class RepairedFile(Record, frozen=True, kw_only=True):
    """One damaged file. ``source`` is the replica it was healed from, ``aside`` where the
    damaged bytes are kept; ``reason_code`` and ``reason_fields`` say in any language why it was
    not healed, ``reason`` says it to programs."""

    replica: str
    aip_id: str
    path: str
    verdict: str
    healing: Healing
    source: str = ""
    aside: str = ""
    reason: str = ""
    reason_code: str = ""
    reason_fields: dict[str, str] = msgspec.field(default_factory=dict)
    size: int = 0

    @property
    def is_good(self) -> bool:
        """Whether the file is whole now."""
        return self.healing in (Healing.HEALED, Healing.INTACT_AFTER_ALL)


class RepairResult(Record, frozen=True, kw_only=True):
    """The whole run."""

    format: str = "kho.repair/1"
    dry_run: bool
    healed: int
    not_healed: int
    files: tuple[RepairedFile, ...]
    ledger_head: str = ""

    @classmethod
    def of(
        cls, files: Sequence[RepairedFile], *, dry_run: bool, ledger_head: str = ""
    ) -> RepairResult:
        """The result of these files."""
        good = sum(file.is_good or file.healing is Healing.WOULD_HEAL for file in files)
        return cls(
            dry_run=dry_run,
            healed=good,
            not_healed=len(files) - good,
            files=tuple(files),
            ledger_head=ledger_head,
        )
