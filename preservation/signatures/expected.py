"""Vietnamese rules: which signatures a document must carry, in which order, and when made.

Leader, then organ, on what was issued electronically; the organ alone on certified copies and
digitised paper (Decree 30/2020/ND-CP). Which documents, from which day, and how much a breach
weighs is the policy's (``policy.toml``, *documents*). Where a PDF shows the organ's signature
is a hint; what the picture says is not looked at.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime

from preservation.signatures.documents import SignedDocument, Signing
from preservation.signatures.verdict import SEVERITIES, DocumentRule, DocumentTable
from schemas.findings import Finding, Severity
from schemas.moments import parse_moment
from schemas.nouns import Document

VISIBLE = "visible"
"""For :attr:`DocumentRule.shown`: anywhere."""
INVISIBLE = "invisible"
ORIGIN_FIELD = "confidenceLevel"
"""Whether a document is born digital (01), digitised (02) or both (03)."""


def document_findings(
    documents: Iterable[SignedDocument], table: DocumentTable
) -> Iterator[Finding]:
    """What an officer must know of each document's signatures, at the document's first file."""
    for signed in documents:
        if signed.document is None:
            continue
        rule = rule_for(signed.document, signed.type, table)
        if rule is not None:
            yield from _missing(signed, rule, table)
            yield from _elsewhere(signed, rule, table)
        yield from _times(signed, table)


def rule_for(document: Document, kind: str, table: DocumentTable) -> DocumentRule | None:
    """The first rule that fits; None when there is none."""
    return next((rule for rule in table.rule if _fits(rule, document, kind)), None)


def is_organ(signing: Signing, table: DocumentTable) -> bool:
    """Whether the certificate is an organ's own: it names the organ where a person would be.

    Marks count, for without them the family names Vũ and Trương would be offices (*vụ*,
    *trường*). A name without any marks is an organ's by words of several syllables only.
    """
    name = _written(signing.person)
    if name and name == _written(signing.organisation):
        return True
    words = [_written(word) for word in table.organ_words]
    if name.isascii():
        words = [_plain(word) for word in words if " " in word or word.isascii()]
    return any(name == word or name.startswith(f"{word} ") for word in words)


def _missing(
    signed: SignedDocument, rule: DocumentRule, table: DocumentTable
) -> Iterator[Finding]:
    if not signed.signings:
        # A file that could not be looked into says so itself; it is not called unsigned.
        if all(report.decision == "none" for report in signed.reports.values()):
            yield _finding("SIG-DOC-UNSIGNED", rule.absent, signed, rule)
        return
    made = ["organ" if is_organ(signing, table) else "leader" for signing in signed.signings]
    for signer in rule.signers:
        if signer not in made:
            yield _finding(f"SIG-DOC-NO-{signer.upper()}", rule.missing, signed, rule)
    if rule.signers == ("leader", "organ") and "leader" in made:
        organ = next((n for n, who in enumerate(made) if who == "organ"), None)
        if organ is not None and organ < made.index("leader"):
            yield _finding("SIG-DOC-ORDER", "warn", signed, rule)


def _elsewhere(
    signed: SignedDocument, rule: DocumentRule, table: DocumentTable
) -> Iterator[Finding]:
    """Organ's signatures that a PDF shows elsewhere than it should, or nowhere."""
    for signing in signed.signings:
        found = signing.result.appearance
        if not rule.shown or not found or not is_organ(signing, table):
            continue
        if found == rule.shown or (rule.shown == VISIBLE and found != INVISIBLE):
            continue
        fields = {"document": _named(signed), "rule": rule.name, "wanted": rule.shown}
        fields |= {"signer": signing.person or "?", "found": found}
        yield Finding("SIG-DOC-APPEARANCE", Severity.INFO, signing.path, fields)


def _times(signed: SignedDocument, table: DocumentTable) -> Iterator[Finding]:
    """Signatures before the document's own day, or at a time without a zone."""
    for signing in signed.signings:
        if not signing.signed_at:
            continue
        fields = {"document": _named(signed), "signer": signing.person or "?"}
        moment = _moment(signing.signed_at)
        if moment is None:
            fields["moment"] = signing.signed_at
            yield Finding("SIG-DOC-NO-ZONE", Severity.WARNING, signing.path, fields)
            continue
        issued, day = _day(signed.date), _local_day(moment, table.zone)
        if issued is not None and day < issued:
            fields |= {"signed": day.isoformat(), "issued": issued.isoformat()}
            yield Finding("SIG-DOC-BEFORE-DATE", Severity.WARNING, signing.path, fields)


def _fits(rule: DocumentRule, document: Document, kind: str) -> bool:
    day = _day(document.date)
    if (rule.first_day or rule.last_day) and day is None:
        return False
    if day is not None and not (rule.first_day or date.min) <= day <= (rule.last_day or date.max):
        return False
    title = _plain(document.title)
    return (
        (not rule.types or _plain(kind) in map(_plain, rule.types))
        and (not rule.origins or document.fields.get(ORIGIN_FIELD, "") in rule.origins)
        and (not rule.titles or any(title.startswith(_plain(each)) for each in rule.titles))
    )


def _finding(code: str, decision: str, signed: SignedDocument, rule: DocumentRule) -> Finding:
    fields = {"document": _named(signed), "rule": rule.name}
    where = signed.files[0] if signed.files else ""
    return Finding(code, SEVERITIES[decision], where, fields)


def _named(signed: SignedDocument) -> str:
    return signed.code or signed.title or "?"


def _plain(text: str) -> str:
    """The text without marks and case, for comparing names."""
    bare = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "d"))
    letters = "".join(c for c in bare if not unicodedata.combining(c))
    return " ".join(letters.casefold().split())


def _written(text: str) -> str:
    """The text with its marks, without case, in one spelling of the tone marks."""
    composed = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    for old, new in (("uỷ", "ủy"), ("oà", "òa"), ("uý", "úy")):
        composed = composed.replace(old, new)
    return composed


def _moment(text: str) -> datetime | None:
    """None for a time without a zone: whose clock it was, nobody knows."""
    try:
        return parse_moment(text)
    except ValueError:
        return None


def _local_day(moment: datetime, zone: str) -> date:
    there = datetime.fromisoformat(f"2026-01-01T00:00:00{zone}").tzinfo
    return moment.astimezone(there or UTC).date()


def _day(stated: str) -> date | None:
    """The day, as EDTF (``2026-06-10``) or as the circular writes it (``10/06/2026``); None for
    a month, a year or nothing, which no rule can be held against."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(stated, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
