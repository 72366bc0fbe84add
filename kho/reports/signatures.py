"""What the signatures of one dossier prove, in plain words: what was signed, by whom, when.

The newest verdict of each file counts: ingest's, or a later one from the ledger; that there
are older ones is said beside it. Three facts stay apart (whole, by whom, when), and what is not
proved is said in the same breath.
"""

from __future__ import annotations

from collections.abc import Iterator

from kho.reports.heading import Report, heading_of
from kho.reports.sheet import Cell, Sheet, Table
from repository.aip.paths import DATA
from repository.aip.verdicts import signature_facts
from repository.archive import Repository
from repository.catalogue import LaterVerdict
from repository.facts import AipFacts, SignatureFacts
from schemas.records import Record
from schemas.text import Language, say


class EarlierVerdict(Record, frozen=True, kw_only=True):
    """What was decided of a file before, and when."""

    decision: str
    judged_at: str


class SignatureTold(Record, frozen=True, kw_only=True):
    """One signature. ``integrity``, ``trust`` and ``time`` are the three facts; ``judged_at``
    is the moment of the verdict, ``as_of`` the moment it is about (empty at ingest, which judges
    what it has before it). ``earlier`` are the file's older verdicts, ingest's first."""

    document: str
    title: str
    file: str
    signer: str
    organisation: str
    issuer: str
    signed_at: str
    integrity: str
    trust: str
    time: str
    indication: str
    decision: str
    judged_at: str
    as_of: str
    not_checked: str
    earlier: tuple[EarlierVerdict, ...] = ()


class SignaturesReport(Report, frozen=True, kw_only=True):
    """What ``kho report signatures --json`` prints. ``unsigned`` counts data files that carry
    no signature."""

    aip_id: str
    dossier_code: str
    title: str
    files: int
    unsigned: int
    signatures: tuple[SignatureTold, ...]


def signatures_report(archive: Repository, facts: AipFacts) -> SignaturesReport:
    """Every signature of the dossier, by document and file."""
    told = tuple(_told(archive, facts))
    return SignaturesReport(
        heading=heading_of(archive),
        aip_id=facts.aip_id,
        dossier_code=facts.dossier_code,
        title=facts.title,
        files=facts.data_files,
        unsigned=facts.data_files - len({each.file for each in told}),
        signatures=told,
    )


def _told(archive: Repository, facts: AipFacts) -> Iterator[SignatureTold]:
    documents = {path: each for each in facts.documents for path in each.files}
    first = {file.logical_path: file.signature_decision for file in facts.files}
    later: dict[str, list[LaterVerdict]] = {}
    for verdict in archive.catalogue.verdicts(facts.aip_id):
        later.setdefault(verdict.verdict.path, []).append(verdict)
    by_file: dict[str, list[SignatureFacts]] = {}
    for each in facts.signatures:
        by_file.setdefault(each.logical_path, []).append(each)
    for path in sorted(by_file, key=lambda path: _order(path, facts)):
        document = documents.get(path)
        verdicts = [EarlierVerdict(decision=first.get(path, ""), judged_at=facts.created)]
        verdicts += (_in_short(each) for each in later.get(path, ()))
        newest = later[path][-1].verdict if path in later else None
        # A verdict that finds no signature any more still tells of those that ingest found.
        rows = tuple(signature_facts(newest)) if newest else ()
        for row in rows or by_file[path]:
            yield SignatureTold(
                document=document.code if document else "",
                title=document.title if document else "",
                file=path.removeprefix(DATA),
                signer=row.signer,
                organisation=row.organisation,
                issuer=row.issuer,
                signed_at=row.signed_at,
                integrity=row.integrity,
                trust=row.trust,
                time=row.time,
                indication="/".join(filter(None, (row.indication, row.sub_indication))),
                decision=verdicts[-1].decision,
                judged_at=verdicts[-1].judged_at,
                as_of=newest.basis.moment if newest and newest.basis else "",
                not_checked=row.not_checked,
                earlier=tuple(verdicts[:-1]),
            )


def _in_short(later: LaterVerdict) -> EarlierVerdict:
    return EarlierVerdict(decision=later.verdict.decision, judged_at=later.moment)


def _order(path: str, facts: AipFacts) -> tuple[int, str]:
    for place, document in enumerate(facts.documents):
        if path in document.files:
            return place, path
    return len(facts.documents), path


_COLUMNS = ("DOCUMENT", "FILE", "WHO", "WHEN", "PROVED", "OPEN", "DECISION", "JUDGED", "EARLIER")


def signatures_sheet(report: SignaturesReport, lang: Language) -> Sheet:
    """The report to read."""

    def t(code: str, **fields: str | int) -> str:
        return say(f"REPORT-SIGNATURES-{code}", lang, **fields)

    notes = list(report.heading.notes(lang))
    if not report.signatures:
        notes.append(t("NOTE-NONE"))
    elif report.unsigned:
        notes.append(t("NOTE-UNSIGNED", unsigned=report.unsigned, files=report.files))
    if any(each.not_checked for each in report.signatures):
        notes.append(t("NOTE-NOT-CHECKED"))
    if again := len({each.file for each in report.signatures if each.earlier}):
        notes.append(t("NOTE-AGAIN", files=again))
    return Sheet(
        title=t("TITLE"),
        facts=(
            (t("DOSSIER"), f"{report.dossier_code} {report.title}".strip()),
            (t("AIP"), report.aip_id),
            (t("COUNT"), str(len(report.signatures))),
        ),
        notes=(*notes, t("NOTE-MEANING")),
        tables=(
            Table(
                "signatures",
                t("TABLE"),
                tuple(t(f"HEAD-{name}") for name in _COLUMNS),
                tuple(_row(each, lang) for each in report.signatures),
            ),
        ),
    )


def _row(each: SignatureTold, lang: Language) -> tuple[Cell, ...]:
    proved, open_ = _facts(each, lang)
    who = ", ".join(dict.fromkeys(filter(None, (each.signer, each.organisation))))
    return (
        " – ".join(filter(None, (each.document, each.title))) or None,
        each.file,
        who or None,
        each.signed_at or None,
        "; ".join(proved) or None,
        "; ".join(open_) or None,
        _decision(each.decision, lang) or None,
        each.judged_at,
        "; ".join(f"{_decision(one.decision, lang)} ({one.judged_at})" for one in each.earlier)
        or None,
    )


def _decision(decision: str, lang: Language) -> str:
    return say(f"CLI-DECISION-{decision.upper()}", lang) if decision else ""


_PROVED = {
    "integrity": ("intact",),
    "trust": ("trusted",),
    "time": ("proven",),
}


def _facts(each: SignatureTold, lang: Language) -> tuple[list[str], list[str]]:
    """What is proved of a signature and what is not, in sentences."""
    proved: list[str] = []
    open_: list[str] = []
    if each.not_checked:
        return [], [say("REPORT-SIGNATURES-NOT-EXAMINED", lang, reason=each.not_checked)]
    for name, good in _PROVED.items():
        value = getattr(each, name) or "unknown"
        code = f"REPORT-SIGNATURES-{name}-{value}".upper().replace("_", "-")
        (proved if value in good else open_).append(say(code, lang))
    return proved, open_
