"""The format policy: every decision has a rule, a basis and plain words."""

from __future__ import annotations

from datetime import date

import pytest

from kit import awkward
from kit.identified import identify
from preservation.formats.engine import Identifier
from preservation.formats.job import VALIDATORS
from preservation.formats.policy import FormatDecision, FormatJudgement, FormatPolicy
from preservation.formats.policy_file import FormatPolicyUnusable, shipped_content
from preservation.formats.validate.result import (
    ValidationOutcome,
    ValidationResult,
    error,
    judged,
    not_checked,
    warning,
)
from schemas.findings import Severity
from schemas.nouns import FormatResult

ACCEPTED_BY_THE_CIRCULAR = {
    "txt": "x-fmt/111", "rtf": "fmt/52", "doc": "fmt/40", "docx": "fmt/412", "odt": "fmt/291",
    "pdf": "fmt/18", "csv": "x-fmt/18", "xls": "fmt/61", "xlsx": "fmt/214", "ods": "fmt/295",
    "htm": "fmt/100", "ppt": "fmt/126", "pptx": "fmt/215", "odp": "fmt/293", "jpg": "fmt/43",
    "gif": "fmt/4", "tif": "fmt/353", "png": "fmt/12", "mpeg": "x-fmt/386", "mp4": "fmt/199",
    "avi": "fmt/5", "wmv": "fmt/133", "mov": "x-fmt/384", "mp3": "fmt/134", "wma": "fmt/132",
    "aac": "fmt/1812", "wav": "fmt/141",
}  # fmt: skip


@pytest.fixture(scope="module")
def policy() -> FormatPolicy:
    return FormatPolicy.shipped()


def told(*puids: str, method: str = "signature", warnings: tuple[str, ...] = ()) -> FormatResult:
    return FormatResult(
        puids, method, names=tuple("Format" for _ in puids), warnings=warnings,
        versions=tuple("" for _ in puids),
    )  # fmt: skip


@pytest.mark.parametrize(("extension", "puid"), ACCEPTED_BY_THE_CIRCULAR.items())
def test_every_format_of_the_circulars_list_is_taken(
    policy: FormatPolicy, extension: str, puid: str
) -> None:
    method = "extension" if extension in ("txt", "csv") else "signature"
    decision = policy.judge(told(puid, method=method)).decision
    assert decision in (FormatDecision.ACCEPTED, FormatDecision.MIGRATE)


def test_a_decision_names_policy_version_hash_rule_and_basis(policy: FormatPolicy) -> None:
    judgement = policy.judge(told("fmt/477"))
    assert judgement.rule == "pdfa"
    assert judgement.policy == f"tt05/1 sha256:{policy.sha256}"
    assert judgement.validators == ("pdf", "pdfa")
    assert judgement.legal_basis == "Thông tư 05/2025/TT-BNV, Điều 8"


def test_a_decision_is_explained_in_plain_words_in_both_languages(policy: FormatPolicy) -> None:
    judgement = policy.judge(told("x-fmt/411"))
    assert "không được nhận" in judgement.explain("vi")
    assert "not taken into the archive" in judgement.explain("en")
    unknown = policy.judge(FormatResult((), "none"))
    assert unknown.explain("vi").startswith("Định dạng chưa rõ")
    assert "FORMAT-" not in unknown.explain("vi") + unknown.explain("en")


def test_programs_are_refused_by_their_bytes_and_by_their_names(
    policy: FormatPolicy, engine: Identifier
) -> None:
    for content, name in ((b"MZ" + bytes(100), "a.exe"), (b"echo", "a.bat"), (b"x()", "a.js")):
        judgement = policy.judge(identify(engine, content, name))
        assert (judgement.decision, judgement.rule) == (FormatDecision.REJECTED, "executable")
    assert judgement.finding("a.js").severity is Severity.ERROR


def test_what_no_rule_decides_falls_back(policy: FormatPolicy) -> None:
    cases = {
        "[unknown]": FormatResult((), "none"),
        "[unlisted]": told("fmt/394"),
        "[extension-only]": told("fmt/412", method="extension"),
        "[encrypted]": told("fmt/412", warnings=("FORMAT-ENCRYPTED",)),
        "[empty]": FormatResult((), "none", warnings=("FORMAT-EMPTY",)),
        "[ambiguous]": told("fmt/412", "x-fmt/411"),
    }
    assert [policy.judge(found).rule for found in cases.values()] == list(cases)
    assert policy.judge(cases["[encrypted]"]).decision is FormatDecision.REJECTED


def test_an_id_of_fidos_own_counts_as_unknown(policy: FormatPolicy) -> None:
    assert policy.judge(told("fido-fmt/189.word")).rule == "[unknown]"


def test_several_formats_under_one_decision_are_decided(policy: FormatPolicy) -> None:
    judgement = policy.judge(told("fmt/61", "fmt/62"))
    assert (judgement.decision, judgement.rule) == (FormatDecision.MIGRATE, "office-97")


