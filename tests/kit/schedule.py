"""An archive with a scheduler whose clock stands until it is moved; nothing sleeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from kho.notify.channels import Channel, ChannelFailed, Message
from kho.notify.notices import Notice
from kho.notify.notifier import Notifier
from kho.notify.settings import NotifySettings
from kho.scheduler.composing import opener_of
from kho.scheduler.plan import plan_of
from kho.scheduler.planner import Planner
from kho.scheduler.settings import ScheduleSettings
from kho.scheduler.worker import Worked, Worker
from kho.settings import FileSettings, Settings, compose
from kit.archives import make_bed
from repository.archive import Repository
from repository.settings import RepositoryTable
from schemas.events import Agent
from storage_backends.faulty import FaultyBackend
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


class HandClock:
    """Stands still but for a millisecond a look, until somebody moves it."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=1)
        return self.moment

    def move(self, by: timedelta) -> None:
        self.moment += by


@dataclass(slots=True)
class Listener:
    """A channel that remembers; it fails while ``deaf``."""

    name: str = "listener"
    deaf: bool = False
    heard: list[Notice] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def send(self, message: Message) -> None:
        if self.deaf:
            raise ChannelFailed(channel=self.name, reason="deaf")
        self.heard.append(message.notice)
        self.texts.append(f"{message.subject}\n{message.body}")

    def states(self) -> list[tuple[str, str]]:
        return [(notice.kind, notice.state) for notice in self.heard]


@dataclass(slots=True)
class ScheduleBed:
    """The archive, its clock and its listener."""

    settings: Settings
    backends: Mapping[str, StorageBackend]
    clock: HandClock
    channels: list[Channel]

    @contextmanager
    def open(self) -> Iterator[Repository]:
        with Repository.open(
            self.settings.repository, backends=self.backends, now=self.clock
        ) as archive:
            yield archive

    def faulty(self, name: str) -> FaultyBackend:
        backend = self.backends[name]
        assert isinstance(backend, FaultyBackend)
        return backend

    @property
    def notifier(self) -> Notifier:
        return Notifier(
            channels=self.channels,
            catalogue=opener_of(self.settings),
            every=timedelta(hours=self.settings.notify.every_hours),
            repository_id=self.settings.repository.id,
            language="en",
            now=self.clock,
        )

    @property
    def planner(self) -> Planner:
        return Planner(plan_of(self.settings), opener_of(self.settings), self.clock)

    def worker(self, owner: str = "one", *, stop: Callable[[], bool] = lambda: False) -> Worker:
        return Worker(
            settings=self.settings,
            tasks=plan_of(self.settings),
            catalogue=opener_of(self.settings),
            open_archive=self.open,
            notifier=self.notifier,
            now=self.clock,
            owner=owner,
            agent=Agent("scheduler"),
            stop=stop,
        )

    def work_off(self, worker: Worker | None = None) -> dict[str, Worked]:
        """Everything that is due is done; what came of it by policy."""
        self.planner.enqueue_due()
        worker = worker or self.worker()
        return {w.item.policy: w for w in iter(worker.step, None)}


def make_schedule_bed(
    root: Path,
    *,
    names: tuple[str, ...] = ("alpha", "beta"),
    schedule: ScheduleSettings | None = None,
    notify: NotifySettings | None = None,
    channels: list[Channel] | None = None,
) -> ScheduleBed:
    """An empty archive on memory, with its schedule."""
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in names}
    bed = make_bed(root, stores)
    stated = FileSettings(
        language="en",
        repository=RepositoryTable(id=bed.settings.id),
        schedule=schedule or ScheduleSettings(sample_files=3),
        notify=notify or NotifySettings(),
    )
    settings = compose(stated, path=str(root / "kho.toml"), root=str(root))
    settings = msgspec.structs.replace(settings, repository=bed.settings)
    return ScheduleBed(settings, bed.backends, HandClock(), channels or [])
