"""Which signatures a document must carry, by its kind and date; each rule and its exceptions."""

from __future__ import annotations

import pytest

from preservation.signatures.documents import SignedDocument, signed_documents
from preservation.signatures.expected import document_findings
from preservation.signatures.verdict import load_policy
from schemas.findings import Finding
from schemas.nouns import Document, SignatureReport, SignatureResult

PATH = "representations/rep1/data/1.pdf"
ORGAN = ("Ủy ban nhân dân thành phố", "Ủy ban nhân dân thành phố")
LEADER = ("Nguyễn Văn An", "Ủy ban nhân dân thành phố")
BORN_DIGITAL, DIGITISED = {"confidenceLevel": "01"}, {"confidenceLevel": "02"}


def signed(
    *signers: tuple[str, str],
    title: str = "Quyết định về việc thu hồi đất",
    kind: str = "02",
    date: str = "2026-06-10",
    fields: dict[str, str] = BORN_DIGITAL,
    signed_at: str = "2026-06-10T03:00:00Z",
    appearance: str = "",
) -> SignedDocument:
    """A document of one file, signed by these (person, organisation), one after the other."""
    results = tuple(
        SignatureResult(
            field=f"Signature{number}",
            indication="TOTAL-PASSED",
            kind="pdf",
            signer=person,
            organisation=organisation,
            signed_at=signed_at,
            revision=number,
            appearance=appearance,
        )
        for number, (person, organisation) in enumerate(signers)
    )
    document = Document("12/QĐ-UBND", title, date, {"typeName": kind, **fields}, files=(PATH,))
    report = SignatureReport("accept" if results else "none", results)
    return signed_documents([document], {PATH: report})[0]


def told(*documents: SignedDocument) -> list[Finding]:
    return list(document_findings(documents, load_policy().table.documents))


def codes(document: SignedDocument) -> list[tuple[str, str]]:
    return [(finding.code, str(finding.severity)) for finding in told(document)]


def test_what_leader_and_organ_signed_in_this_order_needs_nothing_more() -> None:
    assert told(signed(LEADER, ORGAN)) == []


def test_the_organ_signs_after_the_leader() -> None:
    assert codes(signed(ORGAN, LEADER)) == [("SIG-DOC-ORDER", "warning")]


def test_each_of_the_two_is_missed() -> None:
    assert codes(signed(LEADER)) == [("SIG-DOC-NO-ORGAN", "warning")]
    assert codes(signed(ORGAN)) == [("SIG-DOC-NO-LEADER", "warning")]


@pytest.mark.parametrize("title", ["SAO Y Quyết định 12", "Sao lục văn bản", "TRÍCH SAO biên bản"])
def test_a_certified_copy_has_the_organs_signature_alone(title: str) -> None:
    assert told(signed(ORGAN, title=title)) == []
    assert codes(signed(LEADER, title=title)) == [("SIG-DOC-NO-ORGAN", "warning")]


def test_digitised_paper_is_signed_by_the_organ_if_by_anybody() -> None:
    assert told(signed(ORGAN, fields=DIGITISED, date="1999-01-01")) == []
    assert codes(signed(fields=DIGITISED, date="1999-01-01")) == [("SIG-DOC-UNSIGNED", "info")]


def test_what_was_issued_electronically_without_a_signature_is_told() -> None:
    (finding,) = told(signed())
    assert (finding.code, finding.where) == ("SIG-DOC-UNSIGNED", PATH)
    assert finding.fields == {"document": "12/QĐ-UBND", "rule": "issued"}


def test_documents_from_before_the_decree_are_not_held_against_it() -> None:
    assert told(signed(date="2020-03-04")) == []
    assert codes(signed(date="2020-03-05")) == [("SIG-DOC-UNSIGNED", "warning")]
    assert codes(signed(date="05/03/2020")) == [("SIG-DOC-UNSIGNED", "warning")]
    assert told(signed(date="03/2020")) == []


def test_the_code_of_a_picture_is_not_taken_for_that_of_a_document() -> None:
    assert told(signed(kind="", fields={**BORN_DIGITAL, "typePic": "02"})) == []
    assert told(signed(kind="", fields={**BORN_DIGITAL, "typeMedia": "01"})) == []


def test_kinds_and_dates_that_no_rule_names_are_not_judged() -> None:
    assert told(signed(kind="30")) == []
    assert told(signed(date="")) == []
    assert told(signed(fields={})) == []


HINT = [("SIG-DOC-APPEARANCE", "info")]


@pytest.mark.parametrize(
    ("appearance", "expected"),
    [("1/top-right", []), ("", []), ("1/top-left", HINT), ("later", HINT), ("invisible", HINT)],
)
def test_a_digitised_document_shows_the_organs_signature_at_the_top_right(
    appearance: str, expected: list[tuple[str, str]]
) -> None:
    assert codes(signed(ORGAN, fields=DIGITISED, appearance=appearance)) == expected
    assert codes(signed(ORGAN, title="Sao y", appearance=appearance)) == expected


def test_what_was_issued_electronically_shows_the_organs_signature_anywhere() -> None:
    assert codes(signed(LEADER, ORGAN, appearance="1/bottom-middle")) == []
    (hint,) = told(signed(LEADER, ORGAN, appearance="invisible"))
    assert hint.fields["signer"] == ORGAN[0]
    assert (hint.fields["found"], hint.fields["wanted"]) == ("invisible", "visible")


def test_a_file_that_could_not_be_examined_is_not_called_unsigned() -> None:
    document = Document("1", "Quyết định", "2026-06-10", {"typeName": "02", **BORN_DIGITAL})
    unread = SignatureReport("hold", findings=("SIG-UNVERIFIABLE",))
    seen = signed_documents(
        [Document(document.code, document.title, document.date, document.fields, files=(PATH,))],
        {PATH: unread},
    )
    assert told(*seen) == []


def test_a_day_is_the_day_in_vietnam() -> None:
    late = "2026-06-09T18:00:00Z"  # one in the morning of the tenth, in Hanoi
    assert told(signed(LEADER, ORGAN, signed_at=late)) == []
    before = "2026-06-09T16:59:59Z"
    assert [finding.code for finding in told(signed(LEADER, ORGAN, signed_at=before))] == [
        "SIG-DOC-BEFORE-DATE"
    ] * 2


def test_a_time_without_a_zone_is_told_and_not_compared() -> None:
    found = told(signed(LEADER, ORGAN, signed_at="2026-06-01T08:00:00"))
    assert [finding.code for finding in found] == ["SIG-DOC-NO-ZONE"] * 2


def test_a_person_of_an_organ_is_not_the_organ() -> None:
    an_office = ("VĂN PHÒNG UBND tỉnh", "Tỉnh X")
    assert told(signed(LEADER, an_office)) == []
    assert codes(signed(LEADER, ("Bùi Thị Sở", "Sở Nội vụ"))) == [("SIG-DOC-NO-ORGAN", "warning")]


@pytest.mark.parametrize("name", ["Vũ Văn Bình", "Trương Thị Hoa", "Đoàn Văn Hậu", "VU VAN BINH"])
def test_a_family_name_is_not_taken_for_an_office(name: str) -> None:
    assert told(signed((name, "Sở Nội vụ"), ORGAN)) == []


@pytest.mark.parametrize("name", ["Uỷ ban nhân dân xã A", "UBND XA A", "UY BAN NHAN DAN XA A"])
def test_an_office_is_known_however_it_spells_its_name(name: str) -> None:
    assert told(signed(LEADER, (name, ""))) == []
