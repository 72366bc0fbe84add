"""A store's URL and options in one line, for recovery sheets and for empty machines.

    s3://bucket/prefix?endpoint=https%3A%2F%2Fs3.example.vn&region=vn-1

No secrets: they stay in the environment, a file or a profile of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

_OF_ONE_MACHINE = frozenset(
    [
        "attempts",
        "bytes_per_s",
        "ca_file",
        "credentials_file",
        "key_file",
        "known_hosts",
        "passphrase_file",
        "profile",
    ]
)
"""Options that would mean nothing, or harm, on another machine."""


def place_of(url: str, options: Mapping[str, str | int | bool]) -> str:
    """The line that :func:`split_place` reads."""
    said = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in sorted(options.items())
        if name not in _OF_ONE_MACHINE
    }
    return f"{url}?{urlencode(said)}" if said else url


def split_place(place: str) -> tuple[str, dict[str, str | int | bool]]:
    """The URL and the options of a line; a file's URL has no options and may hold a ``?``."""
    if place.startswith("file:"):
        return place, {}
    url, _mark, query = place.partition("?")
    return url, {name: _value(text) for name, text in parse_qsl(query, keep_blank_values=True)}


def _value(text: str) -> str | int | bool:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.isdecimal() else text
