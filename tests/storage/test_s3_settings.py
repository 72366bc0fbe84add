"""What an operator can set for S3: credentials from outside kho.toml, authority, lock, style."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from kit.s3_server import WRITER, S3Server, secret_of
from kit.stores import get, put
from storage_backends.registry import open_backend
from storage_backends.s3 import open_store
from storage_backends.s3.client import make_client
from storage_backends.s3.options import read_options

CLIENTS = ("boto3", "fast")
CONTENT, HEAD = "ocfl/o/v1/content/a", "ocfl/o/inventory.json"


def works(url: str, options: dict[str, str | int | bool]) -> None:
    store = open_backend("s3", url, options)
    put(store, CONTENT, b"1")
    assert get(store, CONTENT) == b"1"
    store.close()


@pytest.mark.loopback
@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("client", CLIENTS)
def test_credentials_may_stand_in_the_environment(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, client: str
) -> None:
    key, secret = secret_of(s3_server.credentials_file, WRITER)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
    works(s3_server.new_url(), {"endpoint": s3_server.endpoint, "client": client})


@pytest.mark.loopback
@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("client", CLIENTS)
def test_credentials_may_stand_in_a_profile_of_the_usual_file(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: str
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_bytes(s3_server.credentials_file.read_bytes())
    monkeypatch.setenv("HOME", str(tmp_path))
    options = {"endpoint": s3_server.endpoint, "profile": WRITER, "client": client}
    works(s3_server.new_url(), {**options})


@pytest.mark.loopback
@pytest.mark.xdist_group("s3")
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("mode", ["compliance", "governance"])
def test_content_is_locked_in_the_mode_asked_for_and_an_inventory_never(
    s3_server: S3Server, client: str, mode: str
) -> None:
    bucket = f"locked-{uuid4().hex[:8]}"
    admin: Any = s3_server.client
    admin.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    options = s3_server.options(lock=mode, lock_days=30, client=client)
    store = open_store("s3", f"s3://{bucket}/p", options)
    large = b"x" * (9 * 1024 * 1024)
    put(store, CONTENT, b"1")
    put(store, f"{CONTENT}-large", large)
    store.put_head(HEAD, b"one", replaces=None)
    store.put_head(HEAD, b"two", replaces=store.read_head(HEAD)[1])
    for key in (CONTENT, f"{CONTENT}-large"):
        locked = admin.head_object(Bucket=bucket, Key=f"p/{key}")
        assert locked["ObjectLockMode"] == mode.upper()
        until = datetime.fromisoformat(locked["ObjectLockRetainUntilDate"])
        assert until > datetime.now(UTC) + timedelta(days=29)
        with pytest.raises(Exception, match="AccessDenied"):
            admin.delete_object(Bucket=bucket, Key=f"p/{key}", VersionId=locked["VersionId"])
    assert "ObjectLockMode" not in admin.head_object(Bucket=bucket, Key=f"p/{HEAD}")
    store.close()


@pytest.mark.parametrize(
    ("path_style", "host", "path"),
    [(True, "s3.example", "/bucket/key"), (False, "bucket.s3.example", "/key")],
)
def test_a_bucket_is_named_in_the_path_or_in_the_host_as_the_store_wants(
    monkeypatch: pytest.MonkeyPatch, path_style: bool, host: str, path: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    options = read_options("s3", {"endpoint": "https://s3.example", "path_style": path_style})
    client = make_client("s3", options)
    url = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "key"})
    assert url.startswith(f"https://{host}{path}?")
