"""Which heading of a list stands for which field: a TOML file, ours or the archive's own."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from schemas.errors import ConfigError
from schemas.text import Language
from schemas.tt05 import FieldSpec, fields_of

FORMAT = "kho.columns/1"
DOSSIER_VARIANT, DOCUMENT_VARIANT = "sip_hoso.ead", "sip.ead_doc"
FILE, ATTACHMENTS, FOLDER, ORDINAL = "file", "attachments", "folder", "ordinal"
DOSSIER_CODE, TITLE = "fileCode", "title"

_BRACKETED = re.compile(r"\([^()]*\)|\[[^\][]*\]")
_NO_WORD = re.compile(r"[\W_]+")


class ColumnsUnusable(ConfigError):
    """The mapping file at ``where`` cannot be used, for ``reason``."""

    code = "LIST-COLUMNS-UNUSABLE"


@dataclass(frozen=True, slots=True)
class Columns:
    """Headings by field, for the dossier's and the document's part of a list.

    The first heading of each field is what people are told; ``codes`` say what values of a
    field mean besides the circular's own lists, ``defaults`` what an empty cell means.
    """

    name: str
    dossier: Mapping[str, tuple[str, ...]]
    document: Mapping[str, tuple[str, ...]]
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def heading(self, level: str, key: str, lang: Language = "vi") -> str:
        """What the field's column is called."""
        named = (self.dossier if level == "dossier" else self.document).get(key, ())
        if not named:
            return key
        return named[0] if lang == "vi" or len(named) < 2 else named[1]

    def keys(self, level: str) -> dict[str, str]:
        """Field by folded heading; a field's own name, alone or behind its level
        (``dossier.title``), is a heading too."""
        fields = self.dossier if level == "dossier" else self.document
        return {
            heading_key(heading): key
            for key, headings in fields.items()
            for heading in (key, f"{level}.{key}", *headings)
        }


def heading_key(text: str) -> str:
    """Equal for headings that differ in marks, case, signs and bracketed notes only."""
    bare = _BRACKETED.sub(" ", text)
    letters = unicodedata.normalize("NFD", bare if bare.strip() else text)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _NO_WORD.sub("", plain.casefold().replace("đ", "d"))


def specs(level: str) -> dict[str, FieldSpec]:
    """The circular's fields of one level, by name."""
    variant = DOSSIER_VARIANT if level == "dossier" else DOCUMENT_VARIANT
    return {spec.name: spec for spec in fields_of(variant)}


@cache
def shipped_columns(name: str) -> Columns:
    """A mapping that comes with Kho: ``tt05`` or ``hd40``."""
    content = files("ingest.lists").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return _columns_of(tomllib.loads(content))


def load_columns(path: str, otherwise: str) -> Columns:
    """The mapping in a file, or a shipped one; :class:`ColumnsUnusable` says what is wrong."""
    if not path:
        return shipped_columns(otherwise)
    try:
        return _columns_of(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ColumnsUnusable(where=path, reason=str(error)) from error


def _columns_of(table: Mapping[str, Any]) -> Columns:
    if table["format"] != FORMAT:
        raise ValueError(f"format is {table['format']!r}, not {FORMAT!r}")
    levels: dict[str, dict[str, tuple[str, ...]]] = {}
    for level, more in (("dossier", (FOLDER,)), ("document", (FILE, ATTACHMENTS))):
        known = {*specs(level), *more, ORDINAL}
        given = dict(table.get(level, {}))
        if strange := sorted(given.keys() - known):
            raise ValueError(f"[{level}] has no field {', '.join(strange)}")
        levels[level] = {key: tuple(map(str, headings)) for key, headings in given.items()}
        _refuse_twice(level, levels[level])
    return Columns(
        str(table["name"]),
        levels["dossier"],
        levels["document"],
        {
            key: {heading_key(str(said)): str(code) for said, code in meanings.items()}
            for key, meanings in table.get("codes", {}).items()
        },
        {level: dict(values) for level, values in table.get("defaults", {}).items()},
    )


def _refuse_twice(level: str, fields: Mapping[str, Iterable[str]]) -> None:
    owner: dict[str, str] = {}
    for key, headings in fields.items():
        for heading in headings:
            other = owner.setdefault(heading_key(heading), key)
            if other != key:
                raise ValueError(f"[{level}] {heading!r} stands for {other} and for {key}")
