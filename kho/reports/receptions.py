"""The reception log (*sổ tiếp nhận*): what came, from whom, and what has become of it since.

The ten fields are those of the reception record of Circular 05/2025/TT-BNV, article 23.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kho.reports.heading import Report, heading_of
from kho.reports.incidents import Period
from kho.reports.sheet import Sheet
from kho.reports.tabling import table_of
from repository.administrative import FONDS
from repository.archive import Repository
from schemas.ids import AipId
from schemas.nouns import Place
from schemas.records import Receipt, Record
from schemas.text import Language, say

DELIVERY = "delivery"
"""The kind of the journal line that ``ingest.delivery`` writes."""
COLUMNS = (
    "received", "registration", "submitter_code", "submitter", "ordinal", "packages",
    "registered", "approved", "loaded", "bytes",
)  # fmt: skip


class Reception(Record, frozen=True, kw_only=True):
    """One delivery of one submitter. ``received`` is the moment when it began to come.

    ``ordinal`` counts the submitter's deliveries. ``registered`` are the dossiers of the list
    that came with it, None without one; ``loaded`` those that the archive keeps now, in the
    archive or in the holding area, ``approved`` those of them that are in the archive.
    """

    registration: str
    submitter_code: str
    submitter: str
    packages: int
    registered: int | None
    approved: int
    loaded: int
    bytes: int
    ordinal: int
    received: str


class ReceptionsReport(Report, frozen=True, kw_only=True):
    """What ``kho report receptions --json`` prints: the oldest first."""

    first: str
    last: str
    receptions: tuple[Reception, ...]


@dataclass(frozen=True, slots=True)
class _Delivery:
    """A delivery as its line in the journal has it; ``number`` counts these lines."""

    number: int
    began: str
    registered: int | None


@dataclass(slots=True)
class _Coming:
    """One delivery of one submitter, as its receipts tell it."""

    delivery: _Delivery
    receipt: Receipt
    packages: int = 0
    size_bytes: int = 0
    aips: set[AipId] = field(default_factory=set)

    @property
    def submitter(self) -> str:
        """Whom deliveries are counted for."""
        return self.receipt.submitter_code or self.receipt.submitter


def receptions_report(archive: Repository, period: Period) -> ReceptionsReport:
    """Every delivery of the period with what became of it up to now."""
    return ReceptionsReport(
        heading=heading_of(archive),
        first=period.first.isoformat() if period.first else "",
        last=period.last.isoformat() if period.last else "",
        receptions=tuple(
            each for each in _receptions(archive) if period.holds(each.received)
        ),
    )  # fmt: skip


def receptions_sheet(report: ReceptionsReport, lang: Language) -> Sheet:
    """The log, to read, to print and to sign."""

    def t(code: str) -> str:
        return say(f"REPORT-RECEPTIONS-{code}", lang)

    return Sheet(
        title=t("TITLE"),
        facts=(
            (t("COUNT"), str(len(report.receptions))),
            (t("PACKAGES"), str(sum(each.packages for each in report.receptions))),
            (t("APPROVED"), str(sum(each.approved for each in report.receptions))),
        ),
        notes=(*report.heading.notes(lang), t("NOTE-FIELDS")),
        tables=(table_of("receptions", t("TABLE"), COLUMNS, report.receptions, lang),),
        signers=(t("SIGNER-GIVES"), t("SIGNER-TAKES")),
    )


def _receptions(archive: Repository) -> Iterator[Reception]:
    stored = [(summary.aip_id, summary.place) for summary in archive.catalogue.aips()]
    approved = {aip_id for aip_id, place in stored if place is Place.ARCHIVE}
    decided = archive.catalogue.decided_holdings()
    loaded = approved | {aip_id for aip_id, _place in stored if aip_id not in decided}
    comings = sorted(_comings(archive), key=lambda coming: coming.delivery.began)
    submitters = Counter(coming.delivery for coming in comings)
    earlier: Counter[str] = Counter()
    for coming in comings:
        earlier[coming.submitter] += 1
        alone = submitters[coming.delivery] == 1
        yield Reception(
            registration=coming.receipt.registration,
            submitter_code=coming.receipt.submitter_code,
            submitter=coming.receipt.submitter,
            packages=coming.packages,
            registered=coming.delivery.registered if alone else None,
            approved=len(coming.aips & approved),
            loaded=len(coming.aips & loaded),
            bytes=coming.size_bytes,
            ordinal=earlier[coming.submitter],
            received=coming.delivery.began,
        )


def _comings(archive: Repository) -> Iterable[_Coming]:
    """Receipts by delivery, submitter and registration.

    A receipt that no delivery names (its command was cut off) is a delivery of its own. One
    that was given again for the same content is of both deliveries, a dossier of the first.
    """
    first, again = _deliveries(archive)
    comings: dict[tuple[object, ...], _Coming] = {}
    for receipt in archive.catalogue.receipts():
        if receipt.fonds == FONDS:
            continue  # nobody handed it in
        alone = _Delivery(-1, receipt.received, None)
        came = first.get(receipt.receipt_id, alone)
        # A receipt with a ruling answers what had come before.
        whole = () if receipt.ruling is not None else (came,)
        for delivery in (*whole, *again.get(receipt.receipt_id, ())):
            which = delivery.number if delivery is not alone else receipt.receipt_id
            key = (which, receipt.submitter_code, receipt.submitter, receipt.registration)
            coming = comings.setdefault(key, _Coming(delivery, receipt))
            coming.packages += 1
            coming.size_bytes += receipt.bytes
            if receipt.aip_id and delivery is came:
                coming.aips.add(AipId(receipt.aip_id))
    return comings.values()


def _deliveries(
    archive: Repository,
) -> tuple[dict[str, _Delivery], dict[str, list[_Delivery]]]:
    """In which delivery each receipt was given, and in which it was given again."""
    first: dict[str, _Delivery] = {}
    again: dict[str, list[_Delivery]] = {}
    for number, line in enumerate(archive.catalogue.ledger_lines(kind=DELIVERY)):
        delivery = _Delivery(number, line.body["began"], line.body["registered"])
        for receipt_id in line.body["receipts"]:
            if first.setdefault(receipt_id, delivery) is not delivery:
                again.setdefault(receipt_id, []).append(delivery)
        for receipt_id in line.body["again"]:
            again.setdefault(receipt_id, []).append(delivery)
    return first, again
