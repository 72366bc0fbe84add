"""What the archive knows when a package arrives, as the rules of reception ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.checks.tt05_facts import Held, LinkedRecord, ReceptionFacts
from ingest.checks.tt05_tree import DATA, nfc
from ingest.desk import Desk
from ingest.registers import load_registers
from repository.aip.packaging_tt05_fields import OBJID
from repository.catalogue.rows import AipSummary
from repository.facts import AipFacts
from schemas.ids import AipId
from schemas.nouns import Access, Document, Place

_CANDIDATES = 50


def reception_facts(
    desk: Desk, *, besides: AipId | None = None, arrived: Mapping[str, str] | None = None
) -> ReceptionFacts:
    """Everything that settings, registers and catalogue can answer; access requests are not
    kept yet, and stay unknown.

    ``besides`` is the AIP in question itself, which is no duplicate of itself; ``arrived`` are
    the OBJIDs that came with the same delivery before it.
    """
    archive, settings = desk.archive, desk.settings
    kind = settings.archive_kind
    secret = [replica for replica in archive.replicas if replica.may_hold(Access.SECRET)]
    known = _Known(desk, besides)
    searchable = archive.catalogue.can_search
    registers = load_registers(settings.registers)
    return ReceptionFacts(
        now=archive.now(),
        fonds=registers.fonds,
        organs=registers.organs,
        agreements=registers.agreements,
        historical=None if kind == "unknown" else kind == "historical",
        isolated=len(secret) >= archive.settings.min_copies,
        accepts_tests=settings.accept_test_packages,
        held_by_objid=known.by_objid if searchable else None,
        held_by_code=known.by_code,
        linked=known.linked if searchable else None,
        transfer_list=desk.transfer_list,
        same_submission=arrived,
    )


class _Known:
    """The catalogue, asked."""

    def __init__(self, desk: Desk, besides: AipId | None) -> None:
        self._catalogue = desk.archive.catalogue
        self._besides = besides

    def by_code(self, code: str) -> Sequence[Held]:
        """Dossiers with this code."""
        return [
            _held(each)
            for each in self._catalogue.find(code)
            if each.dossier_code == code and each.aip_id != self._besides
        ]

    def by_objid(self, objid: str) -> Sequence[Held]:
        """Dossiers whose submission had this OBJID."""
        return [
            Held(
                facts.aip_id,
                facts.submission_digest,
                objid,
                facts.title,
                accepted=facts.place is Place.ARCHIVE,
            )
            for facts in self._searched(objid, "")
            if facts.fields.get(OBJID) == objid
        ]

    def linked(self, fonds: str, said: str) -> LinkedRecord | None:
        """The one record of the fonds that bears this identifier, code or title."""
        dossier = said.rpartition(".")[0]
        summaries = self._catalogue.find(dossier) if dossier else ()
        near = [self._catalogue.aip(each.aip_id, each.place) for each in summaries]
        candidates = [facts for facts in near if facts is not None]
        candidates += self._searched(said, fonds)
        found = {}
        for facts in candidates:
            for document in facts.documents:
                if facts.fonds == fonds and document.files and _bears(document, said):
                    found[facts.aip_id, document.files[0]] = (facts, document)
        if len(found) != 1:
            return None
        ((facts, document),) = found.values()
        path = document.files[0]
        size = next((f.size_bytes for f in facts.files if f.logical_path == path), None)
        if size is None or not path.startswith(DATA):
            return None
        return LinkedRecord(facts.aip_id, fonds, path, size, document.code or said)

    def _searched(self, text: str, fonds: str) -> list[AipFacts]:
        page = self._catalogue.search(text, limit=_CANDIDATES, fonds=fonds or None)
        found = [self._catalogue.aip(each.aip_id, each.place) for each in page.rows]
        return [facts for facts in found if facts is not None]


def _held(summary: AipSummary) -> Held:
    accepted = summary.place is Place.ARCHIVE
    return Held(summary.aip_id, "", "", summary.title, accepted=accepted)


def _bears(document: Document, said: str) -> bool:
    names = (document.code, document.title, document.fields.get("docId", ""))
    return nfc(said) in {nfc(name) for name in names if name}
