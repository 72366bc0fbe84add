"""What a METS file says, part by part, as :mod:`schemas.mets_read` gives it.

Texts are as written; nothing is believed yet. An absent attribute is ``""``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

NO_NAMESPACE = "METS-NO-NAMESPACE"
CSIP_CASE = "METS-CSIP-CASE"
FILEGRP_USER = "METS-FILEGRP-USER"
DIV_AMDID = "METS-DIV-AMDID"

UNREADABLE_SIZE = -1
"""Stands for a SIZE that is not a number."""


@dataclass(frozen=True, slots=True)
class MetsRoot:
    """The ``mets`` element. ``namespace`` is empty when the file forgot it."""

    objid: str
    label: str
    type: str
    profile: str
    content_information_type: str
    other_content_information_type: str
    namespace: str


@dataclass(frozen=True, slots=True)
class AgentFacts:
    """An agent; ``notes`` are (csip:NOTETYPE, text)."""

    role: str
    other_role: str
    type: str
    other_type: str
    names: tuple[str, ...]
    notes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MetsHeader:
    """``metsHdr``; ``alt_record_ids`` are (type, value)."""

    created: str
    modified: str
    record_status: str
    oais_type: str
    agents: tuple[AgentFacts, ...]
    alt_record_ids: tuple[tuple[str, str], ...]

    @property
    def identification_code(self) -> str:
        """The first IDENTIFICATIONCODE note of a creator: in TT05, the fonds code."""
        for agent in self.agents:
            for kind, text in agent.notes:
                if agent.role == "CREATOR" and kind == "IDENTIFICATIONCODE" and text:
                    return text
        return ""


@dataclass(frozen=True, slots=True)
class Referred:
    """What ``mdRef`` and ``file`` say of the file they name.

    ``href`` is as written, ``path`` decoded and relative to the METS file's folder (or to the
    package's: tt05-profile §2 *href base*). ``size_bytes`` is None when absent.
    """

    id: str
    href: str
    path: str
    mime: str
    size_bytes: int | None
    created: str
    checksum: str
    checksum_type: str


@dataclass(frozen=True, slots=True)
class MetadataReference:
    """An ``mdRef``: the file and its metadata type."""

    file: Referred
    mdtype: str
    other_mdtype: str
    mdtype_version: str


@dataclass(frozen=True, slots=True)
class MetadataSection:
    """A ``dmdSec`` or a part of the ``amdSec``; ``kind`` is the element's name.

    ``embedded`` says that the metadata lies in the METS file itself, where it is not read.
    """

    kind: str
    id: str
    created: str
    status: str
    references: tuple[MetadataReference, ...]
    embedded: bool


@dataclass(frozen=True, slots=True)
class MetsGroup:
    """A ``fileGrp``, before its files."""

    id: str
    use: str
    content_information_type: str


@dataclass(frozen=True, slots=True)
class MetsFileEntry:
    """A ``file``, in the group with ``use``. ``locations`` counts its ``FLocat``; the facts
    are of the first."""

    group_id: str
    use: str
    file: Referred
    owner_id: str
    admid: str
    dmdid: str
    locations: int


@dataclass(frozen=True, slots=True)
class MetsPointer:
    """An ``mptr``: where another METS file lies, and the ID it goes by here."""

    href: str
    path: str
    title: str


@dataclass(frozen=True, slots=True)
class MetsDiv:
    """A division with its own pointers. ``labels`` are those of the divisions around it, the
    outermost first, its own last; ``map_label`` and ``map_type`` those of the structMap."""

    id: str
    labels: tuple[str, ...]
    type: str
    dmdid: tuple[str, ...]
    admid: tuple[str, ...]
    file_ids: tuple[str, ...]
    pointers: tuple[MetsPointer, ...]
    map_label: str
    map_type: str

    @property
    def label(self) -> str:
        """The division's own label."""
        return self.labels[-1]


@dataclass(frozen=True, slots=True)
class Repair:
    """A form that no schema allows and that was read all the same; each code once.

    ``METS-NO-NAMESPACE``, ``METS-CSIP-CASE``, ``METS-FILEGRP-USER``, ``METS-DIV-AMDID``.
    """

    code: str


MetsItem: TypeAlias = (
    MetsRoot | MetsHeader | MetadataSection | MetsGroup | MetsFileEntry | MetsDiv | Repair
)


@dataclass(frozen=True, slots=True)
class MetsFacts:
    """A whole METS file in memory: for packages of ordinary size."""

    root: MetsRoot
    header: MetsHeader | None
    sections: tuple[MetadataSection, ...]
    groups: tuple[MetsGroup, ...]
    files: tuple[MetsFileEntry, ...]
    divs: tuple[MetsDiv, ...]
    repairs: tuple[str, ...]

    def section(self, section_id: str) -> MetadataSection | None:
        """The metadata section with that ID."""
        return next((s for s in self.sections if s.id == section_id), None)
