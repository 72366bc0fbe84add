"""XMLDSig and XAdES: what is signed, what is not, and what a signature may not ask for."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from kit.pki import NOW
from kit.signatures import judged, outcomes, question, reported, trust
from kit.signed_pdfs import SIGNED
from kit.signed_xml import (
    DS,
    EXCLUSIVE,
    detached_xml,
    hand_signed_xml,
    invoice_xml,
    reference_to,
    signed_xml,
    stamped,
    wrapped_xml,
)
from preservation.signatures.companions import resolved
from preservation.signatures.examiner import Item, SignatureExaminer
from preservation.signatures.facts import Facts
from preservation.signatures.job import facts_of
from preservation.signatures.kinds import Carrier
from preservation.workers import WorkerPool
from schemas.nouns import SignatureReport

XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_ENVELOPED = f"{DS}enveloped-signature"


def _reported(content: bytes) -> SignatureReport:
    return reported(content, carrier=Carrier.XML)


def _outcome(content: bytes) -> tuple[str, str]:
    report = _reported(content)
    return report.decision, outcomes(report.signatures)[0]


_TABLE: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "enveloped": (signed_xml, "accept", "TOTAL-PASSED"),
    "enveloping": (lambda: signed_xml(method="enveloping"), "accept", "TOTAL-PASSED"),
    "XAdES": (lambda: signed_xml(xades=True), "accept", "TOTAL-PASSED"),
    "RSA": (lambda: signed_xml("rsa"), "accept", "TOTAL-PASSED"),
    "data and signature side by side": (invoice_xml, "accept", "TOTAL-PASSED"),
    "changed": (
        lambda: signed_xml().replace(b">100<", b">999<"),
        "hold",
        "TOTAL-FAILED/HASH_FAILURE",
    ),
    "signature value changed": (
        lambda: signed_xml().replace(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", 1),
        "hold",
        "TOTAL-FAILED/SIG_CRYPTO_FAILURE",
    ),
    "revoked": (lambda: signed_xml("revoked"), "hold", "INDETERMINATE/REVOKED_NO_POE"),
    "expired": (lambda: signed_xml("expired"), "warn", "INDETERMINATE/OUT_OF_BOUNDS_NO_POE"),
    "TLS": (lambda: signed_xml("tls"), "warn", "INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE"),
    "self-signed": (lambda: signed_xml("lone"), "warn", "INDETERMINATE/CHAIN_CONSTRAINTS_FAILURE"),
    "unknown issuer": (
        lambda: signed_xml("stranger"),
        "warn",
        "INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND",
    ),
    "SHA-1": (
        lambda: signed_xml("rsa", weak=True),
        "warn",
        "INDETERMINATE/CRYPTO_CONSTRAINTS_FAILURE",
    ),
    "RSA-1024": (
        lambda: signed_xml("weak"),
        "warn",
        "INDETERMINATE/CRYPTO_CONSTRAINTS_FAILURE",
    ),
    "content elsewhere": (
        lambda: detached_xml("leader", {"a.bin": b"x"}),
        "warn",
        "INDETERMINATE/SIGNED_DATA_NOT_FOUND",
    ),
    "no certificate": (
        lambda: signed_xml().replace(b"X509Certificate", b"X509SubjectName"),
        "hold",
        "INDETERMINATE/NO_SIGNING_CERTIFICATE_FOUND",
    ),
}


@pytest.mark.parametrize("row", _TABLE)
def test_each_xml_signature_gets_its_verdict(row: str) -> None:
    build, decision, outcome = _TABLE[row]
    assert _outcome(build()) == (decision, outcome)


def test_a_xades_time_stamp_proves_the_time_and_outlives_a_later_revocation() -> None:
    report = _reported(stamped(signed_xml(xades=True), SIGNED))
    (result,) = report.signatures
    assert (result.time, result.level, report.decision) == ("proven", "T", "accept")
    early = datetime(2024, 6, 1, tzinfo=UTC)
    assert _outcome(stamped(signed_xml("revoked", xades=True), early)) == (
        "accept",
        "TOTAL-PASSED",
    )
    late = datetime(2025, 6, 1, tzinfo=UTC)
    assert _outcome(stamped(signed_xml("revoked", xades=True), late))[0] == "hold"


def test_a_time_stamp_of_another_signature_proves_nothing() -> None:
    one = stamped(signed_xml(xades=True), SIGNED)
    other = signed_xml(xades=True)
    start, end = b"<ds:SignatureValue>", b"</ds:SignatureValue>"
    foreign = other[other.index(start) : other.index(end)]
    mixed = one[: one.index(start)] + foreign + one[one.index(end) :]
    assert _outcome(mixed) == ("hold", "TOTAL-FAILED/SIG_CRYPTO_FAILURE")


def test_the_signing_time_is_read_from_signed_properties_only() -> None:
    (result,) = _reported(signed_xml(xades=True)).signatures
    assert result.signed_at
    assert result.time == "claimed"


def test_several_signatures_in_one_document_are_each_judged() -> None:
    two = b"<hai>" + signed_xml("leader") + signed_xml("organ") + b"</hai>"
    report = _reported(two)
    assert len(report.signatures) == 2
    assert report.decision == "hold"


def test_an_old_xml_signature_passes_as_of_a_proven_moment() -> None:
    then = datetime(2022, 6, 1, tzinfo=UTC)
    asked = question(trust(moments=(then,)), then, proven=True)
    facts = judged(signed_xml("expired"), asked, Carrier.XML)
    assert outcomes(facts.results) == ["TOTAL-PASSED"]


def _both(second_content: bytes = b"") -> bytes:
    """Leader and organ, each over the whole letter without signatures."""
    around = "<vanBan><soHieu>15</soHieu>%s</vanBan>"
    reference = reference_to("", b"<vanBan><soHieu>15</soHieu></vanBan>", EXCLUSIVE)
    xpath = (
        f'<ds:Transform Algorithm="{XPATH}"><ds:XPath>not(ancestor-or-self::ds:Signature)'
        "</ds:XPath></ds:Transform>"
    )
    reference = reference.replace("<ds:Transforms>", f"<ds:Transforms>{xpath}")
    signatures = b"".join(hand_signed_xml(label, reference) for label in ("leader", "organ"))
    return around.encode() % (signatures + second_content)


def test_two_signatures_that_leave_each_other_out_both_pass() -> None:
    report = _reported(_both())
    assert outcomes(report.signatures) == ["TOTAL-PASSED", "TOTAL-PASSED"]
    assert [s.signer for s in report.signatures] == ["leader", "organ"]
    changed = _reported(_both().replace(b">15<", b">16<"))
    assert outcomes(changed.signatures) == ["TOTAL-FAILED/HASH_FAILURE"] * 2
    added = _reported(_both(b"<chiDao>999</chiDao>"))
    assert added.decision == "hold"


@pytest.mark.parametrize(
    "expression",
    [
        "not(ancestor-or-self::ds:Signature) and not(self::soHieu)",
        "not(ancestor-or-self::x:Signature)",
        "true()",
    ],
)
def test_any_other_xpath_is_refused(expression: str) -> None:
    content = _both().replace(b"not(ancestor-or-self::ds:Signature)", expression.encode())
    report = _reported(content)
    assert report.decision == "hold"
    assert "SIG-REFUSED-REFERENCE" in report.findings


# 22: signature wrapping


def _hidden_in_object() -> bytes:
    content = invoice_xml()
    start, end = content.index(b"<DLHDon"), content.index(b"</DLHDon>") + len(b"</DLHDon>")
    signed = content[start:end]
    forged = signed.replace(b">100<", b">999<").replace(b'Id="data"', b'Id="x"')
    hidden = content[:start] + forged + content[end:]
    return hidden.replace(
        b"</ds:Signature>", b"<ds:Object>" + signed + b"</ds:Object></ds:Signature>"
    )


def _second_spelling() -> bytes:
    return wrapped_xml(invoice_xml()).replace(b'Id="forged"', b'ID="data"')


def _same_id_twice() -> bytes:
    return wrapped_xml(invoice_xml()).replace(b'Id="forged"', b'Id="data"')


def _unsigned_object() -> bytes:
    extra = b"<ds:Object><chiDao>chi 999</chiDao></ds:Object></ds:Signature>"
    return signed_xml().replace(b"</ds:Signature>", extra)


def _sibling() -> bytes:
    return invoice_xml().replace(b"<DSCKS>", b"<Tien>999</Tien><DSCKS>")


def _attribute() -> bytes:
    return invoice_xml().replace(b"<HDon>", b'<HDon tien="999">')


def _behind_a_comment() -> bytes:
    return invoice_xml().replace(b"<HDon>", b"<HDon><!-- -->Tien 999")


def _text_in_object() -> bytes:
    return signed_xml(xades=True).replace(b"</ds:Object>", b"999</ds:Object>")


def _in_digits(around: str = '<HDon><D Id="d">%s</D>', end: str = "%s</HDon>") -> bytes:
    """Only what the base64 digits stand for is signed."""
    digits = base64.b64encode(b"So 15").decode()
    reference = reference_to("#d", b"So 15", f"{DS}base64")
    return hand_signed_xml("leader", reference, around=around % digits + end)


def _beside_digits() -> bytes:
    return _in_digits().replace(b"</D>", b"<Tien>999</Tien></D>")


def _attribute_of_digits() -> bytes:
    return _in_digits().replace(b"<D Id", b'<D tien="999" Id')


def _among_digits() -> bytes:
    return _in_digits().replace(b'<D Id="d">', b'<D Id="d">**')


def test_digits_and_nothing_else_may_be_signed_for_what_they_stand_for() -> None:
    assert _reported(_in_digits()).decision == "accept"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"100<", b"1<!-- -->00<"),
        (b"100<", b"<!---->100<"),
        (b"<vanBan", b"<?a href='x'?><vanBan"),
    ],
)
def test_markup_that_changes_what_is_seen_and_is_not_digested_is_told(
    before: bytes, after: bytes
) -> None:
    report = _reported(signed_xml().replace(before, after, 1))
    assert (report.decision, report.findings[-1]) == ("warn", "SIG-PARTS-NOT-COVERED")
    assert report.signatures[0].detail


def test_a_comment_between_elements_is_nothing() -> None:
    assert _reported(signed_xml().replace(b"<soTien>", b"<!-- x --><soTien>")).decision == "accept"


@pytest.mark.parametrize(
    "build",
    [
        _behind_a_comment,
        _text_in_object,
        _beside_digits,
        _attribute_of_digits,
        _among_digits,
        lambda: wrapped_xml(invoice_xml()),
        _hidden_in_object,
        _second_spelling,
        _same_id_twice,
        _unsigned_object,
        _sibling,
        _attribute,
    ],
    ids=[
        *("behind a comment", "object's text", "beside digits", "digits' attribute"),
        *("among digits", "moved", "in an object", "two spellings", "same id", "object"),
        *("sibling", "attribute"),
    ],
)
def test_22_unsigned_content_beside_a_good_signature_is_not_accepted(
    build: Callable[[], bytes],
) -> None:
    report = _reported(build())
    assert report.decision == "hold"
    assert report.signatures[0].indication != "TOTAL-PASSED"


def test_the_wrapped_signature_itself_verifies_so_only_coverage_tells() -> None:
    (result,) = _reported(wrapped_xml(invoice_xml())).signatures
    assert (result.trust, result.coverage, result.sub_indication) == (
        "trusted",
        "part",
        "COVERAGE_UNCLEAR",
    )
    assert "Tien" in result.detail


# 23: documents that attack the parser


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd">',
    ],
)
def test_23_a_doctype_is_refused_before_anything_is_verified(prolog: str) -> None:
    report = _reported(prolog.encode() + signed_xml())
    assert (report.decision, report.findings) == ("hold", ("SIG-UNREADABLE",))


def test_23_deep_and_broken_documents_are_held() -> None:
    deep = b"<a>" * 5000 + signed_xml() + b"</a>" * 5000
    assert _reported(deep).findings == ("SIG-UNREADABLE",)
    assert _reported(signed_xml()[:-20]).findings == ("SIG-UNREADABLE",)


# 24: signatures that ask for too much, made with a good key

_FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
_XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"


@pytest.mark.parametrize("transform", [XPATH, _FILTER, _XSLT, "urn:unknown"])
def test_24_a_computing_transform_is_refused(transform: str) -> None:
    signed = hand_signed_xml(
        "leader", reference_to("", b"<a/>", _ENVELOPED, transform), around="<a>%s</a>"
    )
    report = _reported(signed)
    assert report.decision == "hold"
    assert "SIG-REFUSED-REFERENCE" in report.findings
    assert transform in report.signatures[0].detail


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a",
        "https://example.org/a",
        "file:///etc/passwd",
        "/etc/passwd",
        "//host/share",
        "../../outside.bin",
        "#xpointer(/)",
        "ftp://host/a",
    ],
)
def test_24_an_address_outside_the_package_is_refused(address: str) -> None:
    report = _reported(detached_xml("leader", {address: b"x"}))
    assert report.decision == "hold"
    assert "SIG-REFUSED-REFERENCE" in report.findings


def test_24_a_keyed_digest_is_no_signature() -> None:
    hmac = signed_xml().replace(
        b"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        b"http://www.w3.org/2000/09/xmldsig#hmac-sha256",
    )
    report = _reported(hmac)
    assert report.decision == "hold"
    assert "SIG-REFUSED-REFERENCE" in report.findings


def test_a_reference_to_a_manifest_says_that_the_rest_is_not_verified() -> None:
    listed = reference_to("elsewhere.bin", b"x")
    manifest = f'<ds:Object xmlns:ds="{DS}"><ds:Manifest Id="m">{listed}</ds:Manifest></ds:Object>'
    from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

    canonical = etree.tostring(etree.fromstring(manifest)[0], method="c14n", exclusive=True)
    reference = reference_to("#m", canonical, EXCLUSIVE, kind=f"{DS}Manifest")
    signed = hand_signed_xml("leader", reference, manifest.replace(f' xmlns:ds="{DS}"', ""))
    report = _reported(signed)
    assert outcomes(report.signatures) == ["TOTAL-PASSED"]
    assert "SIG-ADDITIONS-NOT-VERIFIED" in report.findings


def test_a_document_without_signature_says_so() -> None:
    assert _reported(b"<a>http://www.w3.org/2000/09/xmldsig#</a>").decision == "none"


def test_more_signatures_than_the_cap_are_held() -> None:
    many = b"<a>" + signed_xml() * 4 + b"</a>"
    facts = judged(many, question(signatures_cap=3), Carrier.XML)
    assert facts.observations == ["SIG-TOO-MANY"]


@pytest.mark.parametrize("place", range(0, 2400, 97))
def test_no_flipped_byte_is_ever_accepted_as_intact(place: int) -> None:
    content = bytearray(signed_xml())
    content[place % len(content)] ^= 1
    assert _reported(bytes(content)).decision != "accept"


def test_relative_addresses_stay_in_the_package() -> None:
    assert resolved("a%20b.bin", "data/sig.xml") == "data/a b.bin"
    assert resolved("./x/../a.bin", "sig.xml") == "a.bin"
    for address in ("../a", "/a", "http://h/a", "//h/a", "a?x=1", "http://["):
        assert resolved(address, "sig.xml") == ""


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerPool]:
    with WorkerPool(scratch=tmp_path_factory.mktemp("staging")) as pool:
        yield pool


def test_a_detached_signature_finds_its_files_in_the_package(
    pool: WorkerPool, tmp_path: Path
) -> None:
    files = {
        "data/a.bin": b"noi dung",
        "data/phu luc.bin": b"phu luc",
        "data/sig.xml": detached_xml(
            "leader", {"a.bin": b"noi dung", "phu%20luc.bin": b"phu luc"}
        ),
        "data/bad.xml": detached_xml("leader", {"a.bin": b"noi dung khac"}),
    }
    items = []
    for number, (name, content) in enumerate(files.items()):
        path = tmp_path / str(number)
        path.write_bytes(content)
        items.append(Item(name, path, name))
    snapshot, _ = trust()
    examiner = SignatureExaminer(pool, snapshot, clock=lambda: NOW)
    reports = dict(examiner.examine_many(items))
    assert reports["data/sig.xml"].decision == "accept"
    assert reports["data/bad.xml"].decision == "hold"


def test_a_file_that_cannot_be_read_is_missing_content(tmp_path: Path) -> None:
    content = detached_xml("leader", {"a.bin": b"x"})
    facts: Facts = facts_of(
        BytesIO(content), Carrier.XML, question(), {"a.bin": tmp_path / "gone"}
    )
    assert facts.results[0].indication == "INDETERMINATE"
