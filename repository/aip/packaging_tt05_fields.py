"""From the fields of a submitted package to those of an AIP (tt05-profile §5).

Three lists of fields differ (SIP, AIP, DIP); nothing is renamed in place. What an AIP has no
field for stays in the copy of the submitted file, and where it says otherwise than the
dossier, in a note of the dossier's description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from schemas.nouns import Document, Draft
from schemas.tt05 import code_label, fields_of
from schemas.tt05_names import aip_objid

Kind = Literal["hoso", "tailieu"]

OBJID = "OBJID"
AGREEMENT = "submissionAgreement"
"""Beside the circular's fields in ``Draft.fields``: what the METS header said."""

_LAST_NUMBER = re.compile(r"\d+(?=\D*\Z)")
_ORDINAL_DIGITS = 7
_DESCRIPTION_CHARS = 2000
_INHERITED = {
    "maintenance": ("thời hạn lưu trữ", "maintenance"),
    "riskRecovery": ("chế độ dự phòng", ""),
    "riskRecoveryStatus": ("tình trạng dự phòng", "riskRecoveryStatus"),
}


def is_tt05(profile: str) -> bool:
    """Whether a profile's dossiers are packaged as the circular wants."""
    return profile == "tt05" or profile.startswith("tt05-")


def package_objid(fonds: str, aip_id: str) -> str:
    """The AIP's OBJID; the shortest of the circular's forms where there is no usable fonds."""
    try:
        return aip_objid(fonds, aip_id)
    except ValueError:
        return f"urn:uuid:{aip_id.upper()}"


@dataclass(frozen=True)
class AipFields:
    """The descriptive files of one AIP, made from its draft."""

    draft: Draft
    archive_code: str = ""

    @cached_property
    def kind(self) -> Kind:
        """A dossier or loose documents: only these have a ``source``."""
        return "tailieu" if "source" in self.draft.fields else "hoso"

    @cached_property
    def dossier_code(self) -> str:
        """arcFileCode: as it came from another archive, else the archive's code before it."""
        given = self.draft.fields.get("arcFileCode", "")
        code = self.draft.dossier_code
        if given or not (code and self.archive_code):
            return given or code
        return f"{self.archive_code}.{code}"

    @property
    def dossier_variant(self) -> str:
        """Which list of fields ``EAD.xml`` has."""
        return f"aip_{self.kind}.ead"

    def dossier(self) -> dict[str, str]:
        """The fields of ``EAD.xml``."""
        fields = _only(self.dossier_variant, self.draft.fields)
        fields |= {"arcFileCode": self.dossier_code, "title": self.draft.title}
        notes = "; ".join(self._notes())
        if notes:
            fields["description"] = _noted(fields.get("description", ""), notes)
        return fields

    def variant(self, document: Document) -> str:
        """Which list of fields the document's file has."""
        return "aip.ead_doc" if document.kind == "doc" else f"aip_{self.kind}.ead_{document.kind}"

    def document(self, document: Document, position: int) -> dict[str, str]:
        """The fields of a document's descriptive file; ``position`` counts from 1."""
        given = dict(document.fields)
        ordinal = self._ordinal(document, position)
        made = {
            "arcFileCode": self.dossier_code,
            "docOrdinal": str(ordinal),
            "docCode": given.get("docCode") or given.get("arcDocCode", ""),
            "arcDocCode": given.get("arcDocCode") or self._archival(given.get("docCode", "")),
        }
        kept = {name: given[name] for name in ("arcFileCode", "docOrdinal") if given.get(name)}
        return _only(self.variant(document), given | made | kept)

    def document_code(self, document: Document, position: int) -> str:
        """The document's archival code, by which PREMIS names it."""
        code = self.dossier_code
        return f"{code}.{self._ordinal(document, position):0{_ORDINAL_DIGITS}d}"

    def _archival(self, code: str) -> str:
        return f"{self.archive_code}.{code}" if code and self.archive_code else code

    def _ordinal(self, document: Document, position: int) -> int:
        for text in (document.fields.get("docOrdinal", ""), document.code):
            found = _LAST_NUMBER.search(text)
            if found is not None and found[0].isascii() and len(found[0]) <= _ORDINAL_DIGITS:
                return int(found[0])
        return position

    def _notes(self) -> Iterator[str]:
        """What documents say otherwise than the dossier, in fields that their AIP form lacks."""
        own = self.draft.fields
        for document in self.draft.documents:
            if self.kind == "tailieu" and document.kind != "doc":
                continue  # these keep the fields
            said = [
                f"{label} {_coded(value, codes)}"
                for name, (label, codes) in _INHERITED.items()
                if (value := document.fields.get(name, "")) and own.get(name, value) != value
            ]
            if said:
                yield f"{document.code or document.title}: {', '.join(said)}"


def _only(variant: str, fields: Mapping[str, str]) -> dict[str, str]:
    return {spec.name: fields[spec.name] for spec in fields_of(variant) if spec.name in fields}


def _coded(value: str, codes: str) -> str:
    label = code_label(codes, value) if codes else ""
    return f"{value} ({label})" if label else value


def _noted(description: str, notes: str) -> str:
    """The description with the notes behind it, cut where the circular's length ends."""
    text = f"Khác với hồ sơ: {notes}"
    text = f"{description}\n{text}" if description else text
    if len(text) <= _DESCRIPTION_CHARS or len(description) >= _DESCRIPTION_CHARS:
        return text if len(text) <= _DESCRIPTION_CHARS else description
    return text[: _DESCRIPTION_CHARS - 1] + "…"
