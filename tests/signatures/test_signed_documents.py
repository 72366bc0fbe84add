"""A dossier's signatures from its documents: in the order made, stamps apart, none lost."""

from __future__ import annotations

from kit.signatures import reported
from kit.signed_pdfs import countersigned_pdf, signed_pdf
from preservation.signatures.documents import signed_documents
from schemas.nouns import Document, SignatureReport


def test_each_document_has_its_signatures_in_the_order_in_which_they_were_made() -> None:
    reports = {
        "data/a.pdf": reported(countersigned_pdf("B-T")),
        "data/b.pdf": reported(signed_pdf("leader", "B-LTA")),
        "data/c.txt": SignatureReport("none"),
        "data/loose.pdf": reported(signed_pdf("organ", "B-B")),
    }
    documents = [
        Document("1", "Quyết định", "2026-06-10", {"typeName": "02"}, files=("data/a.pdf",)),
        Document("2", "Tờ trình", files=("data/b.pdf", "data/c.txt")),
    ]
    decree, request, loose = signed_documents(documents, reports)
    assert [(s.position, s.person) for s in decree.signings] == [(1, "leader"), (2, "organ")]
    assert (decree.type, decree.date, decree.title) == ("02", "2026-06-10", "Quyết định")
    assert decree.signings[0].proven_at == "2026-06-10T03:00:00.000Z"
    assert decree.signings[0].organisation == "Cơ quan thử"
    assert [len(request.signings), len(request.stamps)] == [1, 1]
    assert set(request.reports) == {"data/b.pdf", "data/c.txt"}
    assert (loose.document, loose.signings[0].person) == (None, "organ")