def test_digitised_paper_is_asked_for_more(policy: FormatPolicy) -> None:
    plain, scanned = policy.judge(told("fmt/18")), policy.judge(told("fmt/18"), scope="digitised")
    assert (plain.decision, scanned.decision) == (FormatDecision.MIGRATE, FormatDecision.REVIEW)
    wanted = policy.judge(told("fmt/477"), scope="digitised").wanted
    assert wanted == {"min_dpi": 200, "min_bits": 24, "text_layer": True}


# After validation


def after(policy: FormatPolicy, puid: str, *results: ValidationResult) -> FormatJudgement:
    return policy.after_validation(policy.judge(told(puid)), results)


def test_a_file_that_is_no_sound_example_of_its_format_goes_to_an_officer(
    policy: FormatPolicy,
) -> None:
    broken = judged("image", [error("IMAGE-DAMAGED", reason="cut")])
    judgement = after(policy, "fmt/43", broken)
    assert (judgement.decision, judgement.reasons) == (FormatDecision.REVIEW, ("FORMAT-INVALID",))
    assert "không đúng chuẩn" in judgement.explain("vi")


def test_what_was_not_validated_says_so_and_changes_nothing_else(policy: FormatPolicy) -> None:
    for results in ((), (not_checked("image", "VALIDATION-LIMIT"),)):
        judgement = after(policy, "fmt/43", *results)
        assert judgement.decision is FormatDecision.ACCEPTED
        assert judgement.reasons == ("FORMAT-NOT-VALIDATED",)


def test_programs_inside_a_document_go_to_an_officer(policy: FormatPolicy) -> None:
    for kind, code in (("ooxml", "OFFICE-MACROS"), ("pdf", "PDF-JAVASCRIPT")):
        puid = "fmt/412" if kind == "ooxml" else "fmt/18"
        judgement = after(policy, puid, judged(kind, [warning(code)]))
        assert judgement.decision is FormatDecision.REVIEW
        assert "FORMAT-ACTIVE-CONTENT" in judgement.reasons


def test_a_password_found_by_the_validator_refuses_the_file(policy: FormatPolicy) -> None:
    locked = not_checked("pdf", "FORMAT-ENCRYPTED")
    assert after(policy, "fmt/18", locked).decision is FormatDecision.REJECTED


def test_a_validation_never_makes_a_decision_milder(policy: FormatPolicy) -> None:
    fine = ValidationResult("pdf", ValidationOutcome.VALID)
    assert after(policy, "x-fmt/411", fine).decision is FormatDecision.REJECTED


# The file itself

SMALL = b"""
format = "kho.format-policy/1"
name = "t"
version = 3
legal_basis = "L"
[[rule]]
id = "a"
decision = "accepted"
puids = ["fmt/1"]
legal_basis = "1"
valid_to = 2026-06-30
max_size_bytes = 10
note = {vi = "v", en = "e"}
[[rule]]
id = "b"
decision = "rejected"
puids = ["fmt/1"]
legal_basis = "2"
valid_from = 2026-07-01
note = {vi = "v", en = "e"}
"""


def test_a_rule_holds_on_its_days_only() -> None:
    policy = FormatPolicy(SMALL)
    assert policy.judge(told("fmt/1"), on=date(2026, 6, 30)).rule == "a"
    assert policy.judge(told("fmt/1"), on=date(2026, 7, 1)).rule == "b"


def test_a_file_larger_than_its_rule_allows_goes_to_an_officer() -> None:
    judgement = FormatPolicy(SMALL).judge(told("fmt/1"), size_bytes=11, on=date(2026, 1, 1))
    assert judgement.decision is FormatDecision.REVIEW
    assert judgement.reasons == ("FORMAT-TOO-LARGE",)


@pytest.mark.parametrize(
    "broken",
    [
        b"nonsense",
        SMALL.replace(b"version = 3", b"version = 'x'"),
        SMALL.replace(b"accepted", b"welcome"),
        SMALL.replace(b"max_size_bytes", b"maximum_size"),
        SMALL.replace(b'"b"', b'"a"'),
        SMALL.replace(b"2026-07-01", b"2026-06-30"),
        SMALL.replace(b"policy/1", b"policy/2"),
    ],
)
def test_a_policy_that_cannot_be_followed_is_refused(broken: bytes) -> None:
    with pytest.raises(FormatPolicyUnusable):
        FormatPolicy(broken)


def test_every_validator_the_shipped_policy_asks_for_is_known_or_on_its_way() -> None:
    asked = {v for rule in FormatPolicy.shipped().file.rule for v in rule.validators}
    assert asked - set(VALIDATORS) == {"av"}
    assert FormatPolicy(shipped_content()).sha256 == FormatPolicy.shipped().sha256


def test_a_docx_is_judged_from_bytes_to_words(policy: FormatPolicy, engine: Identifier) -> None:
    judgement = policy.judge(identify(engine, awkward.docx(), "a.docx"))
    assert judgement.explain("en").startswith("Microsoft Word for Windows 2007 onwards (fmt/412)")
