"""Creating many objects of a local store at once: all written, then all durable, then all named.

A medium that is asked to make one small file durable after the other writes its own journal for
each of them; asked when all of them are on their way already, it writes it once. Each object is
created as ``put_new`` does it, its bytes durable before its name is made.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from storage_backends.interface import NewObject, StorageError
from storage_backends.local_disk import LocalDisk
from storage_backends.staged import StagedFile

_TOO_MANY_OPEN = frozenset([errno.EMFILE, errno.ENFILE])


def put_each(
    disk: LocalDisk,
    objects: Sequence[NewObject],
    *,
    refuse_taken: Callable[[str], None],
    publish: Callable[[StagedFile, str], None],
) -> None:
    """Every object stands at its key, or the first error is raised: then some of them may.

    ``refuse_taken`` and ``publish`` are the backend's own, for a key that somebody has taken.
    A process that may not open so many files at once gets them done in turn.
    """
    done = 0
    while done < len(objects):
        done += _put_some(disk, objects[done:], refuse_taken, publish)


def _put_some(
    disk: LocalDisk,
    objects: Sequence[NewObject],
    refuse_taken: Callable[[str], None],
    publish: Callable[[StagedFile, str], None],
) -> int:
    """How many of the objects, from the first on, were created: one at least."""
    written: list[StagedFile] = []
    with ExitStack() as open_files:
        for each in objects:
            try:
                with disk.translated(each.key):
                    refuse_taken(each.key)
                    staged = open_files.enter_context(disk.staged())
                    staged.take(
                        each.source,
                        backend=disk.name,
                        key=each.key,
                        size_bytes=each.size_bytes,
                        sha256=each.sha256,
                    )
                    staged.start_writing()
            except StorageError as error:
                if not written or not _too_many_open(error):
                    raise
                break
            written.append(staged)
        for each, staged in zip(objects, written, strict=False):
            with disk.translated(each.key):
                staged.make_durable()
        for each, staged in zip(objects, written, strict=False):
            with disk.translated(each.key):
                publish(staged, each.key)
    return len(written)


def _too_many_open(error: StorageError) -> bool:
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno in _TOO_MANY_OPEN
