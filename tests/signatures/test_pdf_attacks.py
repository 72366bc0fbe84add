"""The attack list for PDF: nothing hostile is accepted, nothing hides what stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import EmbeddedPdfSignature

from kit import pdf_attacks as attacks
from kit.pki import NOW
from kit.signatures import judged, outcomes, question, reported, trust
from kit.signed_pdfs import (
    contents_gap,
    countersigned_pdf,
    signed_pdf,
    with_changed_page,
    with_contents,
)
from preservation.signatures.examiner import SignatureExaminer
from preservation.signatures.kinds import has_signature_hint
from preservation.signatures.verdict import load_policy, required
from preservation.workers import WorkerPool


def _annotated_certified() -> bytes:
    signed = signed_pdf("leader", "B-B", certify=True, docmdp_permissions=MDPPerm.ANNOTATE)
    return attacks.covering_annotation(signed)


def _forbidden_second() -> bytes:
    first = signed_pdf("leader", "B-B", certify=True, docmdp_permissions=MDPPerm.NO_CHANGES)
    return attacks.updated(first, {4: b"<</Length 0>>\nstream\n\nendstream"})


# number in reference/signatures.md §6, builder, decision, outcome of the first signature
_ATTACKS: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "1 gap larger than the value": (
        attacks.wide_gap,
        "hold",
        "INDETERMINATE/COVERAGE_UNCLEAR",
    ),
    "2 range not from the start": (attacks.late_start, "hold", "INDETERMINATE/COVERAGE_UNCLEAR"),
    "3 range not to the end": (attacks.short_range, "hold", "INDETERMINATE/COVERAGE_UNCLEAR"),
    "4 no range": (attacks.no_range, "hold", "TOTAL-FAILED/FORMAT_FAILURE"),
    "5 value all zero": (
        lambda: with_contents(signed_pdf(), b"\0" * 50),
        "hold",
        "TOTAL-FAILED/FORMAT_FAILURE",
    ),
    "6 signature wrapping": (attacks.wrapped, "hold", "INDETERMINATE/COVERAGE_UNCLEAR"),
    "7 page changed after B-B": (
        lambda: with_changed_page(signed_pdf()),
        "hold",
        "INDETERMINATE/UNSIGNED_CHANGES",
    ),
    "8 page changed after B-LTA": (
        lambda: with_changed_page(signed_pdf("leader", "B-LTA")),
        "hold",
        "INDETERMINATE/UNSIGNED_CHANGES",
    ),
    "9 trailing junk": (lambda: signed_pdf() + b"\n%% junk", "warn", "TOTAL-PASSED"),
    "9 trailing junk after B-LTA": (
        lambda: signed_pdf("leader", "B-LTA") + b"%% junk",
        "warn",
        "TOTAL-PASSED",
    ),
    "10 shadow replace": (
        lambda: attacks.shadow_replace(attacks.hand_signed()),
        "hold",
        "INDETERMINATE/UNSIGNED_CHANGES",
    ),
    "10 shadow hide": (
        lambda: attacks.shadow_hide(attacks.hand_signed()),
        "hold",
        "INDETERMINATE/UNSIGNED_CHANGES",
    ),
    "10 annotation over a certified text": (
        _annotated_certified,
        "hold",
        "INDETERMINATE/UNSIGNED_CHANGES",
    ),
    "10 change of a locked document": (
        _forbidden_second,
        "hold",
        "INDETERMINATE/UNSIGNED_CHANGES",
    ),
    "12 field cycle": (attacks.field_cycle, "hold", "INDETERMINATE/CHANGES_NOT_ANALYSED"),
    "16 deep DER": (
        lambda: with_contents(attacks.huge_contents(30_000), attacks.deep_der()),
        "hold",
        "TOTAL-FAILED/FORMAT_FAILURE",
    ),
}

_UNREADABLE: dict[str, Callable[[], bytes]] = {
    "11 table loop": attacks.table_loop,
    "13 deep array": attacks.deep_array,
    "14 stacked deflate bomb": attacks.flate_bomb,
    "17 a billion objects": attacks.absurd_table,
    "cut short": lambda: signed_pdf()[:4000],
    "table offset beyond the end": lambda: signed_pdf().replace(b"startxref\n", b"startxref\n9"),
}


@pytest.mark.parametrize("attack", _ATTACKS)
def test_an_attack_gets_its_outcome(attack: str) -> None:
    build, decision, outcome = _ATTACKS[attack]
    report = reported(build())
    assert (report.decision, outcomes(report.signatures)[0]) == (decision, outcome)


def test_the_hand_signed_file_behind_the_attacks_is_itself_sound() -> None:
    assert reported(attacks.hand_signed()).decision == "accept"


def test_the_wrapping_attack_fools_plain_digest_and_signature_checks() -> None:
    """Else the test above would prove nothing about coverage."""
    (result,) = judged(attacks.wrapped()).results
    assert (result.trust, result.coverage, result.integrity) == ("trusted", "unclear", "broken")


@pytest.mark.parametrize("attack", _UNREADABLE)
def test_an_unreadable_file_is_held_as_unreadable_not_as_invalid(attack: str) -> None:
    report = reported(_UNREADABLE[attack]())
    assert (report.decision, report.findings) == ("hold", ("SIG-UNREADABLE",))


def test_15_a_huge_value_is_refused_before_it_is_read() -> None:
    content = attacks.huge_contents(300_000)
    assert reported(content).decision == "accept"
    capped = reported(content, question(contents_cap_bytes=200_000))
    assert (capped.decision, capped.findings) == ("hold", ("SIG-CONTENTS-TOO-LARGE",))


def test_18_more_signatures_than_the_cap_are_held_unexamined() -> None:
    assert reported(attacks.many_signatures(60)).findings == ("SIG-TOO-MANY",)
    few = reported(attacks.many_signatures(3), question(signatures_cap=2))
    assert few.findings == ("SIG-TOO-MANY",)


def test_20_a_certificate_for_nothing_or_for_tls_is_held_where_a_signature_is_required() -> None:
    for label in ("tls", "lone", "nousage"):
        report = reported(signed_pdf(label))
        assert report.decision == "warn"
        assert required(report, load_policy()).decision == "hold"


def test_25_a_time_stamp_older_than_its_authority_proves_nothing() -> None:
    report = reported(signed_pdf("leader", "B-T", moment=datetime(2010, 1, 1, tzinfo=UTC)))
    assert "SIG-TIMESTAMP-NOT-TRUSTED" in report.findings
    assert report.signatures[0].proven_at == ""


def test_25_a_time_stamp_from_the_future_proves_nothing() -> None:
    report = reported(signed_pdf("leader", "B-T", moment=datetime(2027, 1, 1, tzinfo=UTC)))
    assert "SIG-TIMESTAMP-NOT-TRUSTED" in report.findings


def test_25_a_signature_older_than_its_own_certificate_is_held() -> None:
    report = reported(signed_pdf("leader", "B-T", moment=datetime(2023, 1, 1, tzinfo=UTC)))
    assert (report.decision, report.findings) == ("hold", ("SIG-TIME-ORDER",))


@pytest.mark.parametrize("value", [b"\0" * 50, b"garbage", b""])
def test_one_garbage_field_does_not_hide_the_others(value: bytes) -> None:
    content = signed_pdf("organ", "B-T", content=attacks.no_range(), field="CoQuan")
    assert outcomes(judged(content).results) == ["TOTAL-FAILED/FORMAT_FAILURE", "TOTAL-PASSED"]
    spoiled = with_contents(countersigned_pdf(), value, which=1)
    first, second = judged(spoiled).results
    assert second.sub_indication == "FORMAT_FAILURE"
    assert first.integrity == "intact"


def test_a_signature_taken_out_of_the_form_is_told() -> None:
    bare = b"<</Type/Catalog/Pages 2 0 R>>"
    removed = attacks.updated(attacks.hand_signed(), {1: bare})
    report = reported(removed)
    assert (report.decision, report.findings) == ("warn", ("SIG-REMOVED",))


def test_a_crash_of_the_comparison_ends_as_changes_not_analysed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(_self: object, _policy: object) -> None:
        raise KeyError("/Reference")

    monkeypatch.setattr(EmbeddedPdfSignature, "evaluate_modifications", crash)
    report = reported(countersigned_pdf())
    assert [s.changes for s in report.signatures] == ["not_analysed", "none"]
    assert outcomes(report.signatures) == ["INDETERMINATE/CHANGES_NOT_ANALYSED", "TOTAL-PASSED"]
    assert report.findings == ("SIG-CHANGES-NOT-ANALYSED",)


def test_a_crash_in_one_signature_is_that_ones_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    from preservation.signatures import pdf as module
    from preservation.signatures.judging import judge as real

    async def judge(signed_data: object, *rest: object) -> object:
        if first:
            first.clear()
            raise AttributeError("no such digest")
        return await real(signed_data, *rest)  # type: ignore[arg-type]  # passed through

    first = [True]
    monkeypatch.setattr(module, "judge", judge)
    assert outcomes(judged(countersigned_pdf()).results) == [
        "INDETERMINATE/GENERIC",
        "TOTAL-PASSED",
    ]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    with WorkerPool(scratch=tmp_path_factory.mktemp("staging")) as pool:
        yield pool


def test_21_no_address_in_a_certificate_is_ever_asked(pool: WorkerPool, tmp_path: Path) -> None:
    """The certificates name an OCSP responder and a CRL; the worker would be refused a socket."""
    path = tmp_path / "a.pdf"
    path.write_bytes(signed_pdf("leader", "B-LTA"))
    snapshot, _ = trust(crls=())
    report = SignatureExaminer(pool, snapshot, clock=lambda: NOW).examine(path)
    assert report.not_checked == ""
    assert report.decision == "accept"
    path.write_bytes(signed_pdf("leader", "B-B"))
    report = SignatureExaminer(pool, snapshot, clock=lambda: NOW).examine(path)
    assert (report.not_checked, report.decision) == ("", "warn")


def test_a_byte_range_in_another_spelling_is_found(tmp_path: Path) -> None:
    content = attacks.hand_signed()
    start, _ = contents_gap(content)
    place = content.index(b"/ByteRange")
    assert place < start
    escaped = content[:place] + b"/B#79teRange" + content[place + len(b"/ByteRange") :]
    path = tmp_path / "a.pdf"
    path.write_bytes(escaped)
    assert has_signature_hint(path)
    assert reported(escaped).decision == "hold"


@pytest.mark.parametrize("cut", range(0, 9000, 450))
def test_a_file_cut_anywhere_is_never_accepted(cut: int) -> None:
    assert reported(attacks.hand_signed()[:cut]).decision in {"none", "hold"}


def test_a_bit_flipped_anywhere_in_the_signed_bytes_is_held() -> None:
    content = attacks.hand_signed()
    start, end = contents_gap(content)
    for place in (*range(20, start, 97), *range(end, len(content), 67)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        assert reported(bytes(flipped)).decision in {"none", "hold"}, place


def test_a_bit_flipped_anywhere_in_attributes_or_signature_is_held() -> None:
    """What else stands in the value (header, extra certificates) is not signed in any CMS."""
    content = attacks.hand_signed()
    start, end = contents_gap(content)
    used = start + len(content[start:end].rstrip(b"0>"))
    message_digest = bytes.fromhex("06092a864886f70d010904").hex().encode()
    first = content.index(message_digest, start)
    for place in range(first, used - 8, 31):
        flipped = bytearray(content)
        flipped[place] ^= 1
        assert reported(bytes(flipped)).decision == "hold", place
