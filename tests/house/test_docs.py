"""The pages that people read first are true."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from kho.cli.app import root
from kho.cli.session import Session
from kit.oracles import PROJECT

PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")])
READMES = ("README.md", "README.vi.md")
FORMAT = re.compile(r"\"(kho\.[a-z-]+/\d+)\"")


def text_of(name: str | Path) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def fences(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text_of(page)):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("readme", READMES)
def test_the_readmes_scripts_are_there_and_run(readme: str) -> None:
    for line in "".join(fences(text_of(readme), "sh")).splitlines():
        if line.startswith("scripts/"):
            script = PROJECT / line.split()[0]
            assert script.stat().st_mode & 0o111


@pytest.mark.parametrize("readme", READMES)
def test_the_readmes_commands_are_understood(readme: str) -> None:
    """Each command of the README is parsed, options and all, without being run."""
    joined = "".join(fences(text_of(readme), "sh")).replace("\\\n", " ")
    commands = [shlex.split(line, comments=True) for line in joined.splitlines()]
    ours = [words[1:] for words in commands if words[:1] == ["kho"]]
    assert ours
    for words in ours:
        ctx = root.make_context("kho", words, obj=Session(environment={}))
        name, command, rest = root.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
        assert isinstance(command, click.Command)
        command.make_context(name, rest, parent=ctx)


def test_both_readmes_say_the_same_things() -> None:
    """The same headings by level, the same pictures, the same pages to read on."""

    def shape(readme: str) -> tuple[list[str], int, list[str]]:
        text = text_of(readme).replace("commands.vi.md", "commands.md")
        links = sorted(set(re.findall(r"\]\((docs/[^)]+|C[A-Z]+\.md)\)", text)))
        return re.findall(r"^#+", text, re.MULTILINE), text.count("```"), links

    assert shape("README.md") == shape("README.vi.md")


def test_every_stored_form_is_in_the_changelog() -> None:
    used = {
        name
        for package in ("schemas", "repository", "preservation", "ingest", "kho")
        for path in (PROJECT / package).rglob("*.py")
        for name in FORMAT.findall(path.read_text(encoding="utf-8"))
    }
    assert used
    assert sorted(name for name in used if f"`{name}`" not in text_of("CHANGELOG.md")) == []


def test_every_decision_is_listed_and_says_when_to_open_it_again() -> None:
    listed = text_of("docs/decisions/README.md")
    for page in sorted((PROJECT / "docs" / "decisions").glob("[0-9]*.md")):
        text = text_of(page)
        title = text.splitlines()[0].partition(" ")[2].partition(" ")[2]
        assert f"[{page.name[:4]}]({page.name}) | {title} |" in listed
        for part in ("**Context.**", "**Choice.**", "**Consequences.**", "**Reopen when**"):
            assert part in text, f"{page.name}: {part}"
