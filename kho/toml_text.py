"""TOML as text: written for ``kho init``, and searched for the line a setting stands on."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*[.=]""")


def toml_text(table: Mapping[str, Any]) -> str:
    """A TOML document with these values, arrays of tables and one level of tables in tables.

    Values are strings, integers, booleans; tables hold these, or tables of these.
    """
    lines = [
        f"{_key(name)} = {_value(value)}"
        for name, value in table.items()
        if not isinstance(value, Mapping | Sequence) or isinstance(value, str)
    ]
    for name, value in table.items():
        if isinstance(value, Mapping):
            lines += _table(f"[{_key(name)}]", _key(name), value)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            for item in value:
                lines += _table(f"[[{_key(name)}]]", _key(name), item)
    return "\n".join(lines) + "\n"


def _table(header: str, name: str, table: Mapping[str, Any]) -> list[str]:
    plain = {k: v for k, v in table.items() if not isinstance(v, Mapping)}
    lines = ["", header, *(f"{_key(key)} = {_value(value)}" for key, value in plain.items())]
    for key in table.keys() - plain.keys():
        lines += _table(f"[{name}.{_key(key)}]", f"{name}.{_key(key)}", table[key])
    return lines


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: str | int | bool) -> str:
    if isinstance(value, str):
        # JSON's escapes are TOML's; only DEL may stand bare in the one and not in the other.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)


def line_of(text: str, place: Sequence[str | int]) -> int:
    """The line, from 1, on which the setting stands, or its table begins; 0 when unknown.

    ``place`` is a path of keys, with indices into arrays of tables. Dotted keys and inline
    tables are found by their first key.
    """
    wanted = tuple(place)
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    best = 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            names = [part.strip().strip("\"'") for part in header[2].split(".")]
            if header[1] == "[[":
                counts[header[2]] = counts.get(header[2], -1) + 1
            table = _indexed(names, counts)
            here = table
        elif key := _KEY.match(line):
            here = (*table, key[1] or key[2] or key[3])
        else:
            continue
        if here[: len(wanted)] == wanted:
            return number
        if here and wanted[: len(here)] == here:
            best = number
    return best


def _indexed(names: list[str], counts: Mapping[str, int]) -> tuple[str | int, ...]:
    place: list[str | int] = []
    for depth, name in enumerate(names, 1):
        place.append(name)
        if (index := counts.get(".".join(names[:depth]))) is not None:
            place.append(index)
    return tuple(place)
