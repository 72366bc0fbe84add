"""Where journal lines lie: the newest found in a few listings, gaps and forks still told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from repository import journal_files
from repository.journal import chain
from repository.journal_files import (
    JOURNAL,
    LedgerBroken,
    LedgerForked,
    journal_key,
    last_line,
    put_lines,
    read_lines,
)
from schemas.records import LedgerLine
from storage_backends.interface import ObjectInfo
from storage_backends.memory import MemoryBackend


class Counting(MemoryBackend):
    """A store that counts how often it is listed, and how many entries were looked at."""

    listings = 0
    looked_at = 0

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        self.listings += 1
        for info in super().list(prefix):
            self.looked_at += 1
            yield info


@pytest.fixture(autouse=True)
def small_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten lines for a thousand."""
    monkeypatch.setattr(journal_files, "LINES_PER_FILE", 10)


def chained(count: int, *, word: str = "x") -> list[LedgerLine]:
    entries = [("event", {"id": word})] * count
    return chain(entries, seq=0, prev="", moment="2026-11-22T09:00:00.000Z")


def journal(lines: list[LedgerLine], *, groups: list[int] | None = None) -> Counting:
    """A store with the lines, one in each file, or in groups of these sizes over and over."""
    store = Counting("store")
    place, turn = 0, 0
    while place < len(lines):
        size = groups[turn % len(groups)] if groups else 1
        put_lines(store, lines[place : place + size])
        place, turn = place + size, turn + 1
    store.listings = store.looked_at = 0
    return store


GROUPS = [None, [3], [10], [7, 1], [1, 10, 4]]


@pytest.mark.parametrize("groups", GROUPS)
@pytest.mark.parametrize("count", [0, 1, 2, 9, 10, 11, 19, 20, 21, 99, 100, 137])
def test_the_newest_line_is_found_however_lines_are_grouped(
    count: int, groups: list[int] | None
) -> None:
    lines = chained(count)
    newest = last_line(journal(lines, groups=groups))
    assert newest == (lines[-1] if lines else None)


@pytest.mark.parametrize("groups", GROUPS)
def test_every_line_after_a_known_one_is_read(groups: list[int] | None) -> None:
    lines = chained(64)
    store = journal(lines, groups=groups)
    for known in range(65):
        prev = lines[known - 1].hash if known else ""
        assert list(read_lines(store, after_seq=known, prev=prev)) == lines[known:]


def test_what_is_new_takes_as_few_listings_in_a_long_journal_as_in_a_short_one() -> None:
    def asked(count: int) -> tuple[int, int]:
        lines = chained(count)
        store = journal(lines)
        assert not list(read_lines(store, after_seq=count, prev=lines[-1].hash))
        return store.listings, store.looked_at

    short, long = asked(105), asked(4205)
    assert long == short


def test_the_newest_line_of_a_long_journal_takes_a_few_listings() -> None:
    store = journal(chained(4205))
    assert last_line(store) is not None
    assert store.listings <= 20
    assert store.looked_at <= 20 + 10  # one entry of each folder, all of the last


def test_no_file_has_more_lines_than_fit_into_a_folder() -> None:
    store = Counting("store")
    put_lines(store, chained(35))
    assert sorted(info.key for info in store.list(JOURNAL)) == [
        journal_key(seq) for seq in (1, 11, 21, 31)
    ]


def test_a_missing_file_breaks_the_chain_where_it_was() -> None:
    lines = chained(40)
    store = journal(lines)
    store.damage(journal_key(23), None)
    with pytest.raises(LedgerBroken) as told:
        list(read_lines(store))
    assert told.value.fields["seq"] == 24
    with pytest.raises(LedgerBroken):
        list(read_lines(store, after_seq=22, prev=lines[21].hash))


def test_a_journal_whose_beginning_is_lost_still_tells_its_newest_line() -> None:
    lines = chained(40)
    store = journal(lines)
    for seq in range(1, 10):
        store.damage(journal_key(seq), None)
    assert last_line(store) == lines[-1]


def test_lines_that_are_there_in_other_groups_are_left_as_they_are() -> None:
    lines = chained(40)
    store = journal(lines, groups=[3])
    for seq in (1, 4, 7, 10, 13, 16, 19):
        store.damage(journal_key(seq), None)
    put_lines(store, lines)
    assert list(read_lines(store)) == lines


def test_another_line_of_the_same_number_is_a_fork() -> None:
    store = journal(chained(5), groups=[5])
    with pytest.raises(LedgerForked) as told:
        put_lines(store, chained(8, word="y"))
    assert told.value.fields["seq"] == 1


def test_what_else_lies_in_the_folder_is_no_line() -> None:
    lines = chained(3)
    store = journal(lines)
    store.damage(f"{JOURNAL}000000000/README.txt", b"hello")
    assert list(read_lines(store)) == lines
    assert last_line(store) == lines[-1]
