"""What one run of ``kho`` knows: its language, where its archive is, who acts."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kho.cli.output import print_text
from schemas.errors import KhoError
from schemas.text import LANGUAGES, Language, say

if TYPE_CHECKING:
    from ingest.approval import Officer
    from kho.settings import Settings
    from repository.archive import Repository
    from schemas.events import Agent
    from schemas.progress import Progress

LANGUAGE_VARIABLE = "KHO_LANG"


@dataclass
class Session:
    """One run; filled by the global options before any command."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    here: Path = field(default_factory=Path.cwd)
    named: Path | None = None
    """The folder given by ``-C``."""
    chosen_language: Language | None = None
    """The language given by ``--lang``."""
    user: str = field(default_factory=lambda: pwd.getpwuid(os.geteuid()).pw_name)
    """The operating system's user, asked of the system: no option or variable says otherwise."""

    @cached_property
    def settings(self) -> Settings:
        """The settings of the archive meant; ``ConfigError`` when there is none."""
        from kho import config

        return config.load(config.find(self.named, self.environment, self.here))

    @property
    def language(self) -> Language:
        """``--lang``, else ``KHO_LANG``, else the archive's, else the locale's."""
        if self.chosen_language is not None:
            return self.chosen_language
        if spoken := _language(self.environment.get(LANGUAGE_VARIABLE, "")):
            return spoken
        try:
            return self.settings.language
        except KhoError:
            return self.locale_language

    @property
    def locale_language(self) -> Language:
        """The language that the system's locale asks for; English unless it is Vietnamese."""
        stated = (self.environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
        return _language(next(filter(None, stated), "")) or "en"

    def say(self, code: str, **fields: object) -> str:
        """The text of ``code`` in the session's language."""
        return say(code, self.language, **fields)

    def tell(self, code: str, **fields: object) -> None:
        """A line on standard output."""
        print_text(self.say(code, **fields))

    def note(self, code: str, **fields: object) -> None:
        """A line on standard error, out of the way of what a program reads."""
        print_text(self.say(code, **fields), err=True)

    @contextmanager
    def repository(self) -> Iterator[Repository]:
        """The archive meant, open for reading; commands that write prepare it first.

        Afterwards it was said, in words of its own, why a replica could not be reached or
        takes nothing.
        """
        from repository.archive import Repository

        with Repository.open(self.settings.repository) as repository:
            yield repository
            for _name, error in sorted({**repository.behind, **repository.unreachable}.items()):
                self.note(error.code, **error.fields)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Bars on a terminal, plain lines elsewhere, both on standard error."""
        from kho.cli.progress import shown

        with shown(self.language) as progress:
            yield progress

    def actor(self) -> Agent:
        """Who acts: the operating system's user, by the name ``[people]`` gives."""
        from schemas.events import Agent

        return Agent(name=self.officer().name, kind="person", role="operator")

    def officer(self) -> Officer:
        """Who acts, and what ``[people]`` lets that person decide."""
        from ingest.approval import Officer

        person = self.settings.people.get(self.user)
        if person is None:
            return Officer(self.user, self.user)
        return Officer(self.user, person.name, known=True, approver="approver" in person.roles)


def _language(text: str) -> Language | None:
    """``vi`` for ``vi_VN.UTF-8``; None for what is neither of our languages."""
    return next((lang for lang in LANGUAGES if text.lower().startswith(lang)), None)
