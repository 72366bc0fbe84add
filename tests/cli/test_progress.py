"""Progress: bars on a terminal, plain lines elsewhere, never in the way of the output."""

from __future__ import annotations

import io
import re
import sys

import pytest

from kho.cli.output import print_text
from kho.cli.progress import LINE_EVERY_S, LineProgress, shown
from kho.cli.sizes import clocked, counted, sized


class Terminal(io.TextIOWrapper):
    """A stream over bytes, as standard output is, that says it is a terminal."""

    def __init__(self) -> None:
        self.bytes = io.BytesIO()
        super().__init__(self.bytes, encoding="utf-8", write_through=True)

    def getvalue(self) -> str:
        return self.bytes.getvalue().decode()

    def isatty(self) -> bool:
        return True


class Stopwatch:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_phase_is_announced_with_its_totals_before_anything_is_done() -> None:
    stream = io.StringIO()
    with shown("en", stream) as progress:
        progress.phase("PROGRESS-STORE", files_total=1200, bytes_total=3 * 1024**2)
        assert stream.getvalue() == "Storing and reading back: 1,200 files, 3.0 MiB\n"
        progress.advance(files=1200, size_bytes=3 * 1024**2)
    assert len(stream.getvalue().splitlines()) == 1


def test_a_phase_names_its_replica_in_the_readers_language() -> None:
    stream = io.StringIO()
    with shown("vi", stream) as progress:
        progress.phase("PROGRESS-AUDIT", replica="băng")
    assert stream.getvalue() == "Đọc và đối chiếu băng\n"


def test_a_long_phase_has_a_line_every_ten_seconds_and_one_at_its_end() -> None:
    stream, watch = io.StringIO(), Stopwatch()
    progress = LineProgress(stream, "en", monotonic=watch)
    progress.phase("PROGRESS-READ", files_total=100)
    for _ in range(50):
        watch.now += LINE_EVERY_S / 20
        progress.advance(files=1, size_bytes=1024)
    progress.advance(files=50, size_bytes=50 * 1024)
    progress.phase("PROGRESS-BUILD")
    progress.finish()
    assert stream.getvalue().splitlines() == [
        "Reading the submission: 100 files",
        "Reading the submission: 20/100 files, 20.0 KiB",
        "Reading the submission: 40/100 files, 40.0 KiB",
        "Reading the submission: 100/100 files, 100.0 KiB",
        "Building the package",
    ]


def test_on_a_terminal_the_bar_shows_files_bytes_and_rate() -> None:
    terminal = Terminal()
    with shown("en", terminal) as progress:
        progress.phase("PROGRESS-STORE", files_total=4, bytes_total=2048)
        progress.advance(files=2, size_bytes=1024)
    drawn = terminal.getvalue()
    assert "Storing and reading back" in drawn
    assert "2/4" in drawn
    assert "1.0/2.0 KiB" in drawn


def test_output_for_another_program_is_not_drawn_on_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    terminal = Terminal()
    with shown("en", terminal) as progress:
        progress.phase("PROGRESS-STORE")
        sys.stdout.write('{"receipt": 1}\n')
    assert capsys.readouterr().out == '{"receipt": 1}\n'
    assert "receipt" not in terminal.getvalue()


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (3 * 1024**4, "3.0 TiB"),
    ],
)
def test_sizes_are_written_as_people_read_them(size: int, text: str) -> None:
    assert sized(size) == text


def test_counts_name_their_total_when_it_is_known() -> None:
    assert (counted(1234), counted(1, 1234)) == ("1,234", "1/1,234")
    assert sized(1024, 2048) == "1.0 KiB/2.0 KiB"


def test_a_span_of_seconds_is_never_told_as_nothing() -> None:
    spans = (0.0, 0.2, 59.5, 3599.0, 37 * 3600 + 301)
    assert [clocked(span) for span in spans] == [
        "0:00:00",
        "0:00:01",
        "0:01:00",
        "0:59:59",
        "37:05:01",
    ]


def test_what_is_printed_on_the_same_terminal_stands_above_the_bar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    with shown("en", terminal) as progress:
        progress.phase("PROGRESS-STORE", files_total=2, bytes_total=10)
        progress.advance(files=1, size_bytes=5)
        print_text("accepted")
    # The line on which the bar stood is erased before the text is written on it.
    assert re.search(r"\x1b\[2K *accepted *\n", terminal.getvalue())
