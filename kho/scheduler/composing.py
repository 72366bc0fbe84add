"""Puts the scheduler's parts together from an archive's settings."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import msgspec

from kho.notify.channels import Secrets, open_channels
from kho.notify.notifier import Notifier
from kho.scheduler.plan import plan_of
from kho.scheduler.planner import OpenCatalogue, Planner
from kho.scheduler.worker import Worker
from kho.settings import Settings
from repository.archive import Repository, catalogue_url
from repository.catalogue import Catalogue
from repository.settings import RepositorySettings
from schemas.events import Agent
from schemas.ids import new_uuid
from schemas.moments import Clock, utc_now
from schemas.text import Language


def opener_of(settings: Settings) -> OpenCatalogue:
    """Opens the archive's catalogue, as it is at that moment."""

    @contextmanager
    def opened() -> Iterator[Catalogue]:
        with Catalogue.open(catalogue_url(settings.repository)) as catalogue:
            yield catalogue

    return opened


def notifier_of(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    lang: Language | None = None,
    now: Clock = utc_now,
) -> Notifier:
    """The archive's notifier; passwords are looked for when a notice is sent."""
    secrets = Secrets(Path(settings.repository.root), environment)
    return Notifier(
        channels=open_channels(settings.notify, secrets),
        catalogue=opener_of(settings),
        every=timedelta(hours=settings.notify.every_hours),
        repository_id=settings.repository.id,
        language=lang or settings.language,
        now=now,
    )


def planner_of(settings: Settings, *, now: Clock = utc_now) -> Planner:
    """The archive's planner."""
    return Planner(plan_of(settings), opener_of(settings), now)


def worker_of(
    settings: Settings,
    environment: Mapping[str, str],
    *,
    stop: Callable[[], bool] = lambda: False,
    now: Clock = utc_now,
) -> Worker:
    """A worker of the archive, with an owner's name of its own."""
    paced = paced_settings(settings)

    @contextmanager
    def open_archive() -> Iterator[Repository]:
        with Repository.open(paced, now=now) as archive:
            yield archive

    return Worker(
        settings=settings,
        tasks=plan_of(settings),
        catalogue=opener_of(settings),
        open_archive=open_archive,
        notifier=notifier_of(settings, environment, now=now),
        now=now,
        owner=f"{socket.gethostname()}/{os.getpid()}/{new_uuid()}",
        agent=Agent("Kho scheduler", "software", version("kho")),
        stop=stop,
    )


def paced_settings(settings: Settings) -> RepositorySettings:
    """The archive's settings with the schedule's rate for replicas that state none."""
    rate = settings.schedule.bytes_per_s
    if not rate:
        return settings.repository
    replicas = tuple(
        msgspec.structs.replace(replica, options={"bytes_per_s": rate, **replica.options})
        for replica in settings.repository.replicas
    )
    return msgspec.structs.replace(settings.repository, replicas=replicas)
