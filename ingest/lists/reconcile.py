"""What was received against the submitted list (*mục lục hồ sơ nộp lưu*), side by side.

Dossiers are matched by code, as NFC text. The journal keeps which differ and in what, not the
texts themselves: it goes to every replica.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.lists.mapping import specs
from ingest.lists.reading import Listed, ListedDossier
from ingest.lists.values import value_of
from repository.discretion import WITHHELD
from repository.facts import AipFacts
from schemas.nouns import Access
from schemas.records import Record

_DATES = {"startDate": "date_from", "endDate": "date_to"}
_COUNTS = ("totalDoc", "numberOfPage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One dossier as it came; ``outcome`` is the receipt's."""

    code: str
    title: str
    outcome: str
    aip_id: str = ""
    start: str = ""
    end: str = ""
    documents: int | None = None
    pages: str = ""
    secret: bool = False


class Difference(Record, frozen=True, kw_only=True):
    """One thing that list and reception do not share.

    ``kind``: ``missing`` (listed, not received), ``extra`` (received, not listed),
    ``rejected``, or what is told apart: ``title``, ``startDate``, ``endDate``, ``totalDoc``,
    ``numberOfPage``. ``where`` is the list's cell.
    """

    dossier_code: str
    kind: str
    listed: str = ""
    received: str = ""
    where: str = ""
    aip_id: str = ""


class Reconciliation(Record, frozen=True, kw_only=True):
    """A list held against what was received; ``agreed`` dossiers are alike in everything."""

    format: str = "kho.reconciliation/1"
    list_name: str
    list_sha256: str
    listed: int
    received: int
    agreed: int
    differences: tuple[Difference, ...]


def received_as(facts: AipFacts, outcome: str) -> Received:
    """A dossier that the archive keeps, as it is compared."""
    return Received(
        code=facts.dossier_code,
        title=facts.title,
        outcome=outcome,
        aip_id=facts.aip_id,
        start=facts.date_from,
        end=facts.date_to,
        documents=len(facts.documents) or None,
        pages=facts.fields.get("numberOfPage", ""),
        secret=facts.access is Access.SECRET,
    )


def reconcile(listing: Path, listed: Listed, received: Iterable[Received]) -> Reconciliation:
    """The list against what was received. A code that came several times is compared once each;
    what has no code is like nothing else that has none."""
    by_code: dict[str, list[Received]] = {}
    for each in received:
        by_code.setdefault(_nfc(each.code), []).append(each)
    differences: list[Difference] = []
    agreed = 0
    for dossier in listed.dossiers:
        came = by_code.pop(code, []) if (code := _nfc(dossier.code)) else []
        found = list(_compared(dossier, came))
        differences += found
        agreed += not found
    for rest in by_code.values():
        differences += (
            Difference(
                dossier_code=each.code, kind="extra", received=each.title, aip_id=each.aip_id
            )
            for each in rest
        )
    return Reconciliation(
        list_name=listing.name,
        list_sha256=_sha256(listing),
        listed=len(listed.dossiers),
        received=sum(map(len, by_code.values())) + _matched(listed, differences),
        agreed=agreed,
        differences=tuple(differences),
    )


def _matched(listed: Listed, differences: list[Difference]) -> int:
    missing = sum(each.kind == "missing" for each in differences)
    return len(listed.dossiers) - missing


def _compared(dossier: ListedDossier, came: list[Received]) -> Iterator[Difference]:
    if not came:
        yield Difference(
            dossier_code=dossier.code,
            kind="missing",
            listed=dossier.text("title"),
            where=dossier.place("fileCode"),
        )
    for each in came:
        if each.outcome == "rejected":
            yield _difference(dossier, each, "rejected", "fileCode", dossier.text("title"), "")
            continue
        yield from _told_apart(dossier, each)


def _told_apart(dossier: ListedDossier, each: Received) -> Iterator[Difference]:
    title = dossier.text("title")
    if title and _alike(title) != _alike(each.title):
        yield _difference(dossier, each, "title", "title", title, each.title)
    received = {"startDate": each.start, "endDate": each.end, "numberOfPage": each.pages}
    received["totalDoc"] = "" if each.documents is None else str(each.documents)
    for key in (*_DATES, *_COUNTS):
        said = _value(dossier, key)
        if said and received[key] and said != received[key]:
            yield _difference(dossier, each, key, key, said, received[key])


def _value(dossier: ListedDossier, key: str) -> str:
    """What the list says, in the circular's form; documents are counted where it lists them."""
    cell = dossier.cells.get(key)
    if cell is None:
        return str(len(dossier.documents) or "") if key == "totalDoc" else ""
    return value_of(specs("dossier")[key], cell).text


def _difference(
    dossier: ListedDossier, each: Received, kind: str, key: str, listed: str, received: str
) -> Difference:
    return Difference(
        dossier_code=dossier.code,
        kind=kind,
        listed=listed,
        received=received,
        where=dossier.place(key),
        aip_id=each.aip_id,
    )


def journal_body(
    found: Reconciliation, secret: Iterable[str], moment: str, by: str
) -> dict[str, Any]:
    """What the journal keeps: which dossiers differ in what; codes of secret ones withheld."""
    withheld = {_nfc(code) for code in secret}
    return {
        "format": found.format,
        "moment": moment,
        "by": by,
        "list_sha256": found.list_sha256,
        "listed": found.listed,
        "received": found.received,
        "agreed": found.agreed,
        "differences": [
            {
                "dossier_code": WITHHELD if _nfc(d.dossier_code) in withheld else d.dossier_code,
                "kind": d.kind,
                "aip_id": d.aip_id,
            }
            for d in found.differences
        ],
    }


def listed_codes(listed: Listed) -> frozenset[str]:
    """The codes of the list, as rules compare them."""
    return frozenset(_nfc(dossier.code) for dossier in listed.dossiers if dossier.code)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _alike(text: str) -> str:
    return " ".join(_nfc(text).casefold().split())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
