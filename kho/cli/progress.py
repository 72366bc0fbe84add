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
        rich_progress.TextColumn("{task.description}"),
        rich_progress.BarColumn(),
        rich_progress.TextColumn("{task.fields[files]}"),
        rich_progress.DownloadColumn(binary_units=True),
        rich_progress.TransferSpeedColumn(),
        rich_progress.TimeRemainingColumn(),
        console=Console(file=stream),
    )


class BarProgress:
    """One bar for each phase, with bytes, files, rate and the time that is left."""

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
        """The bar before is full; a new one begins."""
        with self._lock:
            if self._task is not None:
                self._bars.stop_task(self._task)
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
    """A line when a phase begins, every ten seconds of a long one, and when it ends."""

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

    def phase(
        self,
        name: str,
        *,
        files_total: int | None = None,
        bytes_total: int | None = None,
        replica: str = "",
    ) -> None:
        """The phase before has its last line; a new one begins."""
        with self._lock:
            self._line()
            self._name = say(name, self._lang, replica=replica)
            self._files, self._files_total = 0, files_total
            self._bytes, self._bytes_total = 0, bytes_total
            self._next_line = self._monotonic() + LINE_EVERY_S

    def advance(self, *, files: int = 0, size_bytes: int = 0) -> None:
        """Counted; written when the last line is ten seconds old."""
        with self._lock:
            self._files += files
            self._bytes += size_bytes
            if self._monotonic() >= self._next_line:
                self._line()
                self._next_line = self._monotonic() + LINE_EVERY_S

    def finish(self) -> None:
        """The last phase has its last line."""
        with self._lock:
            self._line()
            self._name = ""

    def _line(self) -> None:
        if not self._name:
            return
        size = sized(self._bytes, self._bytes_total)
        files = counted(self._files, self._files_total)
        fields = say("CLI-PROGRESS-LINE", self._lang, files=files, bytes=size)
        self._stream.write(f"{self._name}: {fields}\n")
        self._stream.flush()
