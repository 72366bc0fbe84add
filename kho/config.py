"""Finds and reads ``kho.toml``; with the command line the only reader of the environment.

ConfigError
├── NoRepository        no kho.toml where one was looked for (exit 10)
├── ConfigUnreadable    the file cannot be read, or is not TOML
└── ConfigInvalid       a setting is unknown, missing or impossible
"""

from __future__ import annotations

import errno
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from kho.config_checks import checked
from kho.settings import FileSettings, Settings, compose
from kho.toml_text import toml_text
from repository.settings import ReplicaSettings
from repository.staging import make_durable
from schemas.errors import ConfigError

FILE_NAME = "kho.toml"
BEGUN = "kho.toml.begun"
"""What ``kho.toml`` will say, while the archive is being made."""
VARIABLE = "KHO_REPO"


class NoRepository(ConfigError):
    """There is no ``kho.toml`` in ``where`` nor in any folder above it."""

    code = "CONFIG-NO-REPOSITORY"
    exit_code = 10


class NoRepositoryAt(NoRepository):
    """``named_by`` (``-C`` or ``KHO_REPO``) names a folder without ``kho.toml``."""

    code = "CONFIG-NO-REPOSITORY-AT"


class ConfigUnreadable(ConfigError):
    """The file at ``path`` cannot be read; ``reason`` is the system's."""

    code = "CONFIG-UNREADABLE"


class ConfigSyntax(ConfigUnreadable):
    """The file at ``path`` is not TOML; ``reason`` says where."""

    code = "CONFIG-SYNTAX"


def find(named: Path | None, environment: Mapping[str, str], here: Path) -> Path:
    """The ``kho.toml`` meant: ``-C``, else ``KHO_REPO``, else the nearest from ``here`` upwards.

    :class:`NoRepository` when there is none; a folder that was named is not searched beyond.
    """
    variable = environment.get(VARIABLE, "")
    folder, named_by = (named, "-C") if named else (Path(variable), VARIABLE)
    if named or variable:
        path = (here / folder / FILE_NAME).resolve()
        if not path.is_file():
            raise NoRepositoryAt(where=str(path.parent), named_by=named_by)
        return path
    for candidate in (here.resolve(), *here.resolve().parents):
        if (candidate / FILE_NAME).is_file():
            return candidate / FILE_NAME
    raise NoRepository(where=str(here.resolve()))


def load(path: Path) -> Settings:
    """What the file says, every setting known and possible; :class:`ConfigError` otherwise."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigUnreadable(path=str(path), reason=str(error)) from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigSyntax(path=str(path), reason=str(error)) from error
    return compose(checked(table, str(path), text), path=str(path), root=str(path.parent))


def write_config(path: Path, stated: FileSettings) -> None:
    """A durable ``kho.toml`` that states this; ``FileExistsError`` when one is there."""
    begin_config(path, stated)
    finish_config(path)


def begin_config(path: Path, stated: FileSettings) -> None:
    """What ``kho.toml`` will state is durable beside it, for a making that may be cut off."""
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    partial = path.with_name(f"{path.name}.partial")
    partial.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial.write_text(config_text(stated), encoding="utf-8")
    make_durable(partial)
    partial.rename(path.with_name(BEGUN))
    make_durable(path.with_name(BEGUN))


def finish_config(path: Path) -> None:
    """What was begun is ``kho.toml`` now."""
    path.with_name(BEGUN).rename(path)
    make_durable(path)


def begun(path: Path) -> FileSettings | None:
    """What a making that was cut off would have stated; None where none was."""
    beside = path.with_name(BEGUN)
    if not beside.is_file():
        return None
    text = beside.read_text(encoding="utf-8")
    return checked(tomllib.loads(text), str(beside), text)


def config_text(stated: FileSettings) -> str:
    """The text of a ``kho.toml`` that states this; what equals its default is left out, but
    for the language, which people change."""
    return toml_text({"language": stated.language, **_without_defaults(stated)})


def _without_defaults(record: msgspec.Struct) -> dict[str, Any]:
    """The fields that differ from their defaults, records within as such tables."""
    kept: dict[str, Any] = {}
    for field in msgspec.structs.fields(record):
        value = getattr(record, field.name)
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        else:
            default = field.default
        if value == default:
            continue
        if isinstance(value, msgspec.Struct):
            value = _without_defaults(value)
        elif isinstance(value, tuple):
            value = [_without_defaults(each) for each in value]
        kept[field.encode_name] = value
    return kept


def with_replica(path: Path, table: dict[str, Any]) -> tuple[str, ReplicaSettings]:
    """The text of ``kho.toml`` with one ``[[replica]]`` more, and its settings; nothing written.

    What stands there, comments included, stays as it is. :class:`ConfigError` when the whole
    would not do.
    """
    text = path.read_text(encoding="utf-8")
    stated = checked({**tomllib.loads(text), "replica": [table]}, "--replica")
    added = toml_text({"replica": [_without_defaults(stated.replica[-1])]})
    longer = f"{text.rstrip()}\n{added}"
    checked(tomllib.loads(longer), str(path), longer)
    return longer, stated.replica[-1]


def replace(path: Path, text: str) -> None:
    """``kho.toml`` says this, durably; readers saw the old text until this instant."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    make_durable(partial)
    partial.rename(path)
    make_durable(path)
