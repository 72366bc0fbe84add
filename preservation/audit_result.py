"""What an audit says when it is over; the shape other tools rely on (design §10)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from preservation.supervise import CanaryCount
from schemas.nouns import Verdict
from schemas.records import Record


class DamageLine(Record, frozen=True, kw_only=True):
    """One file that is not intact; ``path`` is relative to the object's root, and the whole key
    for the files of a replica's own (``aip_id`` is empty)."""

    replica: str
    aip_id: str
    path: str
    verdict: str


class CanaryLine(Record, frozen=True, kw_only=True):
    """Canaries of the run; ``missed`` names those that were not found as planted."""

    planted: int
    found: int
    missed: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """What one replica's part of a run has counted so far."""

    due: int = 0
    files: int = 0
    bytes: int = 0
    behind: int = 0
    by_verdict: Counter[Verdict] = field(default_factory=Counter)
    damage: list[DamageLine] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    flaky: list[str] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    gone: str = ""
    cut_short: bool = False
    stopped: bool = False
    """Whether somebody stopped the run before its canaries."""

    def summary(self) -> dict[str, int | str]:
        """The numbers, for the catalogue's list of runs."""
        counts = {verdict.value: self.by_verdict[verdict] for verdict in Verdict}
        return {
            "files": self.files,
            "bytes": self.bytes,
            "unexpected": len(self.unexpected),
            "gone": self.gone,
            **counts,
        }


class AuditResult(Record, frozen=True, kw_only=True):
    """The result of one run over all its replicas.

    ``complete`` is false when a replica was lost on the way, canaries were missed, or the run
    was stopped before its canaries: such a run is neither failed nor green. ``not_looked_at``
    counts files and names replicas.
    """

    format: str = "kho.audit/1"
    run_id: str
    complete: bool
    due: int
    files: int
    bytes: int
    seconds: float
    intact: int
    altered: int
    absent: int
    unreadable: int
    unexpected: int
    behind: int
    not_looked_at: int
    canaries: CanaryLine
    damage: tuple[DamageLine, ...]
    strays: tuple[tuple[str, str], ...] = ()
    """(replica, key) that nothing accounts for."""
    unreachable: tuple[str, ...] = ()
    flaky: tuple[tuple[str, str], ...] = ()
    """(replica, key) that read wrong once and right the next time: suspect the store."""
    forged: tuple[tuple[str, str], ...] = ()
    """(replica, AIP) whose inventory agrees with itself and not with the archive."""
    ledger_head: str = ""
    """The newest line's hash: in the ledger the one before this run, as printed the run's own."""

    @classmethod
    def of(
        cls,
        run_id: str,
        runs: Sequence[tuple[str, Tally, CanaryCount]],
        *,
        unreachable: Sequence[str],
        seconds: float,
        due_there: int = 0,
    ) -> AuditResult:
        """The sum of the replicas' parts; ``due_there`` files are due on those unreachable."""
        tallies = [tally for _name, tally, _canaries in runs]
        verdicts = sum((tally.by_verdict for tally in tallies), Counter[Verdict]())
        missed = tuple(
            f"{name}: {what}" for name, _tally, canaries in runs for what in canaries.missed
        )
        gone = [name for name, tally, _canaries in runs if tally.gone]
        stopped = any(tally.stopped for tally in tallies)
        due = sum(tally.due for tally in tallies) + due_there
        files = sum(tally.files for tally in tallies)
        return cls(
            run_id=run_id,
            complete=not missed and not gone and not stopped and bool(runs),
            due=due,
            files=files,
            bytes=sum(tally.bytes for tally in tallies),
            seconds=round(seconds, 3),
            intact=verdicts[Verdict.INTACT],
            altered=verdicts[Verdict.ALTERED],
            absent=verdicts[Verdict.ABSENT],
            unreadable=verdicts[Verdict.UNREADABLE],
            unexpected=sum(len(tally.unexpected) for tally in tallies),
            behind=sum(tally.behind for tally in tallies),
            not_looked_at=due - files,
            canaries=CanaryLine(
                planted=sum(canaries.planted for _n, _t, canaries in runs),
                found=sum(canaries.found for _n, _t, canaries in runs),
                missed=missed,
            ),
            damage=tuple(line for tally in tallies for line in tally.damage),
            strays=tuple(
                (name, key) for name, tally, _canaries in runs for key in tally.unexpected
            ),
            unreachable=(*unreachable, *gone),
            flaky=tuple((name, key) for name, tally, _canaries in runs for key in tally.flaky),
            forged=tuple((name, aip) for name, tally, _canaries in runs for aip in tally.forged),
        )

    @property
    def is_trustworthy(self) -> bool:
        """Whether canaries were planted and all found, and what was due was looked at."""
        planted = self.canaries.planted > 0 and self.canaries.planted == self.canaries.found
        return planted and not (self.due and not self.files)

    @property
    def found_damage(self) -> bool:
        """Whether anything is not as it should be."""
        return bool(self.damage) or self.unexpected > 0
