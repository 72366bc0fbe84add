"""Frames between the pool and its children: length-capped JSON, nothing executable.

A frame is a magic, a length and one JSON document. A request travels with one read-only
descriptor per item (``SCM_RIGHTS``); answers come back one per item, in order, so that the
parent always knows which file a child was busy with when it died.
"""

from __future__ import annotations

import struct
from typing import Any, TypeVar

import msgspec

HEADER = struct.Struct("!4sI")
MAGIC = b"KHOW"

REQUEST_CAP_BYTES = 4 * 1024 * 1024
ANSWER_CAP_BYTES = 32 * 1024 * 1024
FILES_PER_REQUEST = 64
"""Linux passes at most 253 descriptors in one message; a child keeps room for its own."""


class FrameError(ValueError):
    """What arrived is not a frame of ours; the channel cannot be used any more."""


class JobLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one job may use. ``wall_s`` is enforced by the parent, the others by the kernel."""

    wall_s: float = 30.0
    cpu_s: int = 30
    memory_bytes: int = 1024**3
    """Address space of the whole child (RLIMIT_AS), its interpreter included."""
    file_bytes: int = 64 * 1024**2
    """Largest file the child may write into its scratch directory (RLIMIT_FSIZE)."""


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One or more files for one kind of job; ``items`` are their parameters."""

    kind: str
    limits: JobLimits
    items: list[dict[str, Any]]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of item number ``item``: a result, or why there is none."""

    item: int
    result: dict[str, Any] | None = None
    failed: str = ""
    """``memory``, ``refused`` or ``error``; empty when ``result`` is set."""
    detail: str = ""


T = TypeVar("T")


def pack(record: msgspec.Struct, cap: int) -> bytes:
    """The frame that holds ``record``; FrameError when it would be longer than ``cap``."""
    body = msgspec.json.encode(record)
    if len(body) > cap:
        raise FrameError(f"a frame of {len(body)} bytes, more than {cap}")
    return HEADER.pack(MAGIC, len(body)) + body


class Unpacker:
    """Collects bytes in any portions and gives back whole records."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the channel."""
        self._buffer += chunk

    def take(self, kind: type[T]) -> T | None:
        """The next whole record, None while it is incomplete; FrameError for anything else."""
        if len(self._buffer) < HEADER.size:
            if not MAGIC.startswith(self._buffer[: len(MAGIC)]):
                raise FrameError("not a frame")
            return None
        magic, length = HEADER.unpack_from(self._buffer)
        if magic != MAGIC or length > self._cap:
            raise FrameError("not a frame, or one beyond the cap")
        end = HEADER.size + length
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[HEADER.size : end])
        del self._buffer[:end]
        try:
            return msgspec.json.decode(body, type=kind)
        except msgspec.MsgspecError as error:
            raise FrameError(str(error)) from error
