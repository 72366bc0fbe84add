"""Asks the engine about bytes as the hashing pass would."""

from __future__ import annotations

import io

from preservation.formats.engine import Identifier
from schemas.digests import read_through
from schemas.nouns import FormatResult


class CountingFile(io.BytesIO):
    """A file that counts the bytes read from it."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.read_bytes += len(content)
        return content


class Opened:
    """Gives ``content`` again when asked, and knows how much of it was read."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.files: list[CountingFile] = []

    def __call__(self) -> CountingFile:
        self.files.append(CountingFile(self._content))
        return self.files[-1]

    @property
    def read_bytes(self) -> int:
        """Bytes read in all."""
        return sum(file.read_bytes for file in self.files)


def identify(engine: Identifier, content: bytes, name: str = "file") -> FormatResult:
    """What the engine says of ``content``."""
    return identify_counting(engine, content, name)[0]


def identify_counting(
    engine: Identifier, content: bytes, name: str = "file"
) -> tuple[FormatResult, Opened]:
    """What the engine says, and what it read beyond head and tail for it."""
    ends = read_through(io.BytesIO(content))
    again = Opened(content)
    found = engine.identify(
        name=name, size_bytes=len(content), head=ends.head, tail=ends.tail, open_file=again
    )
    return found, again
