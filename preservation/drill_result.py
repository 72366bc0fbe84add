"""What a restore drill says when it is over."""

from __future__ import annotations

from schemas.records import Record


class DrillFailure(Record, frozen=True, kw_only=True):
    """One file that did not come back as it must."""

    aip_id: str
    path: str
    verdict: str


class DrillResult(Record, frozen=True, kw_only=True):
    """One drill: a sample given back from one replica, every file compared.

    ``seconds`` is the time the restore took; ``whole_bytes`` are the submitted bytes that the
    archive holds, ``whole_seconds`` how long giving back all of them would take at this rate.
    ``canaries_found`` of ``canaries_planted``: files spoilt on purpose in the scratch folder.
    """

    format: str = "kho.drill/1"
    drill_id: str
    replica: str
    seed: str
    started: str
    aips: tuple[str, ...]
    files: int
    bytes: int
    seconds: float
    bytes_per_s: int
    whole_bytes: int
    whole_seconds: float
    failed: int
    failures: tuple[DrillFailure, ...] = ()
    canaries_planted: int = 0
    canaries_found: int = 0
    ledger_head: str = ""

    @property
    def is_trustworthy(self) -> bool:
        """Whether anything was given back and the comparison would have seen damage."""
        looked = self.files > 0 and self.canaries_planted > 0
        return looked and self.canaries_found == self.canaries_planted
