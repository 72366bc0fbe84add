"""What the catalogue knows of one AIP: facts read from the object itself, nothing else.

Registering after ingest and rebuilding from a replica both go through these records, which
is why a rebuilt catalogue equals the lost one (promise 3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.ids import AipId
from schemas.nouns import Access, Document, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """One stored file of an AIP. ``size_bytes`` is known for submitted files only.

    Files of the newest logical state have their logical path. What else is stored under the
    object — inventories, sidecars, the declaration (role ``structure``), content that only
    older versions use (role ``superseded``) — has ``/`` and its content path instead: every
    stored byte is in the list, so that an audit reads all of them.
    """

    logical_path: str
    content_path: str
    """Key relative to the object root, ``v1/content/…``."""
    sha256: str
    sha512: str
    role: str
    """``data``, ``documentation``, ``metadata`` (written by Kho), ``structure``,
    ``superseded``."""
    size_bytes: int | None = None
    puids: tuple[str, ...] = ()
    signature_decision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """One signature as ingest judged it; later verdicts are in the journal.

    A file that should have been examined and could not be has one of these with
    ``not_checked`` and no ``indication``.
    """

    logical_path: str
    position: int
    kind: str = ""
    level: str = ""
    algorithm: str = ""
    signer: str = ""
    organisation: str = ""
    issuer: str = ""
    valid_until: str = ""
    indication: str = ""
    sub_indication: str = ""
    integrity: str = ""
    trust: str = ""
    time: str = ""
    signed_at: str = ""
    not_checked: str = ""
    trust_sha256: str = ""
    """The trust snapshot it was judged with."""
    policy_sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFacts:
    """One OCFL version of an AIP and the digests of its inventory."""

    number: int
    created: str
    inventory_sha256: str
    inventory_sha512: str
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AipFacts:
    """Everything archival about one AIP at its newest version."""

    aip_id: AipId
    place: Place
    version: int
    versions: tuple[VersionFacts, ...]
    created: str
    """Moment of the first version."""
    profile: str
    outcome: str
    fonds: str
    fonds_name: str
    dossier_code: str
    title: str
    access: Access
    date_from: str
    date_to: str
    backlog: bool
    submission_digest: str
    data_files: int
    data_bytes: int
    warnings: int
    fields: Mapping[str, str] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()
    files: Iterable[FileFacts] = ()
    """Each once, in no promised order; may be gone through again and again."""
    signatures: tuple[SignatureFacts, ...] = ()
    """By logical path and position."""
