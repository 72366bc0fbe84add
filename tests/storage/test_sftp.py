"""What an SFTP replica does beyond the contract, against a real server."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from kit.sftp_server import SftpServer
from kit.stores import get, keys, put
from schemas.text import say
from storage_backends.interface import AccessDenied, BackendUnavailable, WrongEntryType
from storage_backends.registry import UnknownOption, UnknownStore, open_backend
from storage_backends.s3.options import SecretInSettings
from storage_backends.sftp import open_store
from storage_backends.sftp.connection import Connections
from storage_backends.sftp.errors import (
    FolderMissing,
    HostKeyChanged,
    HostKeyUnknown,
    KeyUnreadable,
    LoginRefused,
)
from storage_backends.sftp.options import read_options, read_target
from storage_backends.sftp.store import SftpStore

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("sftp")]


def folder_of(url: str) -> Path:
    return Path("/" + url.split("/", 3)[3])


def new_key(folder: Path, name: str = "other") -> tuple[Path, str]:
    import asyncssh

    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(folder / name)
    return folder / name, key.export_public_key().decode().strip()


def test_a_server_whose_key_was_never_pinned_is_refused_and_its_key_is_told(
    sftp_server: SftpServer, tmp_path: Path
) -> None:
    (tmp_path / "known_hosts").write_text("elsewhere " + sftp_server.host_key + "\n")
    options = {"known_hosts": str(tmp_path / "known_hosts"), "key_file": str(sftp_server.key_file)}
    with pytest.raises(HostKeyUnknown) as caught:
        open_store("sftp", sftp_server.new_url(), options)
    assert sftp_server.host_key in say(caught.value.code, "vi", **caught.value.fields)


def test_a_server_that_shows_another_key_is_refused(
    sftp_server: SftpServer, tmp_path: Path
) -> None:
    other = new_key(tmp_path)[1]
    options = sftp_server.options(host_key=other)
    with pytest.raises(HostKeyChanged):
        open_store("sftp", sftp_server.new_url(), options)


def test_a_server_is_recognised_by_a_file_of_known_hosts(
    sftp_server: SftpServer, tmp_path: Path
) -> None:
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{sftp_server.port} {sftp_server.host_key}\n")
    options = {"known_hosts": str(known), "key_file": str(sftp_server.key_file)}
    store = open_store("sftp", sftp_server.new_url(), options)
    put(store, "ocfl/a", b"1")
    assert get(store, "ocfl/a") == b"1"
    assert store.failure_domain == "host:127.0.0.1"
    store.close()


def test_a_stranger_is_not_let_in(sftp_server: SftpServer, tmp_path: Path) -> None:
    options = sftp_server.options(key_file=str(new_key(tmp_path)[0]))
    with pytest.raises(LoginRefused) as caught:
        open_store("sftp", sftp_server.new_url(), options)
    assert isinstance(caught.value, AccessDenied)


def test_without_a_key_and_an_agent_nobody_is_let_in(sftp_server: SftpServer) -> None:
    with pytest.raises(LoginRefused, match="agent"):
        open_store("sftp", sftp_server.new_url(), {"host_key": sftp_server.host_key})


def test_a_key_that_cannot_be_read_is_the_operators_affair(
    sftp_server: SftpServer, tmp_path: Path
) -> None:
    (tmp_path / "nonsense").write_text("no key")
    for file in ("absent", "nonsense"):
        with pytest.raises(KeyUnreadable):
            open_store(
                "sftp", sftp_server.new_url(), sftp_server.options(key_file=str(tmp_path / file))
            )


@pytest.mark.parametrize(
    "content", [bytes(range(256)), b"[127.0.0.1]:1 ssh-ed25519 !!!notbase64\n"]
)
def test_known_hosts_that_cannot_be_read_are_the_operators_affair(
    sftp_server: SftpServer, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "known_hosts").write_bytes(content)
    options = {"known_hosts": str(tmp_path / "known_hosts"), "key_file": str(sftp_server.key_file)}
    with pytest.raises(KeyUnreadable):
        open_store("sftp", sftp_server.new_url(), options)


@pytest.mark.parametrize("pinned", ["ssh-ed25519", "ssh-ed25519 %%%%", "ssh-ed25519 SHA256:abc"])
def test_a_pinned_key_that_is_none_is_not_called_a_changed_one(
    sftp_server: SftpServer, pinned: str
) -> None:
    with pytest.raises(KeyUnreadable):
        open_store("sftp", sftp_server.new_url(), sftp_server.options(host_key=pinned))


def test_a_server_of_another_kind_is_unavailable_and_nothing_is_printed(
    sftp_server: SftpServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with server.accept()[0] as connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        url = f"sftp://kho@127.0.0.1:{server.getsockname()[1]}/folder"
        with pytest.raises(BackendUnavailable):
            open_store("sftp", url, sftp_server.options())
    assert capfd.readouterr().err == ""


def test_a_missing_folder_is_an_unmounted_disk_until_it_is_to_be_made(
    sftp_server: SftpServer,
) -> None:
    url = sftp_server.new_url() + "/not/yet"
    with pytest.raises(FolderMissing):
        open_store("sftp", url, sftp_server.options())
    open_store("sftp", url, sftp_server.options(), create=True).close()
    open_store("sftp", url, sftp_server.options()).close()


def test_a_server_that_is_gone_is_unavailable(sftp_server: SftpServer) -> None:
    url = f"sftp://kho@127.0.0.1:9{folder_of(sftp_server.new_url())}"
    with pytest.raises(BackendUnavailable):
        open_store("sftp", url, sftp_server.options())


def test_a_lost_connection_is_made_again(sftp_server: SftpServer) -> None:
    url = sftp_server.new_url()
    target, options = read_target("sftp", url), read_options("sftp", sftp_server.options())
    connections = Connections("sftp", target, options)
    store = SftpStore("sftp", target, connections)
    put(store, "ocfl/a", b"1")
    for transport in connections._users_by_transport:
        transport.close()
    assert get(store, "ocfl/a") == b"1"
    store.close()


def test_links_are_not_followed(sftp_server: SftpServer) -> None:
    url = sftp_server.new_url()
    root = folder_of(url)
    (root / "ocfl").mkdir()
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "file").write_bytes(b"secret")
    (root / "ocfl" / "file").symlink_to(root / "elsewhere" / "file")
    (root / "ocfl" / "folder").symlink_to(root / "elsewhere")
    os.mkfifo(root / "ocfl" / "pipe")
    store = open_store("sftp", url, sftp_server.options())
    for key in ("ocfl/file", "ocfl/folder", "ocfl/folder/file", "ocfl/pipe"):
        with pytest.raises(WrongEntryType):
            store.open(key)
        with pytest.raises(WrongEntryType):
            store.stat(key)
    with pytest.raises(WrongEntryType):
        put(store, "ocfl/folder/new", b"1")
    kinds = {info.key: info.kind for info in store.list("ocfl/")}
    assert kinds == {"ocfl/file": "link", "ocfl/folder": "link", "ocfl/pipe": "special"}
    assert not (root / "elsewhere" / "new").exists()
    store.close()


def test_the_lock_of_a_dead_writer_is_broken_and_that_of_a_living_one_is_not(
    sftp_server: SftpServer,
) -> None:
    url = sftp_server.new_url()
    target, options = read_target("sftp", url), read_options("sftp", sftp_server.options())
    slept: list[float] = []
    store = SftpStore("sftp", target, Connections("sftp", target, options), sleep=slept.append)
    store.put_head("ocfl/head", b"1", replaces=None)
    token = store.read_head("ocfl/head")[1]
    staging = folder_of(url) / "kho" / "staging"
    with (
        store._remote.asking("x") as channel,
        store._remote.staged(channel) as staged,
        store._locks.held(channel, "ocfl/head", staged),
    ):
        (lock,) = [path for path in staging.iterdir() if path.name.startswith("lock-")]
    lock.write_bytes(b"somebody")
    with pytest.raises(BackendUnavailable, match="another writer"):
        store.put_head("ocfl/head", b"2", replaces=token)
    assert sum(slept) >= 60
    store.sweep("kho/staging/")
    assert lock.exists()
    os.utime(lock, (1, 1))
    store.put_head("ocfl/head", b"2", replaces=token)
    assert list(staging.iterdir()) == []
    store.close()


def test_staged_files_of_living_writers_are_not_swept(sftp_server: SftpServer) -> None:
    url = sftp_server.new_url()
    store = open_store("sftp", url, sftp_server.options())
    for name in ("put-a", "put-b"):
        put(store, f"kho/staging/{name}", b"1")
    os.utime(folder_of(url) / "kho" / "staging" / "put-b", (1, 1))
    store.sweep("kho/staging/")
    assert keys(store, "kho/staging/") == ["kho/staging/put-a"]
    store.close()


def test_reading_ahead_gives_every_byte_once(sftp_server: SftpServer) -> None:
    store = open_backend("sftp", sftp_server.new_url(), sftp_server.options())
    content = os.urandom(3 * 1024 * 1024 + 17)
    put(store, "ocfl/a", content)
    assert get(store, "ocfl/a") == content
    assert get(store, "ocfl/a", offset=1_048_570) == content[1_048_570:]
    store.close()


@pytest.mark.parametrize(
    "options", [{}, {"host_key": "a b", "known_hosts": "/x"}, {"host_key": "a b", "port": 22}]
)
def test_options_that_cannot_be_right_are_refused(options: dict[str, str | int | bool]) -> None:
    with pytest.raises(UnknownOption):
        read_options("b", options)


def test_passwords_are_refused() -> None:
    with pytest.raises(SecretInSettings):
        read_target("b", "sftp://kho:secret@host/p")
    with pytest.raises(SecretInSettings):
        read_options("b", {"host_key": "a b", "password": "x"})


@pytest.mark.parametrize("url", ["sftp://host/p", "sftp://kho@host", "sftp://kho@/p"])
def test_urls_that_name_no_folder_are_refused(url: str) -> None:
    with pytest.raises(UnknownStore):
        read_target("b", url)
