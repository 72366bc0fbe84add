"""Version blocks: who made a version when, and the logical state it has.

Source: OCFL 1.1 §3.5.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from repository.ocfl.validator.manifest import show_digest
from repository.ocfl.validator.paths import LOGICAL, check_conflicts, is_sound_path
from repository.ocfl.validator.report import Findings

_KEYS = frozenset({"created", "state", "message", "user"})
_USER_KEYS = frozenset({"name", "address"})
_MOMENT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]"
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?P<away_h>[0-9]{2}):(?P<away_m>[0-9]{2}))\Z"
)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")


@dataclass(frozen=True, slots=True)
class VersionBlock:
    """One version. ``raw`` is the block as written, ``state`` its sound part.

    ``state`` maps each digest as written to its logical paths.
    """

    raw: object
    state: Mapping[str, tuple[str, ...]]

    def noted(self, key: str) -> object:
        """``created``, ``message`` or ``user`` as written; None when absent."""
        return self.raw.get(key) if isinstance(self.raw, dict) else None


def check_version(
    name: str,
    raw: object,
    *,
    known: VersionBlock | None,
    manifest: Mapping[str, tuple[str, ...]],
    where: str,
    found: Findings,
) -> VersionBlock:
    """The version that ``raw`` describes; its faults become findings.

    Where ``known`` was written alike, only its digests are looked up again: the manifest is
    another one.
    """
    place = f"{where}#{name}"
    if known is not None and known.raw == raw:
        _check_listed(known.state, manifest, place, found)
        return known
    if not isinstance(raw, dict):
        found.add("E047", place)
        return VersionBlock(raw, {})
    for key in raw.keys() - _KEYS:
        found.add("E102", place, key=key)
    _check_created(raw, place, found)
    _check_message(raw, place, found)
    _check_user(raw, place, found)
    state = _state(raw, place, found)
    _check_listed(state, manifest, place, found)
    return VersionBlock(raw, state)


def is_moment(text: str) -> bool:
    """Whether a text is an RFC 3339 date-time, seconds and zone included."""
    match = _MOMENT.match(text)
    if match is None:
        return False
    seconds = int(match["second"])
    try:
        datetime.strptime(match["date"], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return (
        int(match["hour"]) < 24
        and int(match["minute"]) < 60
        and seconds <= 60  # a leap second is a second
        and int(match["away_h"] or 0) < 24
        and int(match["away_m"] or 0) < 60
    )


def _check_created(raw: dict[str, object], place: str, found: Findings) -> None:
    created = raw.get("created")
    if "created" not in raw:
        found.add("E048", place, key="created")
    elif not isinstance(created, str) or not is_moment(created):
        found.add("E049", place, found=created)


def _check_message(raw: dict[str, object], place: str, found: Findings) -> None:
    if "message" not in raw:
        found.add("W007", place, key="message")
    elif not isinstance(raw["message"], str):
        found.add("E094", place, found=raw["message"])


def _check_user(raw: dict[str, object], place: str, found: Findings) -> None:
    if "user" not in raw:
        found.add("W007", place, key="user")
        return
    user = raw["user"]
    if not isinstance(user, dict):
        found.add("E054", place, found=user)
        return
    for key in user.keys() - _USER_KEYS:
        found.add("E102", place, key=f"user.{key}")
    name = user.get("name")
    if not isinstance(name, str) or not name:
        found.add("E054", place, found=name)
    address = user.get("address")
    if "address" not in user:
        found.add("W008", place)
    elif not isinstance(address, str):
        found.add("E054", place, found=address)
    elif not _ADDRESS.match(address):
        found.add("W009", place, found=address)


def _state(raw: dict[str, object], place: str, found: Findings) -> dict[str, tuple[str, ...]]:
    if "state" not in raw:
        found.add("E048", place, key="state")
        return {}
    state = raw["state"]
    if not isinstance(state, dict):
        found.add("E050", place, digest=state)
        return {}
    sound: dict[str, tuple[str, ...]] = {}
    for digest, paths in state.items():
        if not isinstance(paths, list):
            found.add("E050", place, digest=show_digest(digest))
            continue
        sound[digest] = tuple(p for p in paths if is_sound_path(p, LOGICAL, place, found))
    check_conflicts((p for paths in sound.values() for p in paths), LOGICAL, place, found)
    return sound


def _check_listed(
    state: Mapping[str, tuple[str, ...]],
    manifest: Mapping[str, tuple[str, ...]],
    place: str,
    found: Findings,
) -> None:
    for digest in state:
        if digest not in manifest:
            found.add("E050", place, digest=show_digest(digest))
