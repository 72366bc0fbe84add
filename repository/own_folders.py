"""The folders of this machine in which the archive itself works and keeps its copies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from repository.settings import RepositorySettings
from storage_backends.registry import UnknownStore, folder_of, is_remote


def own_folders(settings: RepositorySettings) -> Iterator[Path]:
    """Staging, locks and every replica in a folder; links followed, whether they exist or not."""
    for name in ("staging", "locks"):
        yield (Path(settings.root) / name).resolve()
    for replica in settings.replicas:
        if is_remote(replica.url):
            continue
        try:
            yield Path(folder_of(replica.url)).resolve()
        except UnknownStore:
            continue


def is_own(path: Path, settings: RepositorySettings) -> bool:
    """Whether the path lies in one of them, or holds one."""
    found = path.resolve()
    return any(
        found.is_relative_to(own) or own.is_relative_to(found) for own in own_folders(settings)
    )
