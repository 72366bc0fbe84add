"""A ZIP-based document gone through once: every member inflated and held against its CRC."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from schemas.archives import ArchiveStopped, Caps, MemberDamaged
from schemas.archives_zip import ZipArchive
from schemas.findings import Finding, Severity

_LIMITS = ("ARCHIVE-RATIO", "ARCHIVE-TOO-")
_IGNORED = ("NAME-", "ARCHIVE-MODE", "ARCHIVE-ENCRYPTED", *_LIMITS)

CAPS = Caps(total_bytes=4 << 30, entries=500_000, ratio=1000)
PART_CAP_BYTES = 32 << 20
"""A part that is looked into and is longer is not looked into."""


@dataclass(slots=True)
class Looked:
    """The members of a document: names in order, wanted contents, what is wrong.

    ``too_long`` names wanted parts beyond the cap; ``limited`` says that reading ended at a
    cap, ``encrypted`` that some member cannot be read. ``damaged`` says that the container,
    or a member, is not what it says it is.
    """

    names: list[str] = field(default_factory=list)
    parts: dict[str, bytes] = field(default_factory=dict)
    too_long: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    limited: bool = False
    encrypted: bool = False

    @property
    def damaged(self) -> bool:
        """Whether any finding makes the document invalid."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)


def look_through(file: BinaryIO, wanted: Callable[[str], bool], caps: Caps = CAPS) -> Looked:
    """Every member read to its end; those ``wanted`` by name are kept.

    Findings about names are dropped: a document's parts are not files of the archive. What
    would refuse a submission only makes a document invalid, or is beyond our limits.
    """
    looked = Looked()

    def report(finding: Finding) -> None:
        looked.limited |= finding.code.startswith(_LIMITS)
        looked.encrypted |= finding.code == "ARCHIVE-ENCRYPTED"
        if finding.code.startswith(_IGNORED):
            return
        heavy = finding.severity.rank >= Severity.ERROR.rank
        severity = Severity.ERROR if heavy else finding.severity
        looked.findings.append(Finding(finding.code, severity, finding.where, finding.fields))

    try:
        with ZipArchive(file.fileno(), caps, report, hashing=False) as archive:
            archive.prepare()
            for member in archive.members():
                name = member.raw_path.decode("utf-8", "replace")
                looked.names.append(name)
                _read(name, member.chunks, wanted(name), looked)
    except ArchiveStopped:
        if not looked.damaged and not looked.limited:
            looked.findings.append(Finding("ARCHIVE-STOPPED", Severity.ERROR))
    return looked


def _read(name: str, chunks: Callable[[], Iterable[bytes]], keep: bool, looked: Looked) -> None:
    content = bytearray()
    try:
        for chunk in chunks():
            if keep and len(content) <= PART_CAP_BYTES:
                content += chunk
    except MemberDamaged:
        return
    if keep and len(content) > PART_CAP_BYTES:
        looked.too_long.append(name)
    elif keep:
        looked.parts[name] = bytes(content)
