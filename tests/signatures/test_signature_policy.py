"""The policy table and the snapshot: named by content, complete in both languages."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate

from kit.pki import pki
from preservation.signatures.material import material
from preservation.signatures.trust import TrustRole, TrustSnapshot, TrustUnreadable, trust_file
from preservation.signatures.verdict import (
    DECISIONS,
    PolicyUnreadable,
    decide,
    findings,
    load_policy,
    required,
)
from schemas.findings import Severity
from schemas.nouns import SignatureReport, SignatureResult
from schemas.text import LANGUAGES, catalogue

_PASSED = SignatureResult(field="A", indication="TOTAL-PASSED")
_BROKEN = SignatureResult(field="B", indication="TOTAL-FAILED", sub_indication="HASH_FAILURE")


def test_every_code_of_the_policy_has_a_text_in_both_languages() -> None:
    table = load_policy().table
    codes = {rule.finding for rule in table.indications.values() if rule.finding}
    codes |= set(table.observations) | set(table.required)
    for lang in LANGUAGES:
        assert codes <= set(catalogue(lang))


def test_every_indication_pyhanko_knows_has_a_rule() -> None:
    policy = load_policy()
    for failure in AdESFailure:
        assert policy.rule("TOTAL-FAILED", failure.standard_name).decision == "hold"
    for indication in AdESIndeterminate:
        rule = policy.rule("INDETERMINATE", indication.standard_name)
        assert rule.decision in {"warn", "hold"}
        assert rule.finding


def test_what_the_policy_does_not_know_is_held() -> None:
    policy = load_policy()
    assert policy.rule("SOMETHING-NEW", "").decision == "hold"
    assert policy.weight("SIG-SOMETHING-NEW") == "hold"


def test_one_broken_signature_outweighs_a_good_one() -> None:
    report = decide([_PASSED, _BROKEN], ["SIG-TRAILING-BYTES"], load_policy())
    assert report.decision == "hold"
    assert report.findings == ("SIG-BROKEN", "SIG-TRAILING-BYTES")


def test_no_signature_is_no_decision_unless_one_is_required() -> None:
    policy = load_policy()
    unsigned = decide([], [], policy)
    assert (unsigned.decision, DECISIONS[0]) == ("none", "none")
    rejected = required(unsigned, policy)
    assert (rejected.decision, rejected.findings) == ("reject", ("SIG-REQUIRED-ABSENT",))


def test_a_wrong_purpose_warns_and_holds_where_a_signature_is_required() -> None:
    policy = load_policy()
    result = replace(
        _PASSED, indication="INDETERMINATE", sub_indication="CHAIN_CONSTRAINTS_FAILURE"
    )
    report = decide([result], [], policy)
    assert report.decision == "warn"
    assert required(report, policy).decision == "hold"


def test_findings_carry_severity_place_and_what_fills_their_text() -> None:
    policy = load_policy()
    report = decide([replace(_BROKEN, signer="Nguyễn Văn A")], ["SIG-TRAILING-BYTES"], policy)
    found = findings(report, "data/qd.pdf", policy)
    assert [(f.code, f.severity, f.where) for f in found] == [
        ("SIG-BROKEN", Severity.ERROR, "data/qd.pdf"),
        ("SIG-TRAILING-BYTES", Severity.WARNING, "data/qd.pdf"),
    ]
    assert found[0].fields["signer"] == "Nguyễn Văn A"
    unsigned = findings(required(SignatureReport("none"), policy), "x", policy)
    assert [f.severity for f in unsigned] == [Severity.ERROR]


@pytest.mark.parametrize(
    "change",
    [
        ('format = "kho.signature-policy/1"', 'format = "kho.signature-policy/9"'),
        ('decision = "accept"', 'decision = "ignore"'),
        ('version = "2026-3"', 'version = "2026-3"\nsurprise = 1'),
        ("[observations]", "[observations"),
    ],
)
def test_a_policy_that_says_something_unknown_is_refused(
    tmp_path: Path, change: tuple[str, str]
) -> None:
    import preservation.signatures.verdict as module

    shipped = Path(str(module.__file__)).with_name("policy.toml").read_text(encoding="utf-8")
    assert change[0] in shipped
    path = tmp_path / "policy.toml"
    path.write_text(shipped, encoding="utf-8")
    assert load_policy(path).sha256 == load_policy().sha256
    path.write_text(shipped.replace(*change, 1), encoding="utf-8")
    with pytest.raises(PolicyUnreadable):
        load_policy(path)


def test_a_snapshot_is_named_by_content_not_by_place(tmp_path: Path) -> None:
    first = TrustSnapshot.load(pki().folder(tmp_path / "a"))
    second = TrustSnapshot.load(shutil.copytree(tmp_path / "a", tmp_path / "b"))
    assert first.files != second.files
    assert first.sha256 == second.sha256
    assert first.has_anchors
    fewer = TrustSnapshot(first.files[:-1])
    assert fewer.sha256 != first.sha256
    assert fewer.joined(first.files).sha256 == first.sha256
    assert not TrustSnapshot.load(tmp_path / "absent").has_anchors


def test_anchor_sets_and_generations_come_from_the_folders(tmp_path: Path) -> None:
    for place in ("cong-vu/2019", "quoc-gia/2025"):
        folder = tmp_path / "anchors" / place
        folder.mkdir(parents=True)
        (folder / "goc.cer").write_bytes(pki().certificate("root").dump())
    (tmp_path / "anchors" / "README.txt").write_text("not trust material")
    found = {(f.anchor_set, f.generation) for f in TrustSnapshot.load(tmp_path).files}
    assert found == {("cong-vu", "2019"), ("quoc-gia", "2025")}


def test_pem_and_der_are_the_same_material(tmp_path: Path) -> None:
    from asn1crypto import pem  # type: ignore[import-untyped]  # asn1crypto has no types

    armoured = pem.armor("CERTIFICATE", pki().certificate("root").dump())
    armoured += pem.armor("CERTIFICATE", pki().certificate("sub").dump())
    path = tmp_path / "two.pem"
    path.write_bytes(armoured)
    snapshot = TrustSnapshot((trust_file(path, TrustRole.INTERMEDIATE),))
    parsed = material(snapshot.sha256, str(snapshot.write_manifest(tmp_path)))
    assert [c.subject.native["common_name"] for c in parsed.intermediates] == ["root", "sub"]


@pytest.mark.parametrize("role", list(TrustRole))
def test_material_that_is_not_what_its_role_says_is_refused(
    tmp_path: Path, role: TrustRole
) -> None:
    path = tmp_path / "x.cer"
    path.write_bytes(b"not trust material")
    snapshot = TrustSnapshot((trust_file(path, role),))
    with pytest.raises(TrustUnreadable, match="not a"):
        material(snapshot.sha256, str(snapshot.write_manifest(tmp_path)))
