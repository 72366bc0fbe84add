"""What the catalogue will know of each file of a first version, spooled beside the build.

The list is written while the AIP is built, when every fact passes by, so that registering an
AIP of 200,000 files decodes no inventory and holds one file at a time. A rebuild makes the same
facts of the stored object (``facts_reader``); tests hold the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from repository.facts import FileFacts
from schemas.records import Record
from storage_backends.interface import Source
from storage_backends.sources import FileSource, PartSource

FILES = "files.ndjson"


def staged_source(folder: Path, staged: str, start: int | None, length: int | None) -> Source:
    """The bytes at ``staged`` in a submission's folder, or the part of them that is meant."""
    if start is None or length is None:
        return FileSource(folder / staged)
    return PartSource(folder / staged, start, length)


class FileLine(Record, frozen=True, kw_only=True):
    """One file of the logical state; ``staged`` is relative to the submission's folder."""

    logical_path: str
    content_path: str
    staged: str
    sha256: str
    sha512: str
    role: str
    start: int | None = None
    """Where it begins in ``staged``; None in a file of its own."""
    length: int | None = None
    """How many bytes it has there."""
    size: int | None = None
    puids: tuple[str, ...] = ()
    signature_decision: str = ""

    def source(self, folder: Path) -> Source:
        """Its bytes in the submission's ``folder``."""
        return staged_source(folder, self.staged, self.start, self.length)

    def facts(self) -> FileFacts:
        """The catalogue's noun."""
        return FileFacts(
            logical_path=self.logical_path,
            content_path=self.content_path,
            sha256=self.sha256,
            sha512=self.sha512,
            role=self.role,
            size_bytes=self.size,
            puids=self.puids,
            signature_decision=self.signature_decision,
        )


@dataclass(frozen=True, slots=True)
class SpooledFiles:
    """The list in a build's folder; may be gone through again and again."""

    folder: Path
    more: tuple[FileFacts, ...] = ()
    """Files that are stored beside the logical state."""

    def lines(self) -> Iterator[FileLine]:
        """Every file of the logical state."""
        decoder = msgspec.json.Decoder(FileLine)
        with (self.folder / FILES).open("rb") as lines:
            for raw in lines:
                yield decoder.decode(raw)

    def __iter__(self) -> Iterator[FileFacts]:
        for line in self.lines():
            yield line.facts()
        yield from self.more
