"""What rules need besides the package: what the receiving archive knows.

None always means *not known here*: a rule that needs it is then recorded as not checked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A dossier that the archive keeps already: its AIP, and its submission's digest and OBJID
    where the question was about these."""

    aip_id: str
    submission_digest: str
    objid: str = ""
    title: str = ""
    accepted: bool = True
    """False for one that is held for an officer."""


@dataclass(frozen=True, slots=True)
class LinkedRecord:
    """A record of another dossier that a ``.fetch.txt`` stub stands for.

    ``path`` is its logical path in the AIP ``aip_id``; ``record_id`` its archival code.
    """

    aip_id: str
    fonds: str
    path: str
    size_bytes: int
    record_id: str


@dataclass(frozen=True, slots=True)
class Request:
    """An approved request (*yêu cầu khai thác*) a DIP answers: data files' names and sha256."""

    approved: bool
    expired: bool
    sha256_by_name: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionFacts:
    """What the receiving archive knows. Codes are opaque, NFC."""

    now: datetime | None = None
    fonds: Collection[str] | None = None
    """Registered fonds codes."""
    organs: Collection[str] | None = None
    """Registered organ codes."""
    agreements: Collection[str] | None = None
    """Registration codes of transfer requests."""
    historical: bool | None = None
    """Whether this is a historical archive (*lưu trữ lịch sử*)."""
    isolated: bool | None = None
    """Whether secret dossiers may be stored here: enough replicas that no network reaches."""
    accepts_tests: bool = False
    """Whether packages marked TEST are taken."""
    held_by_objid: Callable[[str], Sequence[Held]] | None = None
    held_by_code: Callable[[str], Sequence[Held]] | None = None
    """Dossiers by dossier code."""
    held_by_digest: Callable[[str], Sequence[Held]] | None = None
    """Dossiers that hold a record with this sha256."""
    linked: Callable[[str, str], LinkedRecord | None] | None = None
    """The record that a stub of this fonds names by its identifier."""
    request: Callable[[str], Request | None] | None = None
    """The access request of that id."""
    transfer_list: Collection[str] | None = None
    """Dossier codes in the submitted list (*mục lục hồ sơ nộp lưu*)."""
    same_submission: Mapping[str, str] | None = None
    """OBJIDs that came with this submission before, each with its submission digest."""


NOTHING_KNOWN = ReceptionFacts()
