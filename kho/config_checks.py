"""Explains what is wrong with the settings a file states: which, on which line, what would do.

ConfigInvalid
├── UnknownSetting      its nearest neighbour is named
│   └── UnlikeAnySetting
├── WrongType, NoSuchChoice, NumberOutOfRange, NumberTooLarge, EmptySetting
├── MissingSetting
└── NotAnIdentifier, BadReplicaName, ReplicaNamedTwice, MediumNamedTwice, NoHours
"""

from __future__ import annotations

import difflib
import re
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec

from kho.settings import FileSettings
from kho.toml_text import line_of
from preservation.due import window_of
from schemas.errors import ConfigError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class ConfigInvalid(ConfigError):
    """A setting is wrong: ``setting`` says which, ``where`` the file and, if known, the line."""

    code = "CONFIG-INVALID"


class UnknownSetting(ConfigInvalid):
    """No such setting; ``nearest`` is the one most like it, among ``known``."""

    code = "CONFIG-UNKNOWN-SETTING"


class UnlikeAnySetting(UnknownSetting):
    """No such setting, and none like it; ``known`` lists what could stand there."""

    code = "CONFIG-UNLIKE-ANY-SETTING"


class WrongType(ConfigInvalid):
    """The value is of another kind than ``expected``."""

    code = "CONFIG-WRONG-TYPE"


class NoSuchChoice(ConfigInvalid):
    """The value is none of ``known``."""

    code = "CONFIG-NO-SUCH-CHOICE"


class MissingSetting(ConfigInvalid):
    """A setting without a default is not there."""

    code = "CONFIG-MISSING"


class NotAnIdentifier(ConfigInvalid):
    """``[repository] id`` is not a UUID in lower case."""

    code = "CONFIG-NOT-A-UUID"


class BadReplicaName(ConfigInvalid):
    """A replica's name would not do in a command or a report."""

    code = "CONFIG-REPLICA-NAME"


class MediumNamedTwice(ConfigInvalid):
    """Two media of the register have one code."""

    code = "CONFIG-MEDIUM-TWICE"


class ReplicaNamedTwice(ConfigInvalid):
    """Two replicas have one name."""

    code = "CONFIG-REPLICA-TWICE"


class EmptySetting(ConfigInvalid):
    """A setting that must say something is empty."""

    code = "CONFIG-EMPTY"


class NoHours(ConfigInvalid):
    """``found`` is no span of hours such as ``22:00-06:00``."""

    code = "CONFIG-NO-HOURS"


class NumberTooLarge(ConfigInvalid):
    """A number is above ``most``."""

    code = "CONFIG-TOO-LARGE"


class NumberOutOfRange(ConfigInvalid):
    """A number is below ``least``."""

    code = "CONFIG-TOO-SMALL"


def checked(table: dict[str, Any], source: str, text: str = "") -> FileSettings:
    """The record that the table writes, every setting known and possible.

    ``source`` and the line in ``text`` say in an error where the setting stands.
    """
    reader = _Reader(source, text)
    reader.refuse_unknown(table, FileSettings, ())
    stated = reader.typed(table)
    reader.refuse_impossible(stated)
    return stated


