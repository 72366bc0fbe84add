"""Every code of this area can be read in both languages, with the fields it is given."""

from __future__ import annotations

import re
from pathlib import Path

import preservation.formats
from schemas.text import LANGUAGES, catalogue

FOLDER = Path(preservation.formats.__file__).parent
CODE = re.compile(r'"((?:FORMAT|IMAGE|PDF|PDFA|OFFICE|ODF|SIARD|TEXT|VALIDATION)-[A-Z-]*[A-Z])"')


def used() -> set[str]:
    found = {c for path in FOLDER.rglob("*.py") for c in CODE.findall(path.read_text("utf-8"))}
    names = ("UNKNOWN", "UNLISTED", "AMBIGUOUS", "EXTENSION-ONLY", "ENCRYPTED", "EMPTY")
    return found | {f"FORMAT-FALLBACK-{name}" for name in names}


def test_every_code_has_a_text_in_both_languages() -> None:
    assert len(used()) > 50
    for lang in LANGUAGES:
        assert used() - set(catalogue(lang)) == set()


def test_both_languages_name_the_same_fields() -> None:
    english, vietnamese = (catalogue(lang) for lang in ("en", "vi"))
    for code in used():
        places = [set(re.findall(r"{(\w+)}", texts[code])) for texts in (english, vietnamese)]
        assert places[0] == places[1], code
