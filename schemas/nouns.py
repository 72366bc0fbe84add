"""The archive's nouns. Vietnamese terms stand once, here and in docs/glossary.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from schemas.digests import Digests


class Verdict(StrEnum):
    """What reading one file proved. Never a bool: absence and silence are not damage."""

    INTACT = "intact"
    ALTERED = "altered"
    ABSENT = "absent"
    UNREADABLE = "unreadable"


class Access(StrEnum):
    """Who may see a dossier (*chế độ sử dụng*); undecided counts as restricted."""

    PUBLIC = "public"
    RESTRICTED = "restricted"
    SECRET = "secret"

    @property
    def rank(self) -> int:
        """0 public, 1 restricted, 2 secret."""
        return list(Access).index(self)


class Place(StrEnum):
    """Which OCFL root of a replica an object lives in; the value is the key prefix."""

    ARCHIVE = "ocfl"
    HOLDING = "holding"


class Outcome(StrEnum):
    """What became of a submission (design §8)."""

    ACCEPTED = "accepted"
    HELD = "held"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


class StorageState(StrEnum):
    """Whether enough replicas in distinct failure domains were read back (promise 1)."""

    STORED = "stored"
    UNDER_REPLICATED = "under_replicated"


class FileRole(StrEnum):
    """Why a submitted file is in the AIP: content, or a submission file kept verbatim."""

    DATA = "data"
    DOCUMENTATION = "documentation"


@dataclass(frozen=True, slots=True)
class FormatResult:
    """What identification said of one file; a claim, not a validity verdict.

    ``method`` is ``signature``, ``container``, ``extension`` or ``none``; ``puids`` has
    several members when the tool could not choose. ``names`` and ``versions`` run parallel
    to ``puids``. ``warnings`` are finding codes. ``signature_set`` names version and hash.
    """

    puids: tuple[str, ...]
    method: str
    names: tuple[str, ...] = ()
    mime: str = "application/octet-stream"
    warnings: tuple[str, ...] = ()
    signature_set: str = ""
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignatureResult:
    """One signature of one file: integrity, trust and time are three separate facts.

    ``indication`` and ``sub_indication`` are ETSI EN 319 102-1 terms. ``integrity`` is
    ``intact|broken|unknown``, ``trust`` is ``trusted|untrusted|not_established``, ``time``
    is ``proven|claimed|none``.
    """

    field: str
    indication: str
    sub_indication: str = ""
    integrity: str = "unknown"
    trust: str = "not_established"
    time: str = "none"
    signer: str = ""
    signed_at: str = ""
    coverage: str = ""
    """How much the signature covers: ``file|revision|start|unclear``; empty outside PDF."""
    detail: str = ""
    kind: str = ""
    """``pdf``, ``pdf-timestamp``, ``cms``, ``xml``, ``timestamp``…"""
    level: str = ""
    """``B``, ``T``, ``LT`` or ``LTA`` (ETSI baseline), by what was found, not by what holds."""
    changes: str = ""
    """What came after it: ``none|maintenance|form|annotations|other|not_analysed``."""
    proven_at: str = ""
    """Earliest moment the signature is proven to have existed; empty without proof."""
    issuer: str = ""
    organisation: str = ""
    certificate: str = ""
    """sha256 of the signer's certificate."""
    valid_from: str = ""
    valid_until: str = ""
    """Validity of the signer's certificate."""
    algorithm: str = ""
    """Digest, signature scheme and key: ``sha256 rsassa_pkcs1v15 2048``."""
    anchor: str = ""
    """Which imported anchor the chain ends in: ``<set>/<name>``."""
    report: str = ""
    """Whether there is an ETSI TS 119 102-2 report: ``made``, or why not; empty: not asked for."""
    revision: int = 0
    """Which revision of the file it was made over: a later signature has a higher number."""
    codes: tuple[str, ...] = ()
    """Finding codes that the verifier itself raised about this signature."""
    evidence: tuple[str, ...] = ()
    """``certificate|crl|ocsp|timestamp:<sha256>`` of all that the verdict used."""
    holds_until: str = ""
    """For a pass: until when the same examination would pass again."""
    appearance: str = ""
    """Where it shows itself in a PDF: ``invisible``, ``1/top-right`` and its like for the first
    page, ``later`` for another; empty when it was not told."""


