"""Every code a person can meet has a text, in both languages, with the same fields."""

from __future__ import annotations

import ast
import re
import string
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from kit.oracles import PROJECT
from schemas.text import LANGUAGES, Language, catalogue, say

PACKAGES = ("schemas", "storage_backends", "repository", "preservation", "ingest", "kho")
CODE = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Za-z0-9]+)+")
PREFIX = re.compile(r"[A-Z][A-Z0-9]*-(?:[A-Z0-9]+-)*")


def fields_of(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@cache
def modules() -> tuple[tuple[Path, ast.Module], ...]:
    paths = sorted(path for name in PACKAGES for path in (PROJECT / name).rglob("*.py"))
    return tuple((path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths)


def error_codes() -> Iterator[tuple[str, str]]:
    """(class name, code) of every class that states a ``code``."""
    for _path, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.ClassDef):
                continue
            for line in node.body:
                match line:
                    case ast.Assign([ast.Name("code")], ast.Constant(str(code))):
                        yield node.name, code
                    case ast.AnnAssign(ast.Name("code"), _, ast.Constant(str(code))):
                        yield node.name, code


def literals() -> Iterator[tuple[Path, str]]:
    """Every string of the source that looks like a code."""
    for path, tree in modules():
        for node in ast.walk(tree):
            match node:
                case ast.Constant(str(text)) if CODE.fullmatch(text):
                    yield path, text


def findings() -> Iterator[tuple[Path, str]]:
    """The code of every ``Finding(...)`` that is written out."""
    for path, tree in modules():
        for node in ast.walk(tree):
            match node:
                case ast.Call(ast.Name("Finding"), [ast.Constant(str(code)), *_]):
                    yield path, code
                case ast.Call(ast.Name("Finding"), _, keywords):
                    for word in keywords:
                        if word.arg == "code" and isinstance(word.value, ast.Constant):
                            yield path, str(word.value.value)


def test_both_languages_have_the_same_codes() -> None:
    codes = {lang: set(catalogue(lang)) for lang in LANGUAGES}
    assert codes["vi"] ^ codes["en"] == set()


def test_both_languages_fill_in_the_same_fields() -> None:
    vi, en = catalogue("vi"), catalogue("en")
    assert [code for code in en if fields_of(en[code]) != fields_of(vi.get(code, ""))] == []


def test_every_error_has_a_text() -> None:
    texts = catalogue("en")
    assert sorted({code for _name, code in error_codes()} - texts.keys()) == []


def test_every_finding_has_a_text() -> None:
    texts = catalogue("en")
    assert sorted({code for _path, code in findings()} - texts.keys()) == []


def test_every_code_of_a_known_family_has_a_text() -> None:
    texts = catalogue("en")
    families = {code.partition("-")[0] for code in texts}
    used = {code for _path, code in literals() if code.partition("-")[0] in families}
    for code in used - texts.keys():
        put_together = any(beginning + code in texts for beginning in composed())
        is_a_beginning = any(known.startswith(f"{code}-") for known in texts)
        assert put_together or is_a_beginning, code


@cache
def composed() -> tuple[str, ...]:
    """The beginnings of codes that are put together where they are used (``AUDIT-``); the
    reference pages put together ``EXIT-``."""
    in_the_program = (
        node.value
        for _path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and PREFIX.fullmatch(node.value)
    )
    return (*in_the_program, "EXIT-")


def test_every_text_is_used() -> None:
    sources = [path for name in PACKAGES for path in (PROJECT / name).rglob("*")]
    readable = [p for p in sources if p.suffix in {".py", ".tsv", ".json", ".toml", ".csv"}]
    used = "\n".join(p.read_text(encoding="utf-8") for p in readable if p.parts[-3] != "text")
    unused = [code for code in catalogue("en") if code not in used]
    assert [code for code in unused if not code.startswith(composed())] == []


def test_every_error_gives_the_fields_its_text_names() -> None:
    """Where an error is raised with its fields written out, no place in the text stays open."""
    codes: dict[str, set[str]] = {}
    for name, code in error_codes():
        codes.setdefault(name, set()).add(code)
    texts = catalogue("en")
    open_places = []
    for path, tree in modules():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.args or any(word.arg is None for word in node.keywords):
                continue
            given = {word.arg for word in node.keywords}
            needed = [fields_of(texts.get(c, "")) for c in codes.get(node.func.id, ())]
            if needed and all(fields - given for fields in needed):
                where = f"{path.relative_to(PROJECT)}:{node.lineno}"
                open_places.append(f"{where} {node.func.id}: {needed[0] - given}")
    assert open_places == []


def test_vietnamese_is_written_with_its_marks_and_composed() -> None:
    for code, text in catalogue("vi").items():
        assert unicodedata.normalize("NFC", text) == text, code
        assert len(text) < 30 or not text.isascii(), code


def test_a_code_defined_in_two_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "en"
    folder.mkdir()
    for name in ("one.toml", "two.toml"):
        (folder / name).write_text('"TWICE-TOLD" = "x"\n')
    monkeypatch.setattr("schemas.text.files", lambda _package: tmp_path)
    with pytest.raises(ValueError, match=r"two\.toml: TWICE-TOLD"):
        catalogue.__wrapped__("en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_unknown_code_still_tells_what_happened(lang: Language) -> None:
    assert say("NO-SUCH-CODE", lang, key="ocfl/x") == "NO-SUCH-CODE: key=ocfl/x"


def test_a_field_that_was_not_given_stays_visible() -> None:
    assert "{where}" in say("CONFIG-NO-REPOSITORY", "en")


def test_a_value_with_braces_is_shown_as_it_stands() -> None:
    assert "{x}" in say("CLI-NO-SUCH-OPTION", "en", name="{x}")
