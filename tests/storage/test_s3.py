"""What an S3 replica does beyond the contract, against a real server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from kit.s3_server import BUCKET, READER, S3Server, admin_client
from kit.stores import get, keys, put, sha256
from storage_backends.interface import (
    AccessDenied,
    MediumFailed,
    NotSetAside,
    ObjectExists,
    ObjectNotFound,
)
from storage_backends.registry import open_backend
from storage_backends.s3 import S3Store, open_store
from storage_backends.s3.bucket import OUR_DIGEST, Found
from storage_backends.s3.errors import (
    BucketMissing,
    BucketNotLockable,
    BucketNotVersioned,
    CredentialUnknown,
    CredentialWrong,
    ReadOnlyCredential,
    ServerFault,
)
from storage_backends.sources import BytesSource, FileSource

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]

PART = 5 * 1024 * 1024
KEY = "ocfl/o/v1/content/large.bin"


@pytest.fixture
def admin(s3_server: S3Server) -> Iterator[Any]:
    client = admin_client(s3_server.endpoint, s3_server.credentials_file)
    yield client
    client.close()


def unfinished(admin: Any, store: S3Store) -> int:
    prefix = store.bucket.place.prefix
    return len(admin.list_multipart_uploads(Bucket=BUCKET, Prefix=prefix).get("Uploads", ()))


def test_every_object_carries_the_digest_that_was_checked(s3_server: S3Server, admin: Any) -> None:
    store = s3_server.handles(part_bytes=PART)()
    large = bytes(range(256)) * (PART // 256) + b"rest"
    for key, content in ((KEY, large), ("ocfl/small", b"small")):
        put(store, key, content)
        answer = admin.head_object(Bucket=BUCKET, Key=store.bucket.place.prefix + key)
        assert answer["Metadata"] == {OUR_DIGEST: sha256(content)}
        assert sha256(get(store, key)) == sha256(content)


def test_a_large_object_is_put_in_parts_and_only_once(
    s3_server: S3Server, admin: Any, tmp_path: Path
) -> None:
    store = s3_server.handles(part_bytes=PART)()
    file = tmp_path / "large"
    content = b"x" * (PART + 1)
    file.write_bytes(content)
    digest = sha256(content)
    store.put_new(KEY, FileSource(file), size_bytes=len(content), sha256=digest)
    answer = admin.head_object(Bucket=BUCKET, Key=store.bucket.place.prefix + KEY)
    assert answer["ETag"].endswith('-2"')
    with pytest.raises(ObjectExists):
        store.put_new(KEY, FileSource(file), size_bytes=len(content), sha256=digest)
    assert unfinished(admin, store) == 0


def test_uploads_that_a_dead_writer_left_are_abandoned(s3_server: S3Server, admin: Any) -> None:
    store = s3_server.handles(part_bytes=PART)()
    other = KEY.replace("large", "other")
    for key in (KEY, KEY, other):
        admin.create_multipart_upload(Bucket=BUCKET, Key=store.bucket.place.prefix + key)
    put(store, KEY, b"x" * (PART + 1))
    assert unfinished(admin, store) == 1
    store.move_aside("ocfl/o/v1/", reason="uncommitted")
    assert unfinished(admin, store) == 0
    assert keys(store, "ocfl/") == []


def test_a_large_object_of_another_digest_leaves_nothing(s3_server: S3Server, admin: Any) -> None:
    store = s3_server.handles(part_bytes=PART)()
    content = b"x" * (2 * PART + 1)
    with pytest.raises(Exception, match="STORAGE-DIGEST-MISMATCH"):
        store.put_new(KEY, BytesSource(content), size_bytes=len(content), sha256=sha256(b"other"))
    assert (keys(store), unfinished(admin, store)) == ([], 0)


def test_an_interrupted_move_is_taken_up_again(s3_server: S3Server, admin: Any) -> None:
    store = s3_server.handles()()
    for name in ("a", "b", "c"):
        put(store, f"ocfl/o/v1/{name}", name.encode())
    target = store.move_aside("ocfl/o/v1/", reason="uncommitted")
    # As after a death: the note is missing, one object was copied and not yet removed.
    prefix = store.bucket.place.prefix
    admin.delete_object(Bucket=BUCKET, Key=f"{prefix}{target[:-1]}.json")
    put(store, "ocfl/o/v1/b", b"b")
    assert store.move_aside("ocfl/o/v1/", reason="uncommitted") == target
    assert keys(store, "ocfl/") == []
    assert [key.removeprefix(target) for key in keys(store, target)] == ["a", "b", "c"]


def test_a_moved_object_never_replaces_another(s3_server: S3Server, admin: Any) -> None:
    store = s3_server.handles()()
    put(store, "ocfl/o/v1/a", b"first")
    first = store.move_aside("ocfl/o/v1/", reason="uncommitted")
    prefix = store.bucket.place.prefix
    admin.delete_object(Bucket=BUCKET, Key=f"{prefix}{first[:-1]}.json")
    put(store, "ocfl/o/v1/a", b"second")
    second = store.move_aside("ocfl/o/v1/", reason="uncommitted")
    assert (get(store, f"{first}a"), get(store, f"{second}a")) == (b"first", b"second")


def test_strays_of_other_tools_are_listed_as_what_they_are(
    s3_server: S3Server, admin: Any
) -> None:
    store = s3_server.handles()()
    prefix = store.bucket.place.prefix
    admin.put_object(Bucket=BUCKET, Key=f"{prefix}ocfl/a b", Body=b"1")
    admin.put_object(Bucket=BUCKET, Key=f"{prefix}ocfl/folder/", Body=b"")
    found = {(info.key, info.kind) for info in store.list("ocfl/")}
    assert found == {("ocfl/a b", "file"), ("ocfl/folder", "directory")}


def test_each_wrong_credential_is_named(s3_server: S3Server) -> None:
    url = s3_server.new_url()
    with pytest.raises(CredentialUnknown):
        open_store("s3", url, s3_server.options("stranger"))
    with pytest.raises(CredentialWrong):
        open_store("s3", url, s3_server.options("mistyped"))


@pytest.mark.parametrize("client", ["boto3", "fast"])
def test_a_credential_that_may_only_read_reads_and_says_so_when_writing(
    s3_server: S3Server, client: str
) -> None:
    url = s3_server.new_url()
    writer = open_backend("s3", url, s3_server.options())
    reader = open_backend("s3", url, s3_server.options(READER, client=client))
    put(writer, "ocfl/a", b"1")
    assert get(reader, "ocfl/a") == b"1"
    with pytest.raises(ReadOnlyCredential):
        put(reader, "ocfl/b", b"1")
    with pytest.raises(ReadOnlyCredential):
        reader.put_head("ocfl/a", b"2", replaces=reader.read_head("ocfl/a")[1])
    assert issubclass(ReadOnlyCredential, AccessDenied)
    writer.close()
    reader.close()


def test_a_missing_bucket_is_no_loss_and_is_not_made(s3_server: S3Server, admin: Any) -> None:
    with pytest.raises(BucketMissing):
        open_store("s3", "s3://no-such-bucket/p", s3_server.options(), create=True)
    assert "no-such-bucket" not in {b["Name"] for b in admin.list_buckets()["Buckets"]}


def test_a_bucket_that_does_not_keep_versions_is_refused_where_that_is_asked(
    s3_server: S3Server,
) -> None:
    url = s3_server.new_url()
    with pytest.raises(BucketNotVersioned):
        open_store("s3", url, s3_server.options(versioned=True))
    with pytest.raises(BucketNotVersioned):
        open_store("s3", url, s3_server.options(lock="governance", lock_days=1))


def test_a_versioned_bucket_without_lock_is_refused_where_a_lock_is_asked(
    s3_server: S3Server, admin: Any
) -> None:
    bucket = f"versioned-{uuid4().hex[:8]}"
    admin.create_bucket(Bucket=bucket)
    admin.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    open_store("s3", f"s3://{bucket}", s3_server.options(versioned=True)).close()
    with pytest.raises(BucketNotLockable):
        open_store("s3", f"s3://{bucket}", s3_server.options(lock="compliance", lock_days=1))


def test_content_is_locked_heads_are_not_and_old_versions_are_not_seen(
    s3_server: S3Server, admin: Any
) -> None:
    bucket = f"locked-{uuid4().hex[:8]}"
    admin.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    options = s3_server.options(lock="compliance", lock_days=30, client="fast")
    store = open_store("s3", f"s3://{bucket}/archive", options)
    assert store.capabilities.object_lock
    put(store, "ocfl/o/v1/content/a", b"1")
    put(store, "kho/claims/o/v1", b"claim")
    store.put_head("ocfl/o/inventory.json", b"one", replaces=None)
    store.put_head(
        "ocfl/o/inventory.json", b"two", replaces=store.read_head("ocfl/o/inventory.json")[1]
    )

    def head(key: str) -> Any:
        return admin.head_object(Bucket=bucket, Key=f"archive/{key}")

    locked = head("ocfl/o/v1/content/a")
    assert locked["ObjectLockMode"] == "COMPLIANCE"
    until = locked["ObjectLockRetainUntilDate"]
    assert until > datetime.now(UTC) + timedelta(days=29)
    with pytest.raises(Exception, match="AccessDenied"):
        admin.delete_object(
            Bucket=bucket, Key="archive/ocfl/o/v1/content/a", VersionId=locked["VersionId"]
        )
    for key in ("ocfl/o/inventory.json", "kho/claims/o/v1"):
        assert "ObjectLockMode" not in head(key)
    store.sweep("kho/claims/")
    assert keys(store) == ["ocfl/o/inventory.json", "ocfl/o/v1/content/a"]
    with pytest.raises(ObjectNotFound):
        store.stat("kho/claims/o/v1")
    put(store, "kho/claims/o/v1", b"claimed again over a delete marker")
    target = store.move_aside("ocfl/o/v1/", reason="uncommitted")
    assert get(store, f"{target}content/a") == b"1"
    assert keys(store, "ocfl/") == ["ocfl/o/inventory.json"]
    store.close()


def flip_in_volumes(folder: Path, content: bytes) -> int:
    """One bit of ``content`` is flipped wherever the server's volumes hold it; how often."""
    found = 0
    for volume in folder.glob("*.dat"):
        raw = volume.read_bytes()
        place = raw.find(content)
        if place >= 0:
            with volume.open("r+b") as stream:
                stream.seek(place + len(content) // 2)
                stream.write(bytes([raw[place + len(content) // 2] ^ 1]))
            found += 1
    return found


def test_a_bit_that_rots_on_the_server_is_a_fault_that_head_never_notices(
    s3_server: S3Server,
) -> None:
    store = s3_server.handles()()
    content = uuid4().bytes * 3 + os.urandom(5000)  # what compresses is stored otherwise
    put(store, "ocfl/rotten", content)
    assert flip_in_volumes(s3_server.folder, content) == 1
    assert store.stat("ocfl/rotten").size_bytes == len(content)
    with pytest.raises(ServerFault):
        store.bucket.get("ocfl/rotten")


def test_what_the_server_cannot_read_is_set_aside_and_mended(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = s3_server.handles(pause=lambda _s: None)()
    put(store, KEY, b"rotten")
    put(store, "ocfl/whole", b"whole")
    assert get(store, "ocfl/whole") == b"whole"
    inner, etag = store.bucket.get, store.bucket.head(KEY).etag

    def faulty(key: str, offset: int = 0) -> Found:
        if key == KEY and store.bucket.head(KEY).etag == etag:
            raise ServerFault(backend="s3", key=key, reason="InternalError")
        return inner(key, offset)

    monkeypatch.setattr(store.bucket, "get", faulty)
    with pytest.raises(MediumFailed):
        store.open(KEY)
    with pytest.raises(NotSetAside):
        mend(store, b"mended", observed=None)
    store.set_aside(KEY, reason="unreadable")
    mend(store, b"mended", observed=None)
    assert get(store, KEY) == b"mended"


def mend(store: S3Store, content: bytes, *, observed: str | None) -> None:
    store.replace_damaged(
        KEY,
        BytesSource(content),
        size_bytes=len(content),
        sha256=sha256(content),
        observed=observed,
    )
