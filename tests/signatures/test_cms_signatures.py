"""CMS and CAdES: detached beside its content, enveloping around it, several signers each alone."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from asn1crypto import cms  # type: ignore[import-untyped]  # asn1crypto has no types

from kit.pki import NOW
from kit.signatures import outcomes, question, trust
from kit.signed_cms import CONTENT, armoured, signed_cms, signed_value
from kit.signed_pdfs import SIGNED
from preservation.signatures.companions import CONTENT as WHOLE
from preservation.signatures.examiner import Item, SignatureExaminer
from preservation.signatures.facts import Facts, Question
from preservation.signatures.job import facts_of
from preservation.signatures.kinds import Carrier
from preservation.signatures.verdict import decide, load_policy
from preservation.workers import WorkerPool


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "qd.pdf"
    path.write_bytes(CONTENT)
    return path


def _judged(value: bytes, content: Path | None = None, asked: Question | None = None) -> Facts:
    beside = {} if content is None else {WHOLE: content}
    return facts_of(BytesIO(value), Carrier.CMS, asked or question(), beside)


def _decision(facts: Facts) -> str:
    return decide(facts.results, facts.observations, load_policy()).decision


def test_a_detached_signature_passes_beside_its_content(content: Path) -> None:
    facts = _judged(signed_cms("leader"), content)
    assert outcomes(facts.results) == ["TOTAL-PASSED"]
    (result,) = facts.results
    assert (result.signer, result.kind, result.coverage, result.level) == (
        "leader",
        "cms",
        "file",
        "B",
    )


def test_a_detached_signature_fails_beside_another_content(content: Path) -> None:
    content.write_bytes(CONTENT + b".")
    facts = _judged(signed_cms("leader"), content)
    assert outcomes(facts.results) == ["TOTAL-FAILED/HASH_FAILURE"]
    assert _decision(facts) == "hold"


def test_a_detached_signature_without_its_content_is_told_and_named() -> None:
    facts = _judged(signed_cms("leader"))
    assert outcomes(facts.results) == ["INDETERMINATE/SIGNED_DATA_NOT_FOUND"]
    assert (facts.results[0].signer, _decision(facts)) == ("leader", "warn")


def test_an_enveloping_signature_needs_no_other_file() -> None:
    facts = _judged(signed_cms("organ", detached=False))
    assert outcomes(facts.results) == ["TOTAL-PASSED"]


def test_a_changed_enveloped_content_fails() -> None:
    value = signed_cms("organ", detached=False)
    spoiled = value.replace("15/QĐ".encode(), "16/QĐ".encode())
    assert spoiled != value
    assert outcomes(_judged(spoiled).results) == ["TOTAL-FAILED/HASH_FAILURE"]


def test_each_of_several_signers_is_judged_alone(content: Path) -> None:
    facts = _judged(signed_cms("leader", "organ", "revoked", "stranger"), content)
    assert [result.field for result in facts.results] == ["(1)", "(2)", "(3)", "(4)"]
    found = dict(zip([r.signer for r in facts.results], outcomes(facts.results), strict=True))
    assert found == {
        "leader": "TOTAL-PASSED",
        "organ": "TOTAL-PASSED",
        "revoked": "INDETERMINATE/REVOKED_NO_POE",
        "stranger": "INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND",
    }


def test_a_time_stamp_proves_the_time_and_outlives_a_later_revocation(content: Path) -> None:
    (result,) = _judged(signed_cms("leader", stamped=SIGNED), content).results
    assert (result.time, result.level, result.proven_at) == (
        "proven",
        "T",
        "2026-06-10T03:00:00.000Z",
    )
    early = datetime(2024, 6, 1, tzinfo=UTC)
    assert outcomes(_judged(signed_cms("revoked", stamped=early), content).results) == [
        "TOTAL-PASSED"
    ]


def test_an_expired_signer_passes_as_of_a_proven_moment(content: Path) -> None:
    then = datetime(2022, 6, 1, tzinfo=UTC)
    value = signed_cms("expired")
    assert outcomes(_judged(value, content).results) == ["INDETERMINATE/OUT_OF_BOUNDS_NO_POE"]
    asked = question(trust(moments=(then,)), then, proven=True)
    assert outcomes(_judged(value, content, asked).results) == ["TOTAL-PASSED"]


@pytest.mark.parametrize("form", ["pem", "base64", "wrapped base64"])
def test_armour_and_base64_are_the_same_value(content: Path, form: str) -> None:
    der = signed_cms("leader")
    written = {
        "pem": armoured(der),
        "base64": base64.b64encode(der),
        "wrapped base64": base64.encodebytes(der),
    }
    assert outcomes(_judged(written[form], content).results) == ["TOTAL-PASSED"]


def test_weak_algorithms_and_wrong_purposes_are_told(content: Path) -> None:
    sha1 = _judged(signed_cms("rsa", md="sha1"), content)
    assert outcomes(sha1.results) == ["INDETERMINATE/CRYPTO_CONSTRAINTS_FAILURE"]
    tls = _judged(signed_cms("tls"), content)
    assert outcomes(tls.results) == ["INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE"]


def test_certificates_without_a_signer_are_no_signature() -> None:
    value = signed_value("leader")
    value["content"]["signer_infos"] = []
    facts = _judged(value.dump(force=True))
    assert (facts.results, _decision(facts)) == ([], "none")


def test_bytes_after_the_value_are_told(content: Path) -> None:
    facts = _judged(signed_cms("leader") + b"more", content)
    assert facts.observations == ["SIG-TRAILING-BYTES"]
    assert outcomes(facts.results) == ["TOTAL-PASSED"]


def test_a_second_value_behind_an_armoured_one_is_told(content: Path) -> None:
    facts = _judged(armoured(signed_cms("leader")) + armoured(signed_cms("stranger")), content)
    assert facts.observations == ["SIG-TRAILING-BYTES"]


def test_a_byte_order_mark_before_armour_does_no_harm(content: Path) -> None:
    facts = _judged(codecs.BOM_UTF8 + armoured(signed_cms("leader")), content)
    assert (outcomes(facts.results), facts.observations) == (["TOTAL-PASSED"], [])


@pytest.mark.parametrize("detached", [True, False])
def test_attributes_of_a_signature_are_no_document_of_the_signer(
    content: Path, detached: bool
) -> None:
    value = signed_value("leader")
    (info,) = value["content"]["signer_infos"]
    attributes = info["signed_attrs"].untag().dump()
    kept = ("version", "sid", "digest_algorithm", "signature_algorithm", "signature")
    value["content"]["signer_infos"] = [cms.SignerInfo({name: info[name] for name in kept})]
    content.write_bytes(attributes)
    if not detached:
        value["content"]["encap_content_info"]["content"] = attributes
    facts = _judged(value.dump(force=True), content)
    assert _decision(facts) == "hold"


def test_a_signature_with_a_content_of_its_own_says_nothing_of_the_file_beside(
    content: Path,
) -> None:
    value = signed_cms("leader", detached=False)
    assert _decision(_judged(value, content)) == "accept"
    content.write_bytes(CONTENT + b".")
    facts = _judged(value, content)
    assert (facts.observations, _decision(facts)) == (["SIG-CONTENT-DIFFERS"], "warn")


@pytest.mark.parametrize("value", [b"", b"\x00\x01", b"0\x03\x02\x01\x01", b"plain text"])
def test_what_is_no_cms_is_recorded_as_not_verified(value: bytes) -> None:
    facts = _judged(value)
    assert outcomes(facts.results) == ["INDETERMINATE/NOT_VERIFIED"]


@pytest.mark.parametrize("place", range(60, 1300, 61))
def test_no_flipped_byte_of_a_signature_crashes_the_judge(content: Path, place: int) -> None:
    value = bytearray(signed_cms("leader"))
    value[place % len(value)] ^= 0x41
    facts = _judged(bytes(value), content)
    assert facts.results


def test_an_unknown_signer_count_is_capped(content: Path) -> None:
    facts = _judged(signed_cms("leader", "organ"), content, question(signatures_cap=1))
    assert (facts.results, facts.observations) == ([], ["SIG-TOO-MANY"])


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    with WorkerPool(scratch=tmp_path_factory.mktemp("staging")) as pool:
        yield pool


@pytest.mark.parametrize("given", [list, iter])
def test_the_content_is_found_in_the_same_package_only(
    given: Callable[[list[Item[str]]], Iterable[Item[str]]], pool: WorkerPool, tmp_path: Path
) -> None:
    files = {
        "data/a.pdf": CONTENT,
        "data/a.pdf.p7s": signed_cms("leader"),
        "data/b.doc": b"another content",
        "data/b.p7s": signed_cms("leader", content=b"another content"),
        "data/c.p7s": signed_cms("leader"),
        "other/c.pdf": CONTENT,
        "data/d.pdf.p7s": signed_cms("leader"),
        "data/d.pdf": b"not what was signed",
    }
    items = []
    for number, (name, value) in enumerate(files.items()):
        path = tmp_path / str(number)
        path.write_bytes(value)
        items.append(Item(name, path, name))
    snapshot, _ = trust()
    examiner = SignatureExaminer(pool, snapshot, clock=lambda: NOW)
    reports = dict(examiner.examine_many(given(items)))
    assert set(reports) == set(files)
    assert {name: r.decision for name, r in reports.items() if name.endswith(".p7s")} == {
        "data/a.pdf.p7s": "accept",
        "data/b.p7s": "accept",
        "data/c.p7s": "warn",
        "data/d.pdf.p7s": "hold",
    }


def test_the_same_signature_beside_other_content_is_another_job(
    pool: WorkerPool, tmp_path: Path
) -> None:
    snapshot, _ = trust()
    examiner = SignatureExaminer(pool, snapshot, clock=lambda: NOW)
    value = tmp_path / "v"
    value.write_bytes(signed_cms("leader"))
    decisions = []
    for number, content in enumerate((CONTENT, b"forged")):
        path = tmp_path / f"content{number}"
        path.write_bytes(content)
        items = [
            Item("content", path, "a.pdf", digest=f"digest-{number}"),
            Item("signature", value, "a.pdf.p7s", digest="digest-of-value"),
        ]
        decisions.append(dict(examiner.examine_many(items))["signature"].decision)
    assert decisions == ["accept", "hold"]
