"""Extension folders, and the names that the OCFL community has registered.

Source: OCFL 1.1 §3.9 and §4.4; https://ocfl.github.io/extensions/
"""

from __future__ import annotations

from collections.abc import Iterable

from repository.ocfl.validator.report import Findings
from repository.ocfl.validator.tree import Entry

FLAT_DIRECT = "0002-flat-direct-storage-layout"
HASH_AND_ID = "0003-hash-and-id-n-tuple-storage-layout"
HASHED = "0004-hashed-n-tuple-storage-layout"

REGISTERED_LAYOUTS = frozenset(
    {
        FLAT_DIRECT,
        HASH_AND_ID,
        HASHED,
        "0006-flat-omit-prefix-storage-layout",
        "0007-n-tuple-omit-prefix-storage-layout",
        "0010-differential-n-tuple-omit-prefix-storage-layout",
        "0011-direct-clean-path-layout",
        "0012-hash-and-no-prefix-id-n-tuple-storage-layout",
    }
)
REGISTERED = REGISTERED_LAYOUTS | {
    "0001-digest-algorithms",
    "0005-mutable-head",
    "0008-schema-registry",
    "0009-digest-algorithms",
    "initial",
}


def check_extensions(
    entries: Iterable[Entry], *, misplaced: str, unregistered: str, found: Findings
) -> None:
    """What lies directly in an ``extensions`` folder: folders of registered names."""
    for entry in entries:
        if entry.kind != "directory":
            if entry.kind == "file":
                found.add(misplaced, entry.path)
        elif entry.name not in REGISTERED:
            found.add(unregistered, entry.path, name=entry.name)
