"""Compares what a zip says of an entry in its directory with what stands before its bytes."""

from __future__ import annotations

import stat
import struct

from schemas.archives import MemberKind
from schemas.archives_zip_data import METHODS
from schemas.archives_zip_records import (
    DESCRIPTOR_MAGIC,
    EXTRA_AES,
    FLAG_DESCRIPTOR,
    FLAG_UTF8,
    HIDDEN_FLAGS,
    LocalHeader,
    ZipEntry,
    extra_fields,
)

_DOS_FOLDER = 0x10
_PACKED_NOTHING = 14
"""Bytes that the longest of our methods (bzip2) makes of nothing; some writers pack folders."""


def hidden_reason(entry: ZipEntry) -> str | None:
    """The code for an entry whose bytes we cannot or must not read; None for a plain one."""
    if entry.flags & HIDDEN_FLAGS or any(
        kind == EXTRA_AES for kind, _ in extra_fields(entry.extra)
    ):
        return "ARCHIVE-ENCRYPTED"
    mode = entry.unix_mode
    if stat.S_ISLNK(mode):
        return "ARCHIVE-LINK"
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        return "ARCHIVE-SPECIAL"
    if entry.method not in METHODS:
        return "ARCHIVE-METHOD"
    if kind_of(entry) is MemberKind.FOLDER and (
        entry.size_bytes or entry.crc or entry.packed_bytes > _PACKED_NOTHING
    ):
        return "ARCHIVE-FOLDER-WITH-BYTES"
    return None


def kind_of(entry: ZipEntry) -> MemberKind:
    """Folder by its name, by its mode, or by the DOS attribute when it holds nothing."""
    empty_dos_folder = entry.attributes & _DOS_FOLDER and not entry.size_bytes
    if entry.raw_name.endswith(b"/") or stat.S_ISDIR(entry.unix_mode):
        return MemberKind.FOLDER
    if empty_dos_folder and not entry.unix_mode:
        return MemberKind.FOLDER
    return MemberKind.FILE


def header_difference(entry: ZipEntry, local: LocalHeader) -> str | None:
    """What the local header says otherwise than the directory; None when they agree.

    With a data descriptor the local sizes and CRC may be zero, and nothing else but right.
    """
    if local.raw_name != entry.raw_name:
        return "name"
    if local.method != entry.method:
        return "method"
    compared = HIDDEN_FLAGS | FLAG_DESCRIPTOR
    if not entry.raw_name.isascii():
        compared |= FLAG_UTF8
    if (local.flags ^ entry.flags) & compared:
        return "flags"
    later = bool(entry.flags & FLAG_DESCRIPTOR)
    pairs = (
        ("crc", local.crc, entry.crc),
        ("packed size", local.packed_bytes, entry.packed_bytes),
        ("size", local.size_bytes, entry.size_bytes),
    )
    for name, here, there in pairs:
        if here != there and not (later and here == 0):
            return name
    return None


def tail_surplus(entry: ZipEntry, tail: bytes) -> int | None:
    """How many bytes after the member belong to nothing; None when its descriptor is wrong.

    ``tail`` begins where the packed bytes end; up to 24 bytes of it are looked at.
    """
    if not entry.flags & FLAG_DESCRIPTOR:
        return len(tail)
    for form in ("<QQ", "<LL"):
        try:
            sizes = struct.pack(form, entry.packed_bytes, entry.size_bytes)
        except struct.error:
            continue
        record = entry.crc.to_bytes(4, "little") + sizes
        for expected in (DESCRIPTOR_MAGIC + record, record):
            if tail.startswith(expected):
                return len(tail) - len(expected)
    return None
