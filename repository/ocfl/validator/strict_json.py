"""JSON from strangers: read strictly, or refused with a reason; never a crash.

Refused: a byte order mark, other encodings than UTF-8, lone surrogates, NaN and Infinity,
nesting beyond the interpreter's depth, more values than the limit. A key given twice is read
(the last one counts) and reported: two tools may see two different objects.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_LONE_SURROGATE_POSSIBLE = re.compile(rb"\\u[dD][89a-fA-F]")
_EXACT_DIGITS = 18


class JsonRefused(Exception):
    """The bytes are not JSON that every tool reads alike; ``reason`` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class StrictJson:
    """What was read, and the keys that an object gave more than once."""

    value: object
    duplicate_keys: tuple[str, ...]


def read_json(content: bytes | bytearray, *, max_values: int) -> StrictJson:
    """The JSON value that ``content`` writes; :class:`JsonRefused` otherwise.

    ``content`` is let go of before parsing: a caller that does so too saves its size.
    """
    if content.startswith(b"\xef\xbb\xbf"):
        raise JsonRefused("byte order mark")
    marks = content.count(b",") + content.count(b":") + content.count(b"[") + content.count(b"{")
    if marks > max_values:
        raise JsonRefused(f"more than {max_values} values")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JsonRefused(f"not UTF-8 at byte {error.start}") from error
    suspicious = _LONE_SURROGATE_POSSIBLE.search(content) is not None
    del content
    duplicates: dict[str, None] = {}
    value = _parse(text, duplicates)
    if suspicious and _has_lone_surrogate(value):
        raise JsonRefused("lone surrogate")
    return StrictJson(value, tuple(duplicates))


def _parse(text: str, duplicates: dict[str, None]) -> object:
    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(pairs)
        if len(result) != len(pairs):
            seen: set[str] = set()
            for key, _value in pairs:
                if key in seen:
                    duplicates[key] = None
                seen.add(key)
        return result

    try:
        value: object = json.loads(
            text,
            object_pairs_hook=members,
            parse_constant=_refuse_constant,
            parse_int=_number,
            parse_float=float,
        )
    except RecursionError as error:
        raise JsonRefused("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise JsonRefused(f"{error.msg} (line {error.lineno}, column {error.colno})") from error
    return value


def _refuse_constant(name: str) -> object:
    raise JsonRefused(f"{name} is not JSON")


def _number(digits: str) -> int | float:
    """Exact within 18 digits; longer ones cost quadratic time as integers."""
    return int(digits) if len(digits) <= _EXACT_DIGITS else float(digits)


def _has_lone_surrogate(value: object) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if not _is_encodable(item):
                return True
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return False


def _is_encodable(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
