"""From URL to store, and what is imported on the way."""

import subprocess
import sys
from pathlib import Path

import pytest

from kit.stores import get, put
from schemas.errors import ConfigError
from storage_backends.filesystem import FilesystemBackend
from storage_backends.local_disk import RootMissing
from storage_backends.memory import MemoryBackend
from storage_backends.registry import (
    UnknownOption,
    UnknownStore,
    folder_of,
    open_backend,
    without_secrets,
)
from storage_backends.throttled import ThrottledBackend


def test_a_path_and_a_file_url_open_the_same_folder(tmp_path: Path) -> None:
    root = tmp_path / "bản sao một"
    put(open_backend("a", str(root), create=True), "ocfl/a", b"1")
    assert get(open_backend("a", root.as_uri()), "ocfl/a") == b"1"


def test_percent_signs_are_decoded_in_urls_only() -> None:
    assert folder_of("file:///mnt/b%E1%BA%A3n%20sao") == "/mnt/bản sao"
    assert folder_of("/mnt/100%25") == "/mnt/100%25"
    assert folder_of("file:/mnt/a") == "/mnt/a"
    assert folder_of("file://localhost/mnt/a") == "/mnt/a"


def test_a_store_is_made_only_when_asked(tmp_path: Path) -> None:
    with pytest.raises(RootMissing):
        open_backend("a", str(tmp_path / "new"))
    assert isinstance(open_backend("a", str(tmp_path / "new"), create=True), FilesystemBackend)


def test_a_memory_store_is_fresh_each_time() -> None:
    first = open_backend("a", "memory:x")
    put(first, "ocfl/a", b"1")
    assert isinstance(first, MemoryBackend)
    assert list(open_backend("a", "memory:x").list("")) == []


@pytest.mark.parametrize(
    "url",
    ["ftp://host/x", "relative/path", "", "file://other-host/mnt", "file:relative", "C:\\backup",
     "file:///a?b", "file:///a%00b"],
)  # fmt: skip
def test_a_url_that_names_no_store_is_a_configuration_error(url: str) -> None:
    with pytest.raises(UnknownStore) as refusal:
        open_backend("a", url)
    assert isinstance(refusal.value, ConfigError)
    assert refusal.value.fields["url"] == url


@pytest.mark.parametrize(
    "options", [{"buket": "x"}, {"bytes_per_s": "fast"}, {"bytes_per_s": 0}, {"attempts": True}]
)
def test_an_option_the_store_does_not_know_is_refused(
    tmp_path: Path, options: dict[str, str | int | bool]
) -> None:
    with pytest.raises(UnknownOption) as refusal:
        open_backend("a", str(tmp_path), options)
    assert next(iter(options)) in str(refusal.value.fields["option"])


def test_a_store_can_be_opened_at_a_pace(tmp_path: Path) -> None:
    store = open_backend("a", str(tmp_path), {"bytes_per_s": 10_000_000}, create=True)
    assert isinstance(store, ThrottledBackend)
    put(store, "ocfl/a", b"1")
    assert get(store, "ocfl/a") == b"1"


def test_no_password_gets_into_a_message() -> None:
    assert without_secrets("sftp://kho:geheim@host/p") == "sftp://kho@host/p"
    assert without_secrets("s3://bucket/prefix@x") == "s3://bucket/prefix@x"
    with pytest.raises(UnknownStore) as refusal:
        open_backend("a", "ftp://kho:geheim@host/p")
    assert "geheim" not in str(refusal.value)


def test_opening_a_folder_imports_no_driver_of_other_stores(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from storage_backends.registry import open_backend\n"
        "early = set(sys.modules)\n"
        f"open_backend('a', {str(tmp_path)!r}, create=True)\n"
        "heavy = {'boto3', 'botocore', 'paramiko', 'obstore', 'sqlalchemy'}\n"
        "print(sorted(heavy & set(sys.modules)), 'storage_backends.filesystem' in early)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["[]", "False"]
