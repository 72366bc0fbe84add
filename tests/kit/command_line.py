"""Runs ``kho`` in the process, as a shell would, and keeps what it printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from kho import config
from kho.cli import edge
from kho.cli.session import Session
from kho.settings import Settings


@dataclass(frozen=True, slots=True)
class Ran:
    """How one command ended and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> dict[str, object]:
        """The one JSON document on standard output."""
        return msgspec.json.decode(self.out, type=dict[str, object])


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell in a folder, with a language and nothing else in its environment."""

    here: Path
    capsys: pytest.CaptureFixture[str]
    environment: Mapping[str, str]
    user: str = ""
    """Whose shell it is; the one who runs the tests when empty."""

    def of(self, user: str) -> Shell:
        """The same folder, as another user of the system sees it."""
        return replace(self, user=user)

    def __call__(self, *arguments: str | Path) -> Ran:
        """``kho ARGUMENTS``, run here."""
        self.capsys.readouterr()
        session = Session(environment=self.environment, here=self.here)
        if self.user:
            session.user = self.user
        code = edge.run([str(argument) for argument in arguments], session)
        printed = self.capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    def settings(self) -> Settings:
        """The settings of the archive that lies here."""
        return config.load(self.here / "kho.toml")
