"""Kho is not needed to read Kho: what another tool copies down, another judge accepts.

The archive keeps a folder, S3 by both clients, and SFTP. rclone copies each replica's roots;
ocfl-py judges the copies. That it rejects a planted fault is proved here too, on each kind.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.pipeline import ingest
from kit.archives import TestBed, make_bed
from kit.desk import desk_of, write_files
from kit.ocfl_oracle import assert_ocfl_py_accepts, ocfl_py_on_root
from kit.rclone import rclone, remote_path, s3_remote, sftp_remote
from kit.s3_server import S3Server
from kit.sftp_server import SftpServer
from storage_backends.registry import open_backend
from storage_backends.s3.store import PART_BYTES

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("s3")]

PLACES = ("ocfl", "holding")
DOSSIER: dict[bytes, bytes] = {
    "Tờ trình về việc khen thưởng.txt".encode(): "Kính gửi: Uỷ ban nhân dân\n".encode(),
    ("thư mục dài " + "a" * 84 + "/b.txt").encode(): b"a long name",
    b"100%25 and 100%.txt": b"percent signs",
    b"hai\ndong.txt": b"a newline",
    b"A.txt": b"upper",
    b"a.txt": b"lower",
    b"CON": b"a device elsewhere",
    b"rong.txt": b"",
    b"large.bin": os.urandom(64) * (PART_BYTES // 64 + 1),
}
HELD: dict[bytes, bytes] = {b"B\xb8o c\xb8o.txt": b"an undecodable name", b"b.txt": b"x"}

Fetch = Callable[[str, Path], Path]
"""Copies one replica to a folder of that name by rclone; the folder."""


@pytest.fixture
def bed(tmp_path: Path, s3_server: S3Server, sftp_server: SftpServer) -> TestBed:
    fast = s3_server.options(client="fast")
    stores = {
        "folder": open_backend("folder", str(tmp_path / "folder"), create=True),
        "object": open_backend("object", s3_server.new_url(), s3_server.options()),
        "quick": open_backend("quick", s3_server.new_url(), fast),
        "remote": open_backend("remote", sftp_server.new_url(), sftp_server.options()),
    }
    return make_bed(tmp_path / "archive", stores, accept_shared_failure_domain=True)


@pytest.fixture
def fetch(bed: TestBed, s3_server: S3Server, sftp_server: SftpServer) -> Fetch:
    servers = {**s3_remote(s3_server), **sftp_remote(sftp_server)}

    def fetched(name: str, target: Path) -> Path:
        url = bed.backends[name].url
        source = url.removeprefix("file://") if url.startswith("file:") else remote_path(url)
        rclone("sync", source, target / name, servers=servers)
        return target / name

    return fetched


def receive(bed: TestBed, folder: Path) -> None:
    with bed.open() as archive, desk_of(archive) as desk:
        for name, files in (("accepted", DOSSIER), ("held", HELD)):
            receipt = ingest(write_files(folder / name, files), desk, fonds="TL05")
            assert (receipt.outcome, receipt.state) == (name, "stored")
            assert len(receipt.copies) == len(bed.backends)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for place in PLACES
        for path in (folder / place).rglob("*")
        if path.is_file()
    }


def test_every_replica_copied_down_by_rclone_is_a_root_that_ocfl_py_accepts(
    bed: TestBed, fetch: Fetch, tmp_path: Path
) -> None:
    receive(bed, tmp_path / "submitted")
    own = tree(tmp_path / "folder")
    assert any(len(content) > PART_BYTES for content in own.values())
    for name in bed.backends:
        copy = fetch(name, tmp_path / "copies")
        assert tree(copy) == own
        for place in PLACES:
            assert_ocfl_py_accepts(copy / place, objects=1)
        plant_fault(copy / "ocfl")
        assert any("E092" in error for error in ocfl_py_on_root(copy / "ocfl").errors)


def plant_fault(root: Path) -> None:
    victim = next(
        path for path in sorted(root.rglob("v1/content/**/*.txt")) if path.stat().st_size
    )
    content = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(bytes([content[0] ^ 1]) + content[1:])
