"""Nasty packages 19–27, 35–66: names and bags."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from functools import partial
from pathlib import Path

from kit.desk import write_files
from kit.eark_packages import spec
from kit.nasty import Delivery, Make, bagged, laid_out, lazily, packed, with_settings
from kit.packages import (
    BAGIT_097,
    BAGIT_10,
    Forged,
    bag_files,
    forge_zip,
    manifest,
    with_tag_manifest,
)

TEXT = "Quyết định về việc thu nộp hồ sơ\n".encode()
ONE = {"a.txt": TEXT}
TITLE = "External-Description: Hồ sơ thu nộp\n"
SHA = hashlib.sha256(TEXT).hexdigest()
NFC = unicodedata.normalize("NFC", "Quyết định.txt")
NFD = unicodedata.normalize("NFD", NFC)


def sound(payload: dict[str, bytes] | None = None, **more: object) -> dict[str, bytes]:
    """A sound bag with a title."""
    content = ONE if payload is None else payload
    octets = sum(map(len, content.values()))
    info = f"{TITLE}Payload-Oxum: {octets}.{len(content)}\n"
    return bag_files(content, **{"info": info, **more})  # type: ignore[arg-type]  # by name


def _changed(**changes: bytes) -> Make:
    named = {f"{name.replace('_', '-')}.txt": content for name, content in changes.items()}
    return bagged(sound() | named)


def _renamed() -> Make:
    files = sound({NFC: TEXT})
    files[f"data/{NFD}"] = files.pop(f"data/{NFC}")
    return bagged(files)


def _without(path: str, files: dict[str, bytes] | None = None) -> Make:
    left = dict(files or sound({"a.txt": TEXT, "b.txt": TEXT * 2}))
    left.pop(path)
    return bagged(left)


def _lines(text: str) -> bytes:
    return text.encode()


def _utf16() -> Make:
    declaration = BAGIT_10.replace(b"UTF-8", b"UTF-16")
    files = sound(declaration=declaration)
    for name in ("bag-info.txt", "manifest-sha256.txt"):
        files[name] = files[name].decode().encode("utf-16")
    return bagged(files)


def _fetch(*, present: bool) -> Make:
    files = sound({"a.txt": TEXT, "b.txt": TEXT * 2})
    files["fetch.txt"] = f"http://127.0.0.1:9/b {len(TEXT) * 2} data/b.txt\n".encode()
    if not present:
        files.pop("data/b.txt")
    return bagged(files)


def _bag_in_a_bag() -> Make:
    inner = {f"trong/{path}": content for path, content in sound().items()}
    return bagged(sound(inner))


def _empty(folder: Path) -> Delivery:
    delivery = bagged(sound({}))(folder)
    (delivery.source / "data").mkdir()
    return delivery


def _two_folders(folder: Path) -> Delivery:
    spec().write(folder / "nop")
    write_files(folder / "nop" / "khac", {b"thu.txt": TEXT})
    return Delivery(folder / "nop")


def _growing(folder: Path) -> Delivery:
    delivery = laid_out({b"a.bin": os.urandom(2 << 20), b"b.txt": TEXT})(folder)
    path = delivery.source / "a.bin"
    return Delivery(delivery.source, meanwhile=partial(_append, path))


def _append(path: Path) -> None:
    with path.open("ab") as out:
        out.write(b"more")


def _again(folder: Path) -> Delivery:
    source = laid_out({b"a.txt": TEXT, b"b.txt": TEXT * 2})(folder).source
    return Delivery(source, before=source)


def _other_content(folder: Path) -> Delivery:
    first, second = spec(), spec()
    second.mets.set("LABEL", "Hồ sơ khác")
    return Delivery(second.write(folder / "sau"), before=first.write(folder / "truoc"))


def _twice(second: str) -> bytes:
    return _lines(f"{SHA}  data/a.txt\n{second}  data/a.txt\n")


def _many(count: int = 1500) -> dict[bytes, bytes]:
    return {f"nhom {n % 7}/{n:05d}.txt".encode(): f"so {n}\n".encode() for n in range(count)}


PACKAGES: dict[int, Make] = {
    19: laid_out({b"Bao cao.txt": TEXT, b"bao cao.TXT": TEXT * 2}),
    20: laid_out({NFC.encode(): TEXT, NFD.encode(): TEXT * 2}),
    21: _renamed(),
    22: packed(forge_zip([Forged(b"L\xfd l\xdech \xae\xb6ng vi\xaan.txt", TEXT)])),
    23: _changed(manifest_sha256=f"{SHA}  data/\xe9.txt\n".encode("latin-1")),
    24: bagged(sound({"hai\ndong.txt": TEXT})),
    25: bagged(sound({"100%.txt": TEXT})),
    26: bagged(
        sound({"100%.txt": TEXT}) | {"manifest-sha256.txt": _lines(f"{SHA}  data/100%.txt\n")}
    ),
    27: laid_out({b"aux.txt": TEXT, b"a.txt": TEXT * 2}),
    35: _two_folders,
    36: _empty,
    37: _bag_in_a_bag(),
    40: laid_out(_many()),
    41: lazily(lambda: forge_zip([Forged(b"lon.bin", os.urandom(48 << 20), method=0)])),
    42: _growing,
    43: _again,
    44: _other_content,
    45: _changed(bagit=b"\xef\xbb\xbf" + BAGIT_10),
    46: _changed(manifest_sha256=b"\xef\xbb\xbf" + _lines(f"{SHA}  data/a.txt\n")),
    47: _changed(
        manifest_sha256=_lines(f"{SHA}  data/a.txt\r"), bagit=BAGIT_10.replace(b"\n", b"\r\n")
    ),
    48: _changed(bagit=b"BagIt-Version : 1.0\nTag-File-Character-Encoding: UTF-8\n"),
    49: _changed(bagit=BAGIT_10.replace(b"1.0", b"2.0")),
    50: bagged(sound(declaration=BAGIT_097)),
    51: _changed(bagit=BAGIT_10.replace(b"UTF-8", b"TCVN3")),
    52: _utf16(),
    53: bagged(sound(info=TITLE)),
    54: bagged(sound(info=f"{TITLE}Payload-Oxum: 1.1\n")),
    55: bagged(sound(algorithms=("md5",))),
    56: bagged(sound() | {"manifest-k12.txt": _lines(f"{'ab' * 16}  data/a.txt\n")}),
    57: bagged(
        sound({"a.txt": TEXT, "b.txt": TEXT * 2})
        | {"manifest-sha512.txt": manifest("sha512", {"data/a.txt": TEXT})}
    ),
    58: _changed(manifest_sha256=_lines(f"{SHA}  data/a.txt\n{SHA}  ../a.txt\n")),
    59: _changed(manifest_sha256=_twice("ab" * 32)),
    60: _changed(manifest_sha256=_twice(SHA)),
    61: bagged(sound() | {"data/them.txt": TEXT * 3}),
    62: _without("data/b.txt"),
    63: _fetch(present=False),
    64: _fetch(present=True),
    65: bagged(
        with_tag_manifest(sound())
        | {"bag-info.txt": _lines(f"{TITLE}Payload-Oxum: {len(TEXT)}.1\nX: y\n")}
    ),
    66: bagged(sound({"a.txt": TEXT, "Thumbs.db": b"thumbs", ".DS_Store": b"store"})),
    78: with_settings(laid_out({b"a.txt": TEXT}), staging_reserve_bytes=1 << 60),
}
