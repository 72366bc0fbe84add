"""A delivery: the sources of one command, each list split into its dossiers, and what came of it
held against the submitted list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.desk import Desk
from ingest.lists.mapping import load_columns, shipped_columns
from ingest.lists.reading import Listed, read_list
from ingest.lists.reconcile import (
    Received,
    Reconciliation,
    journal_body,
    listed_codes,
    received_as,
    reconcile,
)
from ingest.parts import Part, parts_of
from ingest.pipeline import ingest
from preservation.formats.sheets.reading import ENDINGS, sheet_reader
from repository.archive import Repository
from schemas.errors import PackageError
from schemas.findings import Finding
from schemas.ids import AipId
from schemas.moments import format_moment
from schemas.nouns import Outcome, Place
from schemas.records import Receipt

PARTY = "hd40"


class ListUnusable(PackageError):
    """A list cannot be read; ``findings`` say why, cell by cell."""

    code = "LIST-UNUSABLE"
    exit_code = 3

    def __init__(self, where: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(where=where, count=len(findings))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Consignment:
    """One submission of a delivery: a package, or one dossier of a list."""

    source: Path
    profile: str
    part: Part | None = None


def is_list(source: Path) -> bool:
    """Whether a source is a list of dossiers, not a package."""
    return source.suffix.lower() in ENDINGS and source.is_file()


class Delivery:
    """Receives the submissions of one command in turn."""

    def __init__(self, desk: Desk, *, submitted: Path | None = None) -> None:
        """:class:`ListUnusable` when the ``submitted`` list cannot be read."""
        self._desk = desk
        self._began = format_moment(desk.archive.now())
        self._arrived: dict[str, str] = {}
        self._submitted = submitted
        self._listed: Listed | None = None
        if submitted is not None:
            self._listed = self._read(submitted, party=False)
            self._desk = replace(desk, transfer_list=listed_codes(self._listed))

    def consignments(self, sources: Iterable[Path], profile: str) -> Iterator[Consignment]:
        """The submissions; a list is read when its turn comes. :class:`ListUnusable`."""
        for source in sources:
            if not is_list(source):
                yield Consignment(source, profile)
                continue
            chosen = PARTY if profile == "auto" else profile
            listed = self._read(source, party=True)
            for part in parts_of(source, listed):
                yield Consignment(part.source, chosen, part)

    def receive(self, one: Consignment, fonds: str) -> Receipt:
        """One submission through the pipeline."""
        return ingest(
            one.source,
            self._desk,
            profile=one.profile,
            fonds=fonds,
            arrived=self._arrived,
            part=one.part,
        )

    def reconciled(self, receipts: Iterable[Receipt]) -> Reconciliation | None:
        """The submitted list against the receipts, recorded; None without a list."""
        if self._listed is None or self._submitted is None:
            return None
        archive = self._desk.archive
        received = [received_by(archive, receipt) for receipt in receipts]
        by = self._desk.operator.name
        return recorded(archive, self._submitted, self._listed, received, by)

    def record(self, receipts: Sequence[Receipt]) -> None:
        """The journal says which receipts came of this delivery, whatever ended it; nothing
        for a delivery that gave none."""
        if not receipts:
            return
        duplicate = Outcome.DUPLICATE.value
        body: dict[str, object] = {
            "began": self._began,
            "by": self._desk.operator.name,
            "registered": len(self._listed.dossiers) if self._listed is not None else None,
            "receipts": [each.receipt_id for each in receipts if each.outcome != duplicate],
            "again": [each.receipt_id for each in receipts if each.outcome == duplicate],
        }
        self._desk.archive.record_entries([("delivery", body)])

    def _read(self, listing: Path, *, party: bool) -> Listed:
        settings = self._desk.settings
        columns = load_columns(settings.hd40_columns, PARTY) if party else shipped_columns("tt05")
        listed = read_list(sheet_reader(self._desk.pool)(listing), columns, strict=False)
        return usable(listing, listed)


def usable(listing: Path, listed: Listed) -> Listed:
    """The list, when it could be read and says anything. :class:`ListUnusable`."""
    if not listed.usable:
        raise ListUnusable(str(listing), listed.findings)
    return listed


def received_by(archive: Repository, receipt: Receipt) -> Received:
    """What a receipt stands for, with the facts that the catalogue keeps."""
    if receipt.aip_id:
        aip_id = AipId(receipt.aip_id)
        for place in Place:
            facts = archive.catalogue.aip(aip_id, place)
            if facts is not None:
                return received_as(facts, receipt.outcome)
    return Received(code=receipt.dossier_code, title=receipt.title, outcome=receipt.outcome)


def received_of(archive: Repository, listed: Listed, fonds: str) -> Iterator[Received]:
    """What the archive keeps of the listed dossiers, and of the fonds when one is named."""
    summaries = {}
    for dossier in listed.dossiers:
        for summary in archive.catalogue.find(dossier.code) if dossier.code else ():
            if summary.dossier_code == dossier.code and fonds in ("", summary.fonds):
                summaries[summary.aip_id, summary.place] = summary
    if fonds:
        for summary in archive.catalogue.aips(fonds=fonds):
            summaries[summary.aip_id, summary.place] = summary
    for aip_id, place in summaries:
        facts = archive.catalogue.aip(aip_id, place)
        if facts is not None:
            yield received_as(facts, facts.outcome)


def recorded(
    archive: Repository, listing: Path, listed: Listed, received: list[Received], by: str
) -> Reconciliation:
    """The comparison, kept in the journal."""
    found = reconcile(listing, listed, received)
    secret = [each.code for each in received if each.secret]
    body = journal_body(found, secret, format_moment(archive.now()), by)
    archive.record_entries([("reconciliation", body)])
    return found
