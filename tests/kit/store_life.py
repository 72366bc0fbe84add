"""A life of one store that recovery can repeat: what crash tests interrupt at every step."""

from __future__ import annotations

from storage_backends.conformance.kit import get, keys, put, sha256
from storage_backends.interface import HeadConflict, ObjectExists, StorageBackend
from storage_backends.sources import BytesSource

FILE = "ocfl/a18/o/v1/content/file"
HEAD = "ocfl/a18/o/inventory.json"
ROTTEN = "ocfl/a18/p/v1/content/rotten"
LOOSE = "ocfl/a18/q/v2/content/loose"
CLAIM = "kho/claims/o/v1"


def live(store: StorageBackend) -> None:
    """What recovery may have to repeat: every step leaves alone what is done already."""
    _unless_there(store, CLAIM, b"claim")
    _unless_there(store, FILE, b"content of the file")
    store.settle("ocfl/a18/o/")
    for old, new in ((None, b"first"), (b"first", b"second")):
        _replace_head(store, old, new)
    if get(store, ROTTEN) == b"rotten":
        store.set_aside(ROTTEN, reason="altered")
        store.replace_damaged(
            ROTTEN,
            BytesSource(b"whole"),
            size_bytes=5,
            sha256=sha256(b"whole"),
            observed=sha256(b"rotten"),
        )
    store.move_aside("ocfl/a18/q/v2/", reason="uncommitted")
    store.sweep("kho/claims/o/")


def _unless_there(store: StorageBackend, key: str, content: bytes) -> None:
    try:
        put(store, key, content)
    except ObjectExists:
        assert get(store, key) == content


def _replace_head(store: StorageBackend, old: bytes | None, new: bytes) -> None:
    token = None
    if keys(store, "ocfl/a18/o/") and HEAD in keys(store, "ocfl/a18/o/"):
        content, token = store.read_head(HEAD)
        if content != old:
            return
    try:
        store.put_head(HEAD, new, replaces=token)
    except HeadConflict:
        assert store.read_head(HEAD)[0] == new
