"""Faults 27 to 34: stores that are down, busy, slow, cut off, forgetful or wrong.

A small HTTP server answers as the row says, and a real S3 server rots on its own disk. The
numbers are those of docs/measurements/forty-faults.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from kit.archives import FILES, make_bed, store
from kit.disk_archive import audited, repaired
from kit.s3_server import S3Server
from kit.s3_stub import LISTING, Answer, options_for, refusal, stub
from kit.stores import put, sha256
from preservation.examine import Item, examine
from preservation.repair_result import Healing
from repository.fill import fill
from repository.ocfl.claims import VersionTaken
from repository.settings import ReplicaSettings
from schemas.ids import AipId
from schemas.nouns import Place, Verdict
from schemas.records import Receipt
from storage_backends.faulty import Call, FaultyBackend, flipped
from storage_backends.interface import BackendUnavailable, ObjectExists, StorageBackend
from storage_backends.memory import MemoryBackend
from storage_backends.retrying import Patience, RetryingBackend
from storage_backends.s3 import open_store
from storage_backends.s3.store import S3Store

KEY = "ocfl/o/v1/content/a"
A = "phu-luc/a.txt"


def test_27_a_store_that_is_down_at_ingest_leaves_the_dossier_wanting_and_is_filled_later(
    tmp_path: Path,
) -> None:
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path / "archive", stores)
    with bed.open() as archive:
        archive.prepare_to_write()
        stores["beta"].outage = True
        receipt = store(archive)
        assert receipt.state == "under_replicated"
        domains = {r.name: r.backend.failure_domain for r in archive.replicas}
        (wanting,) = archive.catalogue.under_replicated(2, domains)
        assert (wanting.aip_id, wanting.replicas) == (receipt.aip_id, ("alpha",))
        stores["beta"].outage = False
        assert fill(archive).copied == 1
        assert not list(archive.catalogue.under_replicated(2, domains))
        assert not audited(archive).found_damage


@contextmanager
def asked(
    answer: Callable[[str, str], Answer], folder: Path, **options: int
) -> Iterator[tuple[RetryingBackend, list[float]]]:
    """A store on a server that answers so, asked again up to four times, and its waits."""

    def with_listing(verb: str, path: str) -> Answer:
        return Answer(body=LISTING) if "list-type" in path else answer(verb, path)

    waits: list[float] = []
    chances = iter([0.0, 0.5, 0.99, 0.25, 0.75] * 20)
    patience = Patience(
        attempts=4, first_wait_s=1, sleep=waits.append, chance=lambda: next(chances)
    )
    with stub(with_listing) as endpoint:
        inner = open_store("s3", "s3://bucket", options_for(endpoint, folder, **options))
        assert isinstance(inner, S3Store)
        inner._pause = lambda _s: None
        yield RetryingBackend(inner, patience=patience), waits
        inner.close()


@pytest.mark.loopback
@pytest.mark.parametrize(
    "busy", [refusal(503, "SlowDown"), refusal(500, "InternalError"), refusal(503, "x")]
)
def test_28_a_busy_server_is_asked_again_with_growing_scattered_waits_and_then_no_more(
    tmp_path: Path, busy: Answer
) -> None:
    left = [3]

    def answer(verb: str, _path: str) -> Answer:
        if verb == "PUT" and left[0] > 0:
            left[0] -= 1
            return busy
        return Answer(headers={"ETag": '"e"'})

    with asked(answer, tmp_path) as (patient, waits):
        put(patient, KEY, b"content")
        assert waits == [0.5, 1.5, pytest.approx(3.98)]
        left[0] = 1_000
        waits.clear()
        with pytest.raises(BackendUnavailable):
            put(patient, KEY, b"content")
        assert len(waits) == 3
        assert left[0] == 1_000 - 4


@pytest.mark.loopback
def test_29_a_server_that_hangs_is_given_up_when_nothing_moves_for_its_time(
    tmp_path: Path,
) -> None:
    released = Event()

    def answer(verb: str, _path: str) -> Answer:
        if verb == "GET":
            released.wait(60)
        return Answer(headers={"ETag": '"e"'})

    with asked(answer, tmp_path, timeout_s=1) as (patient, waits):
        try:
            with pytest.raises(BackendUnavailable):
                patient.inner.read_head(KEY)
            assert not released.is_set()
        finally:
            released.set()
        assert waits == []


def test_29_a_replica_whose_write_hangs_does_not_hold_up_the_others(tmp_path: Path) -> None:
    released = Event()
    stores = {name: FaultyBackend(MemoryBackend(name)) for name in ("alpha", "beta")}
    replicas = tuple(
        ReplicaSettings(name=name, url=f"memory:{name}", site=name, deadline_s=1)
        for name in stores
    )
    bed = make_bed(tmp_path / "archive", stores, replicas=replicas)
    with bed.open() as archive:
        archive.prepare_to_write()

        def hang(call: Call) -> None:
            if call.verb == "put_new" and call.key.startswith("ocfl/"):
                released.wait(60)

        stores["beta"].before = hang
        try:
            receipt = store(archive)
        finally:
            stores["beta"].before = None
            released.set()
        assert receipt.state == "under_replicated"
        assert [copy.replica for copy in receipt.copies] == ["alpha"]


@pytest.mark.loopback
def test_30_an_upload_that_is_reset_is_sent_again_whole(tmp_path: Path) -> None:
    taken: list[str] = []

    def answer(verb: str, path: str) -> Answer:
        if verb == "PUT":
            taken.append(path)
            return Answer(reset=len(taken) == 1, headers={"ETag": '"e"'})
        return refusal(404, "NoSuchKey")

    with asked(answer, tmp_path) as (patient, waits):
        put(patient, KEY, b"content")
        assert len(taken) == 2
        assert len(waits) == 1


@pytest.mark.xdist_group("s3")
@pytest.mark.loopback
def test_30_parts_that_a_dead_upload_left_are_abandoned(s3_server: S3Server) -> None:
    part = 5 * 1024 * 1024
    backend = s3_server.handles(part_bytes=part)()
    bucket = {"Bucket": "kho"}
    begun = backend.bucket.place.prefix + KEY
    s3_server.client.create_multipart_upload(**bucket, Key=begun)
    put(backend, KEY, b"x" * (part + 1))
    left = s3_server.client.list_multipart_uploads(**bucket).get("Uploads", [])
    assert [upload for upload in left if upload["Key"] == begun] == []


@pytest.mark.loopback
@pytest.mark.parametrize("content", [b"content", b"not ours"])
def test_31_a_write_whose_answer_was_lost_counts_only_after_its_bytes_were_compared(
    tmp_path: Path, content: bytes
) -> None:
    kept: list[str] = []

    def answer(verb: str, path: str) -> Answer:
        if verb == "PUT" and not kept:
            kept.append(path)
            return Answer(reset=True)
        if verb == "PUT":
            return refusal(412, "PreconditionFailed")
        return Answer(body=content, headers={"ETag": '"e"'})

    with asked(answer, tmp_path) as (patient, _waits):
        if content == b"content":
            put(patient, KEY, b"content")
        else:
            with pytest.raises(ObjectExists):
                put(patient, KEY, b"content")


def test_32_wrong_bytes_on_one_of_several_reads_are_no_damage(tmp_path: Path) -> None:
    beta = FaultyBackend(MemoryBackend("beta"))
    bed = make_bed(tmp_path / "archive", {"alpha": MemoryBackend("alpha"), "beta": beta})
    with bed.open() as archive:
        store(archive, FILES)
        key = next(info.key for info in beta.list("ocfl/") if info.key.endswith(A))
        before = dict(beta.inner._content_by_key)  # type: ignore[attr-defined]  # a memory store
        lie_once(beta, key)
        result = audited(archive)
        assert result.flaky == (("beta", key),)
        assert (result.damage, result.intact) == ((), result.due)
        # An audit that met the fault twice in a row calls it damage; repair looks once more.
        lies = [2]
        beta.before = lambda call: lie(beta, key, lies) if call.key == key else None
        assert len(audited(archive, seed=11).damage) == 1
        beta.before = None
        beta.heal()
        assert [file.healing for file in repaired(archive).files] == [Healing.INTACT_AFTER_ALL]
        kept = beta.inner._content_by_key  # type: ignore[attr-defined]  # a memory store
        assert {k: kept[k] for k in before} == before
        assert not list(beta.list("kho/set-aside/"))


def lie_once(backend: FaultyBackend, key: str) -> None:
    """The next read of ``key`` gives wrong bytes, and no other."""
    lies = [1]
    backend.before = lambda call: lie(backend, key, lies) if call.key == key else None


def lie(backend: FaultyBackend, key: str, left: list[int]) -> None:
    backend.heal()
    if left[0] > 0:
        left[0] -= 1
        backend.alter(key, flipped)


@pytest.mark.loopback
def test_33_a_file_that_head_calls_whole_and_get_cannot_give_is_found_by_reading(
    tmp_path: Path,
) -> None:
    """A real server with a bit flipped in its own files answers so: see
    ``test_a_bit_that_rots_on_the_server_is_a_fault_that_head_never_notices`` in tests/storage."""
    headers = {"ETag": '"e"', "x-amz-meta-kho-sha256": sha256(b"content")}

    def answer(verb: str, path: str) -> Answer:
        if verb == "HEAD":
            return Answer(body=b"content", headers=headers)
        if path.endswith("/content/a"):
            return refusal(500, "InternalError")
        return Answer(body=b"{}", headers=headers)

    with asked(answer, tmp_path) as (patient, _waits):
        assert patient.stat(KEY).key == KEY
        item = Item(KEY, sha256(b"content"), AipId(""), Place.ARCHIVE, "a", 7)
        (found,) = examine(patient, [item])
        assert found.verdict is Verdict.UNREADABLE


def test_34_of_two_writers_of_one_object_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    """Here as two opened archives with locks of their own; as two processes of the command
    line in tests/spec/test_hard_times.py."""
    memories = {name: MemoryBackend(name) for name in ("alpha", "beta")}
    bed = make_bed(tmp_path / "archive", memories)
    inside, go_on = Event(), Event()

    def wait_inside(call: Call) -> None:
        if call.verb == "put_new" and call.key.startswith("ocfl/"):
            inside.set()
            go_on.wait(60)

    slow: dict[str, StorageBackend] = {
        name: FaultyBackend(memory, before=wait_inside) for name, memory in memories.items()
    }
    won: list[Receipt] = []

    def first() -> None:
        with bed.open(slow) as archive:
            won.append(store(archive))

    writer = Thread(target=first)
    writer.start()
    try:
        assert inside.wait(60)
        with bed.open() as other:
            before = {name: set(memory._content_by_key) for name, memory in memories.items()}
            with pytest.raises(VersionTaken):
                store(other)
            after = {name: set(memory._content_by_key) for name, memory in memories.items()}
            assert {n: {k for k in after[n] - before[n] if "ocfl/" in k} for n in after} == {
                "alpha": set(),
                "beta": set(),
            }
    finally:
        go_on.set()
        writer.join()
    assert [receipt.state for receipt in won] == ["stored"]
    with bed.open() as archive:
        assert len(list(archive.catalogue.aips())) == 1
        assert not audited(archive).found_damage
