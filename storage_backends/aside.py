"""Where damaged bytes are kept, and where removal is allowed: the same on every store.

    kho/set-aside/<32 hex of the key>/<sha256 of the bytes>        the bytes
    kho/set-aside/<32 hex of the key>/<sha256 of the bytes>.json   a note: key, reason, size
    kho/set-aside/<32 hex of the prefix>-<n>/…                     what was moved aside
    kho/set-aside/<32 hex of the prefix>-<n>.json                  a note: prefix, reason

A note can be read without Kho. It is written after the bytes, so a missing note means an
interruption, never a lost byte.
"""

from __future__ import annotations

import hashlib

import msgspec

from storage_backends.interface import RemovalRefused
from storage_backends.keys import check_prefix

STAGING = "kho/staging/"
CLAIMS = "kho/claims/"
ASIDE = "kho/set-aside/"


class AsideNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Why something stands under ``kho/set-aside/`` and where it came from."""

    format: str = "kho.set-aside/1"
    key: str
    """The key, or the prefix with its final slash, that the bytes stood at."""
    reason: str
    kind: str = "file"
    """``file``, ``link`` (the bytes are the link's target), ``special`` or ``moved``."""
    sha256: str = ""
    size_bytes: int = 0
    complete: bool = True
    """False when the store failed before the last byte: what is kept is the readable start."""


def encode_note(note: AsideNote) -> bytes:
    """The note as one line of JSON."""
    return msgspec.json.encode(note) + b"\n"


def aside_folder(key: str) -> str:
    """The prefix under which the bytes that once stood at ``key`` are kept."""
    return f"{ASIDE}{_short(key)}/"


def aside_key(key: str, sha256: str) -> str:
    """Where the damaged bytes with this digest, once at ``key``, are kept."""
    return f"{aside_folder(key)}{sha256}"


def moved_prefix(prefix: str, number: int) -> str:
    """Where the ``number``-th move aside of ``prefix`` puts its objects."""
    return f"{ASIDE}{_short(prefix)}-{number}/"


def check_removable(prefix: str) -> None:
    """Keys under ``prefix`` may be removed; :class:`RemovalRefused` everywhere but two places."""
    check_prefix(prefix)
    if not prefix.startswith((STAGING, CLAIMS)):
        raise RemovalRefused(prefix=prefix)


def check_movable(prefix: str) -> None:
    """``prefix`` is one object or version; :class:`RemovalRefused` for whole roots and ours."""
    check_prefix(prefix)
    if prefix.count("/") < 2 or prefix.startswith((STAGING, CLAIMS, ASIDE)):
        raise RemovalRefused(prefix=prefix)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
