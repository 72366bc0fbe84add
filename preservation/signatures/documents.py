"""The signatures of a dossier seen from its documents: who signed what, in which order.

Pure values for whoever has to say what a document's signatures amount to: rules by type and
date, and the report that people read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from schemas.nouns import Document, SignatureReport, SignatureResult

TYPE_FIELD = "typeName"
"""What kind of document it is, by the circular's code (*tên loại văn bản*). Kinds of pictures
and of media have fields and codes of their own, which mean other things."""

_STAMPS = frozenset({"pdf-timestamp", "timestamp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """One signature of one file. ``person`` and ``organisation`` are as the certificate
    states them; ``signed_at`` is claimed, ``proven_at`` proved, both RFC 3339 or empty.

    ``position`` counts a file's signatures in the order in which they were made, from 1.
    """

    path: str
    position: int
    person: str
    organisation: str
    issuer: str
    anchor: str
    signed_at: str
    proven_at: str
    result: SignatureResult


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedDocument:
    """One document with all signatures of its files, time stamps apart. ``date`` is EDTF."""

    document: Document | None
    """None for files that no document of the dossier claims."""
    code: str
    type: str
    title: str
    date: str
    files: tuple[str, ...]
    signings: tuple[Signing, ...]
    stamps: tuple[Signing, ...]
    reports: Mapping[str, SignatureReport]
    """By path; a file without any signature has one too, if it was looked at."""


def signed_documents(
    documents: Iterable[Document], reports: Mapping[str, SignatureReport]
) -> tuple[SignedDocument, ...]:
    """Every document in the dossier's order, then the signed files that belong to none."""
    told = []
    claimed: set[str] = set()
    for document in documents:
        claimed.update(document.files)
        kind = document.fields.get(TYPE_FIELD, "")
        told.append(_told(document, kind, document.files, reports))
    loose = [
        path
        for path in sorted(reports)
        if path not in claimed and reports[path].decision != "none"
    ]
    told += [_told(None, "", (path,), reports) for path in loose]
    return tuple(told)


def _told(
    document: Document | None,
    kind: str,
    files: tuple[str, ...],
    reports: Mapping[str, SignatureReport],
) -> SignedDocument:
    signings = [signing for path in files for signing in _signings(path, reports.get(path))]
    return SignedDocument(
        document=document,
        code=document.code if document else "",
        type=kind,
        title=document.title if document else "",
        date=document.date if document else "",
        files=files,
        signings=tuple(s for s in signings if s.result.kind not in _STAMPS),
        stamps=tuple(s for s in signings if s.result.kind in _STAMPS),
        reports={path: reports[path] for path in files if path in reports},
    )


def _signings(path: str, report: SignatureReport | None) -> Iterator[Signing]:
    made = sorted(report.signatures if report else (), key=lambda result: result.revision)
    for position, result in enumerate(made, start=1):
        yield Signing(
            path=path,
            position=position,
            person=result.signer,
            organisation=result.organisation,
            issuer=result.issuer,
            anchor=result.anchor,
            signed_at=result.signed_at,
            proven_at=result.proven_at,
            result=result,
        )
