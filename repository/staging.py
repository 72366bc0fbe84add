"""Staging: the local folder in which submissions are read and AIPs are built.

One folder per submission, mode 0700, names chosen by us. It is cleaned only after the
submission's receipt is durable, or while the unchanged source still exists (design §8). This
module holds the only removal of local files besides the backends' own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from schemas.ids import new_uuid


class Staging:
    """The staging area of one archive."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def new_folder(self) -> Path:
        """A fresh, empty, private folder for one submission."""
        folder = self.root / new_uuid()
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.mkdir(mode=0o700)
        return folder

    def folders(self) -> Iterator[Path]:
        """Every submission folder that is there, sealed or not."""
        if self.root.is_dir():
            yield from sorted(path for path in self.root.iterdir() if path.is_dir())

    def clean(self, folder: Path) -> None:
        """The submission's folder is gone; anything outside staging is refused."""
        if folder.parent != self.root:
            raise ValueError(f"{folder} is not a submission folder of {self.root}")
        shutil.rmtree(folder, ignore_errors=True)


def make_durable(*paths: Path) -> None:
    """The files' bytes and their names survive a power cut."""
    for path in paths:
        _sync(path, os.O_RDONLY)
    for folder in {path.parent for path in paths}:
        make_names_durable(folder)


def make_names_durable(folder: Path) -> None:
    """The names in ``folder``, their removals and renamings too, survive a power cut."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