class _Reader:
    """Explains one file's mistakes: which setting, on which line, and what would do."""

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self.text = text

    def problem(
        self, kind: type[ConfigInvalid], place: tuple[str | int, ...], **fields: object
    ) -> ConfigInvalid:
        """The error at ``place``, a path of keys and of indices into arrays of tables."""
        line = line_of(self.text, place)
        where = f"{self.source}:{line}" if line else self.source
        return kind(where=where, setting=_dotted(place), **fields)

    def refuse_unknown(self, table: object, kind: object, place: tuple[str | int, ...]) -> None:
        """Every key of ``table`` is a field of the Struct ``kind``, all the way down."""
        if isinstance(kind, msgspec.inspect.StructType):
            kind = kind.cls
        if isinstance(kind, msgspec.inspect.VarTupleType) and isinstance(table, list):
            for index, item in enumerate(table):
                self.refuse_unknown(item, kind.item_type, (*place, index))
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            return
        known = {f.encode_name: f.type for f in _inspected(kind)}
        for key, value in table.items() if isinstance(table, dict) else ():
            if key not in known:
                raise self._unknown(key, list(known), place)
            self.refuse_unknown(value, known[key], (*place, key))

    def _unknown(self, key: str, known: list[str], place: tuple[str | int, ...]) -> ConfigInvalid:
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
        shared = {"known": ", ".join(known), "table": _dotted(place) or "kho.toml"}
        if near:
            return self.problem(UnknownSetting, (*place, key), nearest=near[0], **shared)
        return self.problem(UnlikeAnySetting, (*place, key), **shared)

    def typed(self, table: dict[str, Any]) -> FileSettings:
        """The record that the table writes."""
        try:
            return msgspec.convert(table, FileSettings)
        except msgspec.ValidationError as error:
            raise self._mistyped(str(error)) from error

    def _mistyped(self, message: str) -> ConfigInvalid:
        said, _, where = message.partition(" - at ")
        place = tuple(_steps(where.strip("`").removeprefix("$")))
        if missing := re.search(r"missing required field `([^`]+)`", said):
            return self.problem(MissingSetting, (*place, missing[1]))
        if choice := re.search(r"Invalid enum value '(.*)'$", said):
            known = ", ".join(map(str, _choices(FileSettings, place)))
            return self.problem(NoSuchChoice, place, found=choice[1], known=known)
        if bound := re.search(r"Expected `int` >= (-?\d+)", said):
            return self.problem(NumberOutOfRange, place, least=int(bound[1]))
        if bound := re.search(r"Expected `(?:int|float)` <= (-?\d+)", said):
            return self.problem(NumberTooLarge, place, most=int(bound[1]))
        expected = re.search(r"Expected `([^`]+)`, got `([^`]+)`", said)
        if expected is None:
            return self.problem(ConfigInvalid, place, reason=said)
        return self.problem(WrongType, place, expected=expected[1], found=expected[2])

    def refuse_impossible(self, stated: FileSettings) -> None:
        """What types cannot say: names, a UUID, numbers that make sense."""
        archive = stated.repository
        if not _is_uuid(archive.id):
            raise self.problem(NotAnIdentifier, ("repository", "id"), found=archive.id)
        seen: set[str] = set()
        for index, replica in enumerate(stated.replica):
            place = ("replica", index)
            if not _NAME.fullmatch(replica.name):
                raise self.problem(BadReplicaName, (*place, "name"), found=replica.name)
            if replica.name in seen:
                raise self.problem(ReplicaNamedTwice, (*place, "name"), found=replica.name)
            seen.add(replica.name)
            if not replica.site.strip():
                raise self.problem(EmptySetting, (*place, "site"))
        self._refuse_windows(stated, seen)
        self._refuse_media(stated, seen)

    def _refuse_media(self, stated: FileSettings, replicas: set[str]) -> None:
        """Each medium has a code of its own and lies under a replica that exists."""
        codes: set[str] = set()
        for index, medium in enumerate(stated.medium):
            place: tuple[str | int, ...] = ("medium", index)
            if not medium.code.strip():
                raise self.problem(EmptySetting, (*place, "code"))
            if medium.code in codes:
                raise self.problem(MediumNamedTwice, (*place, "code"), found=medium.code)
            codes.add(medium.code)
            if medium.replica and medium.replica not in replicas:
                known = ", ".join(sorted(replicas))
                raise self.problem(
                    NoSuchChoice, (*place, "replica"), found=medium.replica, known=known
                )

    def _refuse_windows(self, stated: FileSettings, replicas: set[str]) -> None:
        """Hours are hours, and each replica that has some exists."""
        windows: dict[tuple[str | int, ...], str] = {
            ("schedule", "window"): stated.schedule.window
        }
        for name, text in stated.schedule.windows.items():
            place: tuple[str | int, ...] = ("schedule", "windows", name)
            if name not in replicas:
                raise self.problem(
                    NoSuchChoice, place, found=name, known=", ".join(sorted(replicas))
                )
            windows[place] = text
        for where, text in windows.items():
            try:
                window_of(text)
            except ValueError as error:
                raise self.problem(NoHours, where, found=str(error)) from error


def _inspected(kind: type[msgspec.Struct]) -> tuple[msgspec.inspect.Field, ...]:
    described = msgspec.inspect.type_info(kind)
    assert isinstance(described, msgspec.inspect.StructType)  # noqa: S101 - what was asked
    return described.fields


def _choices(kind: object, place: tuple[str | int, ...]) -> tuple[object, ...]:
    """The values of the choice that stands at ``place`` of a record."""
    if isinstance(kind, msgspec.inspect.LiteralType):
        return kind.values
    if isinstance(kind, msgspec.inspect.StructType):
        kind = kind.cls
    if isinstance(kind, msgspec.inspect.VarTupleType):
        return _choices(kind.item_type, place[1:])
    if not place or not isinstance(kind, type) or not issubclass(kind, msgspec.Struct):
        return ()
    inner = {f.encode_name: f.type for f in _inspected(kind)}
    return _choices(inner.get(str(place[0])), place[1:])


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _steps(where: str) -> Iterator[str | int]:
    """The keys and indices of a path such as ``.replica[0].site``."""
    for key, index in re.findall(r"\.([^.\[\]]+)|\[(\d+)\]", where):
        yield key or int(index)


def _dotted(place: tuple[str | int, ...]) -> str:
    """``replica[1].site``: people count tables from one."""
    parts: list[str] = []
    for step in place:
        if isinstance(step, int):
            parts[-1] += f"[{step + 1}]"
        else:
            parts.append(step)
    return ".".join(parts)
