"""What OCFL allows and a restore onto an ordinary disk does not survive unchanged.

Names that only differ in case or in Unicode form fall together on Windows, on macOS and on many
network shares: one file overwrites the other.
"""

from __future__ import annotations

import re
import unicodedata

from repository.ocfl.validator.inventory import Inventory
from repository.ocfl.validator.paths import folders_of
from repository.ocfl.validator.report import Findings

SEGMENT_BYTES = 255
"""The longest name that ext4, XFS, NTFS (in UTF-16 units) and APFS agree on."""
LOGICAL_PATH_BYTES = 4000
"""Linux ends at 4,096 with the target folder; stores of ours never hold logical paths."""
CONTENT_PATH_BYTES = 1024
"""The longest S3 key."""

_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9¹²³]|LPT[0-9¹²³])(?:\.[^/]*)?\Z", re.IGNORECASE)
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]|[. ]\Z')


def check_safety(inventory: Inventory, found: Findings) -> None:
    """Paths of every version, and content paths, that a restore would not survive."""
    judged: set[str] = set()
    collisions = _Collisions(found)
    for name in inventory.version_names:
        block = inventory.versions[name]
        paths = [path for paths in block.state.values() for path in paths]
        place = f"{inventory.where}#{name}"
        collisions.check(paths, place)
        fresh = [path for path in paths if path not in judged]
        judged.update(fresh)
        for path in fresh:
            _check_name(path, LOGICAL_PATH_BYTES, place, found)
    content = sorted(inventory.content_paths())
    collisions.check(content, inventory.where)
    for path in content:
        _check_name(path, CONTENT_PATH_BYTES, inventory.where, found)


class _Collisions:
    """Finds each pair of names that fall together once, in the first version that has it."""

    def __init__(self, found: Findings) -> None:
        self._found = found
        self._told: set[tuple[str, str]] = set()

    def check(self, paths: list[str], place: str) -> None:
        """Files and folders that fall together where case or Unicode form is not kept."""
        path_by_hash: dict[int, str] = {}
        for path in sorted(folders_of(paths).union(paths)):
            folded = _folded(path)
            other = path_by_hash.setdefault(hash(folded), path)
            if other is path or _folded(other) != folded:
                continue
            same_letters = unicodedata.normalize("NFC", path) == unicodedata.normalize(
                "NFC", other
            )
            code = "KHO-FORM-COLLISION" if same_letters else "KHO-CASE-COLLISION"
            self._tell(code, place, path, other)

    def _tell(self, code: str, place: str, path: str, other: str) -> None:
        if (path, other) not in self._told:
            self._told.add((path, other))
            self._found.add(code, place, path=path, other=other)


def _folded(path: str) -> str:
    """Equal for paths that fall together."""
    if path.isascii():
        return path.lower()
    composed = unicodedata.normalize("NFC", path)
    return unicodedata.normalize("NFC", composed.casefold())


def _check_name(path: str, limit_bytes: int, place: str, found: Findings) -> None:
    segments = path.split("/")
    size_bytes = len(path.encode())
    if size_bytes > SEGMENT_BYTES:
        longest = max(len(segment.encode()) for segment in segments)
        if longest > SEGMENT_BYTES or size_bytes > limit_bytes:
            found.add("KHO-NAME-TOO-LONG", place, path=path, bytes=size_bytes)
    if not path.isprintable() and any(unicodedata.category(c) == "Cc" for c in path):
        found.add("KHO-CONTROL-CHARACTER", place, path=path)
    if "\\" in path:
        found.add("KHO-BACKSLASH", place, path=path)
    elif any(_DEVICE.match(s) or _NOT_ON_WINDOWS.search(s) for s in segments):
        found.add("KHO-WINDOWS-NAME", place, path=path)
