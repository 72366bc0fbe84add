"""The stream of a restore: AIPs are understood ahead, files written as they come, in order.

Two pools, so that neither waits for the other: one reads what each AIP is made of, a few AIPs
ahead; the other writes files, whichever AIP they belong to. The proof gets its lines in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType

from preservation.restore_find import Candidate, facts_of, threads_for, views_of
from preservation.restore_forms import FORMS, FormUnsuitable, RestorePlan, TargetFile
from preservation.restore_proof import ProofWriter
from preservation.restore_write import FileResult, folders_of, fsync_folder, restore_file
from repository.aip.views import CopyView
from repository.facts import AipFacts
from repository.ocfl.reader import ObjectView
from repository.replica import Replica
from schemas.errors import ConfigError, KhoError
from schemas.progress import Progress

_AIPS_AHEAD = 16
_FILES_AHEAD = 512
"""Files under way or waiting for their line in the proof; bounds memory for a huge AIP."""


class TargetDiffers(ConfigError):
    """A different file stands in the target; nothing was overwritten."""

    code = "RESTORE-TARGET-DIFFERS"


@dataclass(frozen=True, slots=True)
class Planned:
    """One AIP, understood: what to write, from where."""

    facts: AipFacts
    plan: RestorePlan
    folder: Path
    views: list[ObjectView]


_Step = tuple[Planned, TargetFile, "Future[FileResult]"] | Planned
"""A file on its way, or, after the last one, its AIP."""


class Flow:
    """One restore under way; a context manager that leaves no thread behind."""

    def __init__(
        self,
        target: Path,
        form: str,
        *,
        replicas: Sequence[Replica],
        replace: bool,
        proof: ProofWriter,
        progress: Progress,
    ) -> None:
        self._target = target
        self._form = FORMS[form]
        self._replace = replace
        self._proof = proof
        self._progress = progress
        threads = threads_for(replicas)
        self._planners = ThreadPoolExecutor(min(threads, _AIPS_AHEAD), "kho-plan")
        self._writers = ThreadPoolExecutor(threads, "kho-write")
        self._steps: deque[_Step] = deque()
        self._begun: Planned | None = None

    def __enter__(self) -> Flow:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in (self._planners, self._writers):
            pool.shutdown(wait=True, cancel_futures=True)

    def give_back(self, candidates: Iterable[Candidate]) -> None:
        """Every candidate's files are in the target and in the proof, or the proof says why not.

        :class:`TargetDiffers` when a different file stands in the way.
        """
        for candidate, future in self._planned_ahead(candidates):
            planned = future.result()
            if planned is None:
                self._proof.unreadable(candidate.replicas[0].name, candidate.prefix)
            else:
                self._write(planned)
        while self._steps:
            self._settle(self._steps.popleft())

    def _planned_ahead(
        self, candidates: Iterable[Candidate]
    ) -> Iterator[tuple[Candidate, Future[Planned | None]]]:
        waiting: deque[tuple[Candidate, Future[Planned | None]]] = deque()
        remaining = iter(candidates)
        for candidate in islice(remaining, _AIPS_AHEAD):
            waiting.append((candidate, self._planners.submit(self._plan, candidate)))
        while waiting:
            yield waiting.popleft()
            for candidate in islice(remaining, 1):
                waiting.append((candidate, self._planners.submit(self._plan, candidate)))

    def _plan(self, candidate: Candidate) -> Planned | None:
        """What the AIP becomes; None when no copy lets itself be understood."""
        views = views_of(candidate)
        facts = facts_of(views)
        if facts is None:
            return None
        for view in views:
            try:
                plan = self._form(CopyView(view), facts)
            except FormUnsuitable:
                raise
            except (KhoError, KeyError, StopIteration):
                continue  # another copy may have whole what this one has damaged
            return Planned(facts, plan, self._target / (plan.folder or facts.aip_id), views)
        return None

    def _write(self, planned: Planned) -> None:
        for directory in planned.plan.directories:
            (planned.folder / directory).mkdir(parents=True, exist_ok=True)
        write = partial(restore_file, planned.folder, views=planned.views, replace=self._replace)
        for file in planned.plan.files:
            self._steps.append((planned, file, self._writers.submit(write, file)))
            if len(self._steps) >= _FILES_AHEAD:
                self._settle(self._steps.popleft())
        self._steps.append(planned)

    def _settle(self, step: _Step) -> None:
        """The oldest step is in the proof."""
        if isinstance(step, Planned):
            self._begin(step)
            self._end(step)
            return
        planned, file, future = step
        self._begin(planned)
        result = future.result()
        if result.in_the_way:
            raise TargetDiffers(path=str(planned.folder / file.path))
        self._proof.file(planned.facts.aip_id, file, result)
        self._progress.advance(files=1, size_bytes=result.size_bytes)

    def _begin(self, planned: Planned) -> None:
        if self._begun is not planned:
            self._begun = planned
            self._proof.begin(planned.facts)

    def _end(self, planned: Planned) -> None:
        """What stands around the files is written, and every folder is durable, once."""
        if planned.plan.finish is not None:
            planned.plan.finish(planned.folder)
        folders = folders_of(self._target, planned.folder, planned.plan)
        list(self._writers.map(fsync_folder, folders))
        self._proof.end()
