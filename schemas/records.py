"""Written forms shared by several packages: every stored JSON names its format.

A record is a frozen msgspec Struct; unknown keys are refused on reading.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of stored records."""


T = TypeVar("T")


def encode(record: msgspec.Struct) -> bytes:
    """Indented UTF-8 JSON with a final newline, for people and tools alike."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n"


def encode_line(record: msgspec.Struct) -> bytes:
    """One line of NDJSON, with its newline."""
    return msgspec.json.encode(record) + b"\n"


def decode(content: bytes, kind: type[T]) -> T:
    """The record that ``content`` writes; ``msgspec.ValidationError``/``DecodeError`` if none."""
    return msgspec.json.decode(content, type=kind)


class ReplicaMarker(Record, frozen=True, kw_only=True):
    """``kho/replica.json``: recognises a replica on any mount (design §4)."""

    format: str = "kho.replica/1"
    repository_id: str
    replica_id: str
    name: str
    site: str
    medium: str
    max_access: str
    networked: bool
    created: str


class FindingRecord(Record, frozen=True, kw_only=True):
    """A finding as stored and printed; ``message`` is in the receipt's language."""

    code: str
    severity: str
    where: str = ""
    message: str = ""
    fields: dict[str, str | int] = {}


class CopyRecord(Record, frozen=True, kw_only=True):
    """One replica that was read back and re-hashed."""

    replica: str
    verified_at: str


class RulingStep(Record, frozen=True, kw_only=True):
    """One person's part in a ruling: ``role`` is ``proposer`` or ``approver``."""

    person: str
    user: str
    role: str
    moment: str
    reason: str = ""


class Ruling(Record, frozen=True, kw_only=True):
    """What officers decided of a held submission: ``act`` is ``released`` or ``refused``.

    ``overridden`` are codes of the errors that stand and were decided about; a release of a
    submission without errors overrides nothing.
    """

    id: str
    act: str
    reason: str
    steps: tuple[RulingStep, ...]
    overridden: tuple[str, ...] = ()


class Receipt(Record, frozen=True, kw_only=True):
    """The answer to the submitter (*biên bản tiếp nhận*): accepted or not, and why."""

    format: str = "kho.receipt/1"
    receipt_id: str
    source: str
    profile: str
    outcome: str
    state: str
    aip_id: str
    submission_digest: str
    fonds: str
    dossier_code: str
    title: str
    files: int
    bytes: int
    warnings: int
    received: str
    finished: str
    copies: tuple[CopyRecord, ...] = ()
    findings: tuple[FindingRecord, ...] = ()
    not_checked: tuple[str, ...] = ()
    """Names of checks that did not run (``virus``…): said, never passed silently."""
    shared_failure_domain: bool = False
    ledger_head: str = ""
    archive: str = ""
    archive_code: str = ""
    received_by: str = ""
    """Who took the submission in."""
    submitter: str = ""
    submitter_code: str = ""
    """Who handed it in, as the submission says."""
    registration: str = ""
    """Code under which the transfer was registered, as the submission says."""
    ruling: Ruling | None = None
    """Set when officers decided about what was held before."""
    earlier_outcome: str = ""
    """Of a duplicate: what became of the submission when it came first."""
    withheld: bool = False
    """True for the receipt of a secret dossier as the journal keeps it: source, title, codes
    and the places of findings are in its AIP alone."""


class LedgerLine(Record, frozen=True, kw_only=True):
    """One line of the hash-chained journal (design §6).

    ``hash`` is sha256 over the line's JSON with ``hash`` empty; ``prev`` is the hash of the
    line before, ``""`` for the first.
    """

    format: str = "kho.ledger-line/1"
    seq: int
    moment: str
    kind: str
    """``event``, ``receipt``, ``delivery``, ``copy``, ``audit``, ``rejection``, ``holding``,
    ``seal`` and others."""
    body: dict[str, Any]
    prev: str
    hash: str = ""


class MapEntry(Record, frozen=True, kw_only=True):
    """One line of ``submission-map.ndjson``: recreates the submitted tree byte for byte.

    ``raw_path`` is UTF-8 text, or ``raw_base64`` when the bytes are not UTF-8. The first line
    of the file is a :class:`MapHeader`.
    """

    raw_path: str = ""
    raw_base64: str = ""
    logical_path: str
    size: int
    mode: int | None = None
    modified: str = ""
    sha256: str


class MapHeader(Record, frozen=True, kw_only=True):
    """First line of ``submission-map.ndjson``."""

    format: str = "kho.submission-map/1"
    files: int
    container_name: str = ""
    container_size: int = 0
    container_sha256: str = ""
    empty_directories: tuple[str, ...] = ()
    """Percent-encoded raw paths of directories that held nothing."""
