"""Keys: names that every planned store can hold, and the way from logical names to them.

A key is segments of ``[A-Za-z0-9._~%=-]`` joined by single slashes: at most 100 bytes each and
700 in all. ``=`` is there for OCFL's own declaration files (``0=ocfl_1.1``); content paths
never use it. Refused besides, because some store or file system cannot hold it or changes it:
empty segments (an S3 gateway folds ``//``), ``.`` and ``..``, a final dot (Azure, Windows), and
the device names of Windows with any ending (``con.txt``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from storage_backends.interface import InvalidKey

KEY_LIMIT_BYTES = 700
SEGMENT_LIMIT_BYTES = 100
OBJECT_ROOT_ALLOWANCE_BYTES = 120
"""Kept free in a content path for the key prefix of the object that it is written under."""

_KEY = re.compile(
    r"""(?: (?! (?=[acnplACNPL]) (?i:con|prn|aux|nul|com[0-9]|lpt[0-9]) (?:[./]|\Z) )  # devices
            [A-Za-z0-9._~%=-]{1,100} (?<!\.)
            (?: /(?=.) | \Z )
        )+ \Z""",
    re.VERBOSE,
)
_CHARACTERS = re.compile(r"[A-Za-z0-9._~%=/-]+\Z")
_PLAIN_SEGMENT = re.compile(r"[A-Za-z0-9_%-](?:[A-Za-z0-9._~%-]*[A-Za-z0-9_~%-])?\Z")
_EXTENSION = re.compile(r"\.[A-Za-z]{1,8}\Z")
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"] + [f"{port}{n}" for port in ("com", "lpt") for n in range(10)]
)


def check_key(key: str) -> None:
    """``key`` can be held by every store; :class:`InvalidKey` names the first reason why not."""
    reason = _why_invalid(key)
    if reason:
        raise InvalidKey(key=key, reason=reason)


def check_prefix(prefix: str) -> None:
    """``prefix`` is empty, or a key followed by one slash; else :class:`InvalidKey`."""
    if not prefix:
        return
    reason = _why_invalid(prefix[:-1]) if prefix.endswith("/") else "no-final-slash"
    if reason:
        raise InvalidKey(key=prefix, reason=reason)


def content_paths(logical_paths: Iterable[str], *, version: int) -> dict[str, str]:
    """Where each logical path of one OCFL version is kept, relative to the object's root.

    The result depends on the set of paths only, not on their order, and no two paths share a
    place even on a store that ignores case. Every value fits into a key below an object root
    of up to 120 bytes. :class:`InvalidKey` for a path that OCFL forbids: empty, ``.`` or ``..``
    segments, text that UTF-8 cannot write, or one path that is both file and folder.

    Source: docs/design.md, *Keys*.
    """
    paths = list(logical_paths)
    twins = _case_twins(paths)
    folders = {"": f"v{version}/content/"}
    return {path: _content_path(path, twins, folders, version) for path in paths}


def _why_invalid(key: str) -> str:
    """The reason code against ``key``, or an empty text. One match passes nearly every key."""
    if len(key) > KEY_LIMIT_BYTES:
        return "too-long"
    if _KEY.match(key):
        return ""
    if not _CHARACTERS.match(key):
        return "characters" if key else "slashes"
    for segment in key.split("/"):
        if not segment:
            return "slashes"
        if len(segment) > SEGMENT_LIMIT_BYTES:
            return "segment-too-long"
        if segment.endswith("."):
            return "final-dot"
    return "device-name"


def _is_device(segment: str) -> bool:
    return segment.partition(".")[0].lower() in _DEVICES


def _case_twins(paths: list[str]) -> set[str]:
    """The logical paths of files and folders that equal a sibling when case is folded."""
    siblings: dict[tuple[str, str], str] = {}
    twins: set[str] = set()
    folders: set[str] = set()
    files: set[str] = set()

    def take(path: str) -> str:
        folder, _, name = path.rpartition("/")
        if name in {"", ".", ".."}:
            raise InvalidKey(key=path, reason="logical-path")
        other = siblings.setdefault((folder, name.casefold()), path)
        if other != path:
            twins.update((other, path))
        return folder

    for path in paths:
        files.add(path)
        folder = take(path)
        while "/" in path and folder not in folders:
            folders.add(folder)
            if "/" not in folder:
                take(folder)
                break
            folder = take(folder)
    both = files & folders
    if both:
        raise InvalidKey(key=min(both), reason="file-and-folder")
    return twins


def _content_path(path: str, twins: set[str], folders: dict[str, str], version: int) -> str:
    """One path's place; ``folders`` remembers what its folders became (with a final slash)."""
    folder, _, name = path.rpartition("/")
    content_path = _content_folder(folder, twins, folders) + _segment(name, path in twins)
    if len(content_path) > KEY_LIMIT_BYTES - OBJECT_ROOT_ALLOWANCE_BYTES:
        digest = hashlib.sha256(path.encode()).hexdigest()
        return f"v{version}/content/~long/{digest}{_extension(name)}"
    return content_path


def _content_folder(folder: str, twins: set[str], folders: dict[str, str]) -> str:
    missing = []
    while folder not in folders:
        missing.append(folder)
        folder = folder.rpartition("/")[0]
    for inner in reversed(missing):
        segment = _segment(inner.rpartition("/")[2], inner in twins)
        folders[inner] = f"{folders[folder]}{segment}/"
        folder = inner
    return folders[folder]


def _segment(name: str, is_twin: bool) -> str:
    plain = _PLAIN_SEGMENT.match(name) and len(name) <= SEGMENT_LIMIT_BYTES
    if plain and not is_twin and not _is_device(name):
        return name
    try:
        digest = hashlib.sha256(name.encode()).hexdigest()
    except UnicodeEncodeError as error:
        raise InvalidKey(key=ascii(name), reason="logical-path") from error
    return f"~{digest[:32]}{_extension(name)}"


def _extension(name: str) -> str:
    match = _EXTENSION.search(name)
    return match[0] if match else ""
