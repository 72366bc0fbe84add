"""Progress as a person sees it: bars on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich import progress as rich_progress
from rich.console import Console

from kho.cli.sizes import counted, sized
from schemas.progress import Progress
from schemas.text import Language, say

LINE_EVERY_S = 10.0


@contextmanager
def shown(lang: Language, stream: TextIO | None = None) -> Iterator[Progress]:
    """A progress that is shown on ``stream`` (standard error) while the block runs."""
    stream = stream or sys.stderr
    if stream.isatty():
        with _bars(stream) as bars:
            yield BarProgress(bars, lang)
        return
    lines = LineProgress(stream, lang)
    yield lines
    lines.finish()


def _bars(stream: TextIO) -> rich_progress.Progress:
    return rich_progress.Progress(
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.TextColumn("{task.fields[files]}"),
        rich_progress.DownloadColumn(binary_units=True),
        rich_progress.TransferSpeedColumn(),
        rich_progress.TimeRemainingColumn(),
        console=Console(file=stream),
        transient=True,
        # What a command prints goes above the bar when both are on one terminal. Otherwise it
        # belongs to the file or program that standard output leads to.
        redirect_stdout=sys.stdout.isatty(),
    )


class BarProgress:
    """A bar for the present phase, with bytes, files, rate and the time that is left."""

    def __init__(self, bars: rich_progress.Progress, lang: Language) -> None:
        self._bars = bars
        self._lang = lang
        self._lock = threading.Lock()
        self._task: rich_progress.TaskID | None = None
        self._files = 0
        self._files_total: int | None = None

    def phase(
        self,
        name: str,
        *,
        files_total: int | None = None,
        bytes_total: int | None = None,
        replica: str = "",
    ) -> None:
        """The bar of the phase before gives way to a new one."""
        with self._lock:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._files, self._files_total = 0, files_total
            text = say(name, self._lang, replica=replica)
            self._task = self._bars.add_task(text, total=bytes_total, files=self._counted())

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        """The bar is that much longer."""
        with self._lock:
            if self._task is not None:
                self._files += files
                self._bars.update(self._task, advance=size_bytes, files=self._counted())

    def _counted(self) -> str:
        return counted(self._files, self._files_total)


class LineProgress:
    """A line when a phase begins; of a long one also every ten seconds and at its end."""

    def __init__(
        self, stream: TextIO, lang: Language, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._lang = lang
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._name = ""
        self._files = 0
        self._files_total: int | None = None
        self._bytes = 0
        self._bytes_total: int | None = None
        self._next_line = 0.0
        self._is_long = False

    def phase(
        self,
        name: str,
        *,
        files_total: int | None = None,
        bytes_total: int | None = None,
        replica: str = "",
    ) -> None:
        """A long phase before has its last line; the new one is announced."""
        with self._lock:
            self._end()
            self._name = say(name, self._lang, replica=replica)
            self._files, self._files_total = 0, files_total
            self._bytes, self._bytes_total = 0, bytes_total
            self._next_line = self._monotonic() + LINE_EVERY_S
            self._announce()

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        """Counted; written when the last line is ten seconds old."""
        with self._lock:
            self._files += files
            self._bytes += size_bytes
            if self._name and self._monotonic() >= self._next_line:
                self._is_long = True
                self._count()
                self._next_line = self._monotonic() + LINE_EVERY_S

    def finish(self) -> None:
        """A long last phase has its last line."""
        with self._lock:
            self._end()

    def _announce(self) -> None:
        total = []
        if self._files_total is not None:
            total.append(say("CLI-PROGRESS-FILES", self._lang, files=counted(self._files_total)))
        if self._bytes_total is not None:
            total.append(sized(self._bytes_total))
        self._write(f"{self._name}: {', '.join(total)}" if total else self._name)

    def _count(self) -> None:
        size = sized(self._bytes, self._bytes_total)
        files = counted(self._files, self._files_total)
        self._write(f"{self._name}: {say('CLI-PROGRESS-FILES', self._lang, files=files)}, {size}")

    def _end(self) -> None:
        if self._is_long:
            self._count()
        self._name, self._is_long = "", False

    def _write(self, line: str) -> None:
        self._stream.write(f"{line}\n")
        self._stream.flush()
