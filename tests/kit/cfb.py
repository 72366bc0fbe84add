"""Writes small OLE2 compound files, whole or broken in chosen ways."""

from __future__ import annotations

import struct

_FREE, _END, _FATSECT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_SECTOR = 512
_MINI = 64


def ole2(
    streams: dict[str, bytes],
    *,
    loop: bool = False,
    directory_loop: bool = False,
    bad_tree: bool = False,
) -> bytes:
    """A version 3 compound file holding ``streams`` in its root storage.

    ``loop``: the chains of large streams come back to their start. ``directory_loop``: the
    directory's chain does. ``bad_tree``: an entry of the directory is its own sibling. At
    most 63 KiB in all: one table sector.
    """
    mini = b""
    mini_fat: list[int] = []
    large: list[tuple[str, bytes]] = []
    starts: dict[str, int] = {}
    for name, content in streams.items():
        if len(content) >= 4096:
            large.append((name, content))
            continue
        starts[name] = len(mini_fat) if content else _END
        count = -(-len(content) // _MINI)
        mini_fat += [len(mini_fat) + i + 1 for i in range(count)]
        if count:
            mini_fat[-1] = _END
        mini += content.ljust(count * _MINI, b"\0")
    sectors: list[bytes] = [b""]  # sector 0: the allocation table, filled in last
    fat: list[int] = [_FATSECT]

    def add(content: bytes) -> int:
        start = len(sectors)
        parts = [content[i : i + _SECTOR] for i in range(0, len(content), _SECTOR)]
        sectors.extend(part.ljust(_SECTOR, b"\0") for part in parts)
        fat.extend([start + i + 1 for i in range(len(parts) - 1)] + [_END])
        return start

    for name, content in large:
        starts[name] = add(content)
        if loop:
            fat[-1] = starts[name]
    mini_start = add(mini) if mini else _END
    packed = struct.pack(f"<{len(mini_fat)}L", *mini_fat)
    table_start = add(packed.ljust(_SECTOR, b"\xff")) if mini_fat else _END
    names = list(streams)
    entries = [_entry("Root Entry", 5, _FREE, 1 if names else _FREE, mini_start, len(mini))]
    for number, name in enumerate(names, start=1):
        after = number + 1 if number < len(names) else _FREE
        right = number if bad_tree else after
        entries.append(_entry(name, 2, right, _FREE, starts[name], len(streams[name])))
    directory = add(b"".join(entries))
    if directory_loop:
        fat[-1] = directory
    sectors[0] = struct.pack(f"<{len(fat)}L", *fat).ljust(_SECTOR, b"\xff")
    header = struct.pack(
        "<8s16s5H6s", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 62, 3, 0xFFFE, 9, 6, b""
    )
    header += struct.pack("<9L", 0, 1, directory, 0, 4096, table_start, 1, _END, 0)
    header += struct.pack("<109L", 0, *[_FREE] * 108)
    return header + b"".join(sectors)


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    raw = (name + "\0").encode("utf-16-le")
    return struct.pack(
        "<64sHBB3L16sLQQLQ", raw, len(raw), kind, 1, _FREE, right, child, b"", 0, 0, 0, start, size
    )


def compobj(program: bytes) -> bytes:
    """A CompObj stream that names ``program`` where signatures look for it."""
    return b"\0" * 60 + struct.pack("<L", len(program) + 1) + program + b"\0" * 40
