"""A sealed build: an AIP version complete in staging before the first replica write.

``content.ndjson`` lists what to write, ``inventory.json`` is the version's inventory, and
``built.json`` — written last and made durable — names both by digest. Recovery only copies
sealed builds or committed copies; bytes are never rebuilt for a version that exists anywhere
(design §4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from repository.aip.spool import FILES, staged_source
from repository.ocfl.claims import VersionRef
from repository.ocfl.writer import ContentItem
from repository.ocfl.written import Written
from repository.staging import make_durable, make_names_durable
from schemas.digests import CHUNK_BYTES
from schemas.ids import AipId
from schemas.nouns import Access, Place
from schemas.records import Receipt, Record, decode, encode

BUILT = "built.json"
CONTENT = "content.ndjson"
INVENTORY_FILE = "inventory.json"


class ContentLine(Record, frozen=True, kw_only=True):
    """One content file of the build; ``staged`` is relative to the submission's folder."""

    content_path: str
    staged: str
    start: int | None = None
    """Where it begins in ``staged``; None in a file of its own."""
    size: int
    sha256: str


class BuiltRecord(Record, frozen=True, kw_only=True):
    """``built.json``. ``receipt`` is complete but for copies, state and the finishing moment."""

    format: str = "kho.build/1"
    aip_id: str
    place: str
    version: int
    access: str
    created: str
    """Moment of this version, as its inventory says it."""
    message: str
    inventory_sha256: str
    content_sha256: str
    files_sha256: str = ""
    """Of the list that speaks for a first version's files; empty for further versions."""
    files: int
    bytes: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class SealedBuild:
    """A version that is complete in ``folder`` and may be written to replicas."""

    folder: Path
    record: BuiltRecord
    inventory_text: Written

    @property
    def inventory_json(self) -> bytes:
        """The inventory's bytes, read from the folder each time."""
        return self.inventory_text.read()

    @property
    def ref(self) -> VersionRef:
        """Which version of which object this is."""
        return VersionRef(Place(self.record.place), AipId(self.record.aip_id), self.record.version)

    @property
    def access(self) -> Access:
        """Where it may be stored."""
        return Access(self.record.access)

    def content(self) -> Iterator[ContentItem]:
        """The files to write, streamed from the list."""
        decoder = msgspec.json.Decoder(ContentLine)
        with (self.folder / CONTENT).open("rb") as lines:
            for raw in lines:
                line = decoder.decode(raw)
                yield ContentItem(
                    line.content_path,
                    staged_source(self.folder, line.staged, line.start, line.size),
                    line.size,
                    line.sha256,
                )


def seal(
    folder: Path,
    *,
    ref: VersionRef,
    access: Access,
    created: str,
    message: str,
    receipt: Receipt,
) -> SealedBuild:
    """The build in ``folder`` is sealed and durable: its content list and its inventory, and
    for a first version the list of its files, are written."""
    lists = [name for name in (INVENTORY_FILE, CONTENT, FILES) if (folder / name).exists()]
    inventory = Written.at(folder / INVENTORY_FILE)
    files = total = 0
    decoder = msgspec.json.Decoder(ContentLine)
    with (folder / CONTENT).open("rb") as lines:
        for raw in lines:
            files += 1
            total += decoder.decode(raw).size
    record = BuiltRecord(
        aip_id=ref.aip_id,
        place=ref.place.value,
        version=ref.number,
        access=access.value,
        created=created,
        message=message,
        inventory_sha256=inventory.sha256,
        content_sha256=_file_sha256(folder / CONTENT),
        files_sha256=_file_sha256(folder / FILES) if FILES in lists else "",
        files=files,
        bytes=total,
        receipt=receipt,
    )
    partial = folder / f"{BUILT}.partial"
    partial.write_bytes(encode(record))
    make_durable(*(folder / name for name in lists), partial)
    partial.rename(folder / BUILT)
    make_names_durable(folder)
    return SealedBuild(folder, record, inventory)


def open_sealed(folder: Path) -> SealedBuild | None:
    """The sealed build in a submission's folder; None when it was never sealed, or is torn."""
    try:
        record = decode((folder / BUILT).read_bytes(), BuiltRecord)
        inventory = Written.at(folder / INVENTORY_FILE)
        content_sha256 = _file_sha256(folder / CONTENT)
        files_sha256 = _file_sha256(folder / FILES) if record.files_sha256 else ""
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    found = (inventory.sha256, content_sha256, files_sha256)
    if found != (record.inventory_sha256, record.content_sha256, record.files_sha256):
        return None
    return SealedBuild(folder, record, inventory)


def is_whole(build: SealedBuild) -> bool:
    """Whether every staged byte is what the seal says: staged payload is not fsynced, so a
    power cut may have lost some; then the version is rolled back and the source read again."""
    for item in build.content():
        try:
            with item.source.open() as stream:
                found = _sha256_of(stream)
        except OSError:
            return False
        if found != item.sha256:
            return False
    return True


def _file_sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return _sha256_of(stream)


def _sha256_of(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
