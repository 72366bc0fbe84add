"""Numbers as people read them."""

from __future__ import annotations

import math


def counted(done: int, total: int | None = None) -> str:
    """``12/40``, or ``12`` when nobody knows of how many."""
    return f"{done:,}/{total:,}" if total is not None else f"{done:,}"


def sized(size_bytes: int, total: int | None = None) -> str:
    """``17 B``, ``1.5 MiB``; ``1.5 MiB/20.0 MiB`` of a known total."""
    if total is not None:
        return f"{sized(size_bytes)}/{sized(total)}"
    if size_bytes < 1024:
        return f"{size_bytes} B"
    size = float(size_bytes)
    for unit in ("KiB", "MiB", "GiB"):
        size /= 1024
        if size < 1024:
            return f"{size:.1f} {unit}"
    return f"{size / 1024:.1f} TiB"


def clocked(seconds: float) -> str:
    """``0:00:04``, ``37:05:00``: hours, minutes and seconds, rounded up."""
    minutes, left_s = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left_s:02d}"
