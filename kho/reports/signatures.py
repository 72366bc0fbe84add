"""What the signatures of one dossier prove, in plain words: what was signed, by whom, when.

The newest verdict of each file counts: ingest's, or a later one from the ledger. Three facts
stay apart (whole, by whom, when), and what is not proved is said in the same breath.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kho.reports.heading import Report, heading_of
from kho.reports.sheet import Cell, Sheet, Table
from repository.aip.paths import DATA
from repository.archive import Repository
from repository.facts import AipFacts, SignatureFacts
from schemas.nouns import SignatureResult
from schemas.records import Record
from schemas.text import Language, say


class SignatureTold(Record, frozen=True, kw_only=True):
    """One signature. ``integrity``, ``trust`` and ``time`` are the three facts; ``judged_at``
    is the moment of the verdict, ``judged_as_of`` the moment it is about."""

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
    not_checked: str


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
    later = {each.verdict.path: each for each in archive.catalogue.verdicts(facts.aip_id)}
    first = {
        file.logical_path: file.signature_decision
        for file in facts.files
        if file.signature_decision not in ("", "none")
    }
    by_file: dict[str, list[SignatureFacts]] = {}
    for each in facts.signatures:
        by_file.setdefault(each.logical_path, []).append(each)
    for path in sorted(by_file, key=lambda path: _order(path, facts)):
        document = documents.get(path)
        shared = {
            "document": document.code if document else "",
            "title": document.title if document else "",
            "file": path.removeprefix(DATA),
        }
        newest = later.get(path)
        if newest is None:
            yield from (_at_ingest(each, first, facts, shared) for each in by_file[path])
            continue
        for result in newest.verdict.signatures:
            yield _later(result, newest.verdict.decision, newest.moment, shared)


def _order(path: str, facts: AipFacts) -> tuple[int, str]:
    for place, document in enumerate(facts.documents):
        if path in document.files:
            return place, path
    return len(facts.documents), path


def _at_ingest(
    each: SignatureFacts, decisions: Mapping[str, str], facts: AipFacts, shared: dict[str, str]
) -> SignatureTold:
    return SignatureTold(
        **shared,
        signer=each.signer,
        organisation=each.organisation,
        issuer=each.issuer,
        signed_at=each.signed_at,
        integrity=each.integrity,
        trust=each.trust,
        time=each.time,
        indication="/".join(filter(None, (each.indication, each.sub_indication))),
        decision=decisions.get(each.logical_path, ""),
        judged_at=facts.created,
        not_checked=each.not_checked,
    )


def _later(
    result: SignatureResult, decision: str, moment: str, shared: dict[str, str]
) -> SignatureTold:
    return SignatureTold(
        **shared,
        signer=result.signer,
        organisation=result.organisation,
        issuer=result.issuer,
        signed_at=result.signed_at,
        integrity=result.integrity,
        trust=result.trust,
        time=result.time,
        indication="/".join(filter(None, (result.indication, result.sub_indication))),
        decision=decision,
        judged_at=moment,
        not_checked="",
    )


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
    columns = ("DOCUMENT", "FILE", "WHO", "WHEN", "PROVED", "OPEN", "DECISION", "JUDGED")
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
                tuple(t(f"HEAD-{name}") for name in columns),
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
        say(f"CLI-DECISION-{each.decision.upper()}", lang) if each.decision else None,
        each.judged_at,
    )


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
