"""All text a person reads, by code and language, behind one pure function.

``schemas/text/<lang>/*.toml`` map a code to one text with ``{field}`` places. A finding's
text says what is so, where, and what to do next.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from schemas.errors import KhoError

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")


class _Fields(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return f"{{{name}}}"


@cache
def catalogue(lang: Language) -> dict[str, str]:
    """Every text of one language by code; a code defined twice is an error."""
    texts: dict[str, str] = {}
    folder = files("schemas.text").joinpath(lang)
    for part in sorted(folder.iterdir(), key=lambda p: p.name):
        if not part.name.endswith(".toml"):
            continue
        for code, text in tomllib.loads(part.read_text(encoding="utf-8")).items():
            if code in texts:
                raise ValueError(f"{lang}/{part.name}: {code} is defined twice")
            texts[code] = text
    return texts


def say(code: str, lang: Language, **fields: object) -> str:
    """The text of ``code`` in ``lang`` with its fields filled in.

    An unknown code is answered with the code and its fields: a person still learns what
    happened. A field the caller did not give stays visible as ``{name}``; a field that is an
    error is told by its own text.
    """
    fields = {name: _told(value, lang) for name, value in fields.items()}
    text = catalogue(lang).get(code)
    if text is None:
        facts = ", ".join(f"{name}={value}" for name, value in fields.items())
        return f"{code}: {facts}" if facts else code
    return text.format_map(_Fields(fields))


def _told(value: object, lang: Language) -> object:
    return say(value.code, lang, **value.fields) if isinstance(value, KhoError) else value