@dataclass(frozen=True, slots=True)
class SignatureBasis:
    """What a verdict rests on: who judged, by which policy, with which trust, as of when.

    ``proven`` says that the file is known, from the archive's own evidence, to have existed
    unchanged at ``moment``; otherwise ``moment`` is simply when it was examined.
    """

    verifier: str
    policy: str
    policy_sha256: str
    trust_sha256: str
    moment: str
    proven: bool = False
    tools: str = ""
    """Name and version of the libraries that judged."""

    @property
    def label(self) -> str:
        """One line, for events and reports."""
        return (
            f"verifier {self.verifier}; policy {self.policy} sha256:{self.policy_sha256};"
            f" trust sha256:{self.trust_sha256}; as of {self.moment}"
        )


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """All signatures of one file and what policy makes of them.

    ``decision`` is ``accept|warn|hold|reject|none`` (``none``: the file carries no
    signature). ``not_checked`` says why when the file could not be examined.
    """

    decision: str
    signatures: tuple[SignatureResult, ...] = ()
    findings: tuple[str, ...] = ()
    not_checked: str = ""
    kind: str = ""
    """What kind of carrier the file is: ``pdf``, ``cms``, ``xml``…; empty for none."""
    detail: str = ""
    """For staff: why a file could not be examined."""
    basis: SignatureBasis | None = None
    """What the decision rests on; none for a file that carries no signature."""
    holds_until: str = ""
    """Until when the same examination would end the same; empty when that is not known."""
    etsi_reports: tuple[str, ...] = ()
    """XML of ETSI TS 119 102-2, one for each signature whose ``report`` says ``made``."""


@dataclass(frozen=True, slots=True)
class SubmittedFile:
    """One file of a submission (*tệp tin*), read once and staged; all facts known.

    ``raw_path`` is the submitted path relative to the submission root, as bytes, ``/``
    separated; ``logical_path`` is its path in the AIP's logical state; ``staged`` is the
    absolute local path of the staged bytes.
    """

    raw_path: bytes
    logical_path: str
    role: FileRole
    staged: str
    size_bytes: int
    digests: Digests
    mode: int | None = None
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One record (*văn bản, tài liệu*) of a dossier, with the files that embody it."""

    code: str
    title: str
    date: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    kind: str = "doc"
    """``doc``, ``pic`` or ``media``: which descriptive file describes it."""
    files: tuple[str, ...] = ()
    """Logical paths of the document's files, the main file first."""


@dataclass(frozen=True, slots=True)
class Container:
    """The file a submission arrived in (zip, tar); empty name for a folder."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What every profile maps a submission to: a dossier (*hồ sơ*) ready to be built.

    ``fields`` are the circular's dossier fields by element name; ``fonds`` (*phông*) is an
    opaque code. ``backlog`` (*tồn đọng*) marks a dossier that still needs arrangement.
    """

    profile: str
    title: str
    files: tuple[SubmittedFile, ...]
    fonds: str = ""
    fonds_name: str = ""
    dossier_code: str = ""
    access: Access = Access.RESTRICTED
    fields: Mapping[str, str] = field(default_factory=dict)
    documents: tuple[Document, ...] = ()
    empty_directories: tuple[bytes, ...] = ()
    container: Container | None = None
    submission_id: str = ""
    submitter: str = ""
    submitter_code: str = ""
    """Who hands the dossier in (*cơ quan nộp*), as the submission says."""
    registration: str = ""
    """Code under which the transfer was registered."""
    backlog: bool = False
    added: Mapping[str, bytes] = field(default_factory=dict)
    """Small files that the AIP needs and nobody submitted, by logical path."""
