"""Nasty packages 1–18 and 28–34: containers that lie, loop, escape or break off."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

from kit.nasty import Make, laid_out, lazily, packed
from kit.packages import Forged, forge_zip, tar_file, tar_of

TEXT = "Tờ trình về việc nộp lưu hồ sơ\n".encode()
A, B = Forged(b"a.txt", TEXT), Forged(b"dir/b.txt", TEXT * 2)
TAR_A, TAR_B = tar_file("a.txt", TEXT), tar_file("dir/b.txt", TEXT * 2)
BLOCK = 512


def _typed(kind: bytes, name: str = "x", target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    return tar_file(name, b"", type=kind, linkname=target)


def _tar(*members: tuple[tarfile.TarInfo, bytes]) -> Make:
    return packed(tar_of([TAR_A, *members]), "goi.tar")


def _zip(*entries: Forged) -> Make:
    return packed(forge_zip([A, *entries]))


def _bomb(size_bytes: int = 80 << 20) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("zeros.bin", bytes(size_bytes))
    return out.getvalue()


def _zip64() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        with archive.open("a.txt", "w", force_zip64=True) as member:
            member.write(TEXT)
        archive.writestr("b.txt", TEXT * 2)
    return out.getvalue()


def _sparse() -> bytes:
    info, data = tar_file("thua.bin", b"startend")
    info.pax_headers = {
        "GNU.sparse.size": "6000",
        "GNU.sparse.map": "1000,5,5000,3",
        "GNU.sparse.name": "thua.bin",
    }
    return tar_of([(info, data), TAR_A])


WHOLE = tar_of([TAR_A, TAR_B])

PACKAGES: dict[int, Make] = {
    1: lazily(_bomb),
    2: lazily(lambda: forge_zip([A, Forged(b"trong.zip", _bomb(), method=0)])),
    3: _zip(Forged(b"b.txt", TEXT, at=0), Forged(b"a.txt", TEXT, at=0)),
    4: _zip(Forged(b"b.txt", TEXT, local_size=5)),
    5: _zip(Forged(b"../up.txt", TEXT)),
    6: _tar(tar_file("../up.txt", TEXT)),
    7: _tar(tar_file("/etc/cron.d/x", TEXT)),
    8: _zip(Forged(b"C:\\windows\\x.txt", TEXT)),
    9: _tar(_typed(tarfile.SYMTYPE, target="/etc/passwd")),
    10: _tar(_typed(tarfile.SYMTYPE, target="a.txt")),
    11: _tar(_typed(tarfile.SYMTYPE, "door", ".."), tar_file("door/written.txt", TEXT)),
    12: _tar(_typed(tarfile.LNKTYPE, target="a.txt")),
    13: _tar(_typed(tarfile.FIFOTYPE, "pipe"), _typed(tarfile.CHRTYPE, "device")),
    14: _tar(tar_file("chay.txt", TEXT * 3, mode=0o6755)),
    15: _zip(Forged(b"link", b"/etc/passwd", mode=0o120777)),
    16: _zip(Forged(b"a.txt", TEXT * 3)),
    17: _tar(tar_file("a.txt", TEXT * 3)),
    18: _zip(Forged(b"a.txt/b", TEXT)),
    28: _zip(Forged(b"/".join([b"x" * 120] * 9), TEXT)),
    29: packed(gzip.compress(WHOLE, mtime=0)[:-20], "goi.tar.gz"),
    30: packed(WHOLE[: 2 * BLOCK], "goi.tar"),
    31: lazily(_zip64),
    32: _zip(Forged(b"mat.txt", TEXT, flags=1)),
    33: lazily(_sparse, "goi.tar"),
    34: packed(forge_zip([A, B], suffix=b"#!/bin/sh\n")),
    38: laid_out({b"a.txt": TEXT, b"rong.txt": b""}),
    39: laid_out({b"a.txt": TEXT}, empty=("thu muc rong/sau hon",)),
}
