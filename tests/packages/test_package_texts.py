"""Every finding about packages is said in both languages, with the same facts."""

from __future__ import annotations

import re
from pathlib import Path

import ingest
import schemas
from schemas.text import LANGUAGES, catalogue

CODE = re.compile(r'"((?:ARCHIVE|BAG|NAME|PACKAGE|STAGING)-[A-Z0-9-]+)"')
MODULES = (
    "bag*.py",
    "archives*.py",
    "names*.py",
    "unpack.py",
    "admit.py",
    "staged.py",
    "nested.py",
)


def codes() -> set[str]:
    folders = [Path(str(module.__file__)).parent for module in (schemas, ingest)]
    sources = [path for folder in folders for name in MODULES for path in folder.glob(name)]
    return {code for path in sources for code in CODE.findall(path.read_text("utf-8"))}


def test_every_code_has_a_text_in_both_languages() -> None:
    assert len(codes()) > 90
    for lang in LANGUAGES:
        assert codes() - set(catalogue(lang)) == set()


def test_both_languages_name_the_same_facts() -> None:
    fields = {
        lang: {code: set(re.findall(r"\{(\w+)\}", catalogue(lang)[code])) for code in codes()}
        for lang in LANGUAGES
    }

    assert fields["vi"] == fields["en"]


def test_the_texts_are_different_languages() -> None:
    same = {code for code in codes() if catalogue("vi")[code] == catalogue("en")[code]}

    assert same == set()
