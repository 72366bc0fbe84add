"""The conformance suite has been seen to fail: each planted bug is caught by what it breaks."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from typing import BinaryIO

import pytest

from storage_backends.aside import moved_prefix
from storage_backends.conformance import BEHAVIOURS
from storage_backends.interface import (
    HeadToken,
    ObjectExists,
    ObjectInfo,
    ObjectNotFound,
    Source,
    StorageError,
)
from storage_backends.keys import check_key
from storage_backends.memory import MemoryBackend


class _Plain(MemoryBackend):
    """Gives the bugs below a way to the content."""

    @property
    def content(self) -> dict[str, bytes]:
        return self._content_by_key

    def read_source(self, source: Source) -> bytes:
        with source.open() as stream:
            return stream.read()


class Overwrites(_Plain):
    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        self.content.pop(key, None)
        super().put_new(key, source, size_bytes=size_bytes, sha256=sha256)


class BelievesTheDigest(_Plain):
    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        check_key(key)
        if key in self.content:
            raise ObjectExists(backend=self.name, key=key)
        self.content[key] = self.read_source(source)


class PublishesWhileWriting(_Plain):
    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        if key not in self.content and key.startswith("ocfl/"):
            self.content[key] = b"half"
            self.damage(key, None) if not hasattr(source, "error") else None
        super().put_new(key, source, size_bytes=size_bytes, sha256=sha256)


class LooksBeforeItLeaps(_Plain):
    """Checks for the key, lets others run, then writes."""

    def __init__(self) -> None:
        super().__init__("memory")
        self.meeting = threading.Barrier(2)

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        check_key(key)
        if key in self.content:
            raise ObjectExists(backend=self.name, key=key)
        content = self._read(source, key, size_bytes, sha256)
        if threading.current_thread() is not threading.main_thread():
            with suppress(threading.BrokenBarrierError):
                self.meeting.wait(1)
        self.content[key] = content


class IgnoresTheToken(_Plain):
    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None:
        current = self.content.get(key)
        token = None if current is None else HeadToken(hashlib.sha256(current).hexdigest())
        super().put_head(key, content, replaces=token)


class IgnoresTheOffset(_Plain):
    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        return super().open(key)


class FailsBehindTheEnd(_Plain):
    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        if offset >= len(self.content.get(key, b" " * (offset + 1))):
            raise ObjectNotFound(backend=self.name, key=key)
        return super().open(key, offset=offset)


class GivesEmptyForMissing(_Plain):
    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]:
        return super().open(key, offset=offset) if key in self.content else io.BytesIO()


class ListsByTextPrefix(_Plain):
    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        everything = super().list("")
        return (info for info in everything if info.key.startswith(prefix.rstrip("/")))


class ListsOnePage(_Plain):
    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found = list(super().list(prefix))
        return iter(found[:1000])


class ListsTwice(_Plain):
    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        found = list(super().list(prefix))
        return iter(found + found[:1])


class TakesAnyKey(_Plain):
    def stat(self, key: str) -> ObjectInfo:
        if key not in self.content:
            raise ObjectNotFound(backend=self.name, key=key)
        return ObjectInfo(key, len(self.content[key]))


class FoldsDoubleSlashes(_Plain):
    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        super().put_new(key.replace("//", "/"), source, size_bytes=size_bytes, sha256=sha256)


class IgnoresCase(_Plain):
    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        super().put_new(key.lower(), source, size_bytes=size_bytes, sha256=sha256)


class ReplacesWithoutKeeping(_Plain):
    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        if key in self.content:
            self.set_aside(key, reason="quietly")
        super().replace_damaged(
            key, source, size_bytes=size_bytes, sha256=sha256, observed=observed
        )


class ReplacesWhateverIsThere(_Plain):
    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None:
        found = hashlib.sha256(self.content.get(key, b"")).hexdigest()
        super().replace_damaged(key, source, size_bytes=size_bytes, sha256=sha256, observed=found)


class SetsAsideByMoving(_Plain):
    def set_aside(self, key: str, *, reason: str) -> str:
        aside = super().set_aside(key, reason=reason)
        self.damage(key, None)
        return aside


class MovesOverTheLastMove(_Plain):
    def move_aside(self, prefix: str, *, reason: str) -> str:
        for info in self.list(moved_prefix(prefix, 1)):
            self.damage(info.key, None)
        return super().move_aside(prefix, reason=reason)


class SweepsAnywhere(_Plain):
    def sweep(self, prefix: str) -> None:
        try:
            super().sweep(prefix)
        except StorageError:
            for info in list(MemoryBackend.list(self, "")):
                self.damage(info.key, None)


class SweepsByTextPrefix(_Plain):
    def sweep(self, prefix: str) -> None:
        super().sweep(prefix)
        for key in [key for key in self.content if key.startswith(prefix.rstrip("/"))]:
            if prefix.startswith("kho/claims/"):
                self.damage(key, None)


class ReadsTheSourceOnce(_Plain):
    seen: set[int] = set()  # noqa: RUF012  # the bug is that it is shared

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None:
        if id(source) in self.seen:
            size_bytes = -1
        self.seen.add(id(source))
        super().put_new(key, source, size_bytes=size_bytes, sha256=sha256)


BUGS: dict[type[_Plain], str] = {
    Overwrites: "putting_an_existing_key_is_refused",
    BelievesTheDigest: "bytes_of_another_digest_are_refused",
    PublishesWhileWriting: "a_process_that_dies_while_putting_leaves_nothing_visible",
    LooksBeforeItLeaps: "of_eight_writers_of_one_key_exactly_one_wins",
    IgnoresTheToken: "a_head_changed_by_somebody_else_is_not_replaced",
    IgnoresTheOffset: "reading_may_begin_in_the_middle",
    FailsBehindTheEnd: "reading_at_or_behind_the_end_gives_no_bytes",
    GivesEmptyForMissing: "opening_a_missing_key_says_not_found",
    ListsByTextPrefix: "a_prefix_ends_at_a_segment",
    ListsOnePage: "listing_goes_on_past_one_page",
    ListsTwice: "listing_gives_every_object_once",
    TakesAnyKey: "keys_that_some_store_cannot_hold_are_refused_when_reading",
    FoldsDoubleSlashes: "keys_that_some_store_cannot_hold_are_refused_when_writing",
    IgnoresCase: "every_character_of_a_key_is_kept",
    ReplacesWithoutKeeping: "damaged_bytes_that_were_not_set_aside_are_not_replaced",
    ReplacesWhateverIsThere: "an_object_that_changed_since_it_was_observed_is_not_replaced",
    SetsAsideByMoving: "setting_aside_keeps_the_bytes_and_the_key",
    MovesOverTheLastMove: "a_second_version_moved_aside_keeps_the_first_apart",
    SweepsAnywhere: "nothing_else_is_ever_removed",
    SweepsByTextPrefix: "sweeping_removes_claims_and_staging",
    ReadsTheSourceOnce: "a_source_is_opened_anew_for_each_put",
}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_caught(bug: type[_Plain]) -> None:
    behaviour = next(b for b in BEHAVIOURS if b.__name__ == BUGS[bug])
    store = bug() if bug is LooksBeforeItLeaps else bug("memory")
    with pytest.raises(AssertionError) as caught:
        behaviour(lambda: store)
    assert len(str(caught.value)) > 10


def test_every_behaviour_has_a_name_of_its_own_that_reads_as_a_sentence() -> None:
    names = [behaviour.__name__ for behaviour in BEHAVIOURS]
    assert len(set(names)) == len(names) >= 45
    assert all(name.count("_") >= 3 for name in names)


def test_the_suite_needs_no_test_runner() -> None:
    code = (
        "import sys\n"
        "from storage_backends.conformance import BEHAVIOURS\n"
        "from storage_backends.memory import MemoryBackend\n"
        "def run(behaviour):\n"
        "    store = MemoryBackend('m')\n"
        "    behaviour(lambda: store)\n"
        "for behaviour in BEHAVIOURS: run(behaviour)\n"
        "print('pytest' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"
