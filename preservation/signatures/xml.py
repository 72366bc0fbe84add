"""XMLDSig and XAdES in the worker: enveloped, enveloping, detached within the package only.

Only what signxml says was signed counts as signed; what a document holds besides is looked
for and told, which is what becomes of a wrapped signature.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.sign.ades.report import AdESFailure
from signxml.exceptions import (
    InvalidCertificate,
    InvalidDigest,
    InvalidInput,
    InvalidSignature,
    SignXMLException,
)

from preservation.signatures.facts import Facts, Question
from preservation.signatures.judging import judge
from preservation.signatures.proof import Circumstances, circumstances
from preservation.signatures.telling import from_judged, named
from preservation.signatures.xml_rules import (
    BASE64,
    DS,
    XADES,
    Reference,
    Refused,
    check_base64,
    check_digits,
    element_by_id,
    references_of,
    uncovered,
    uncovered_markup,
)
from preservation.signatures.xml_subject import XmlSubject, as_asn1
from preservation.signatures.xml_verifier import Fetch, Verified, verify
from schemas.nouns import SignatureResult
from schemas.xml import Element, XmlCaps, XmlRefused, parse_untrusted

CAPS = XmlCaps(total_bytes=64 * 1024 * 1024, elements=500_000, text_chars=10_000_000)
_CERTIFICATES_CAP = 10
_SIGNATURE = f"{{{DS}}}Signature"


class Missing(Exception):
    """A reference names a file that is not at hand."""


@dataclass
class Judgement:
    """One signature while it is judged: the result so far and what it covers here."""

    result: SignatureResult
    covered: list[Element] = field(default_factory=list)
    outside: set[str] = field(default_factory=set)
    """Addresses of other files that the signature covers."""


def examine_xml(file: BinaryIO, question: Question, beside: Mapping[str, Path]) -> Facts:
    """Facts about all signatures of an XML file."""
    files = {uri: path.read_bytes for uri, path in beside.items()}
    try:
        root = parse_untrusted(file, CAPS)
    except XmlRefused as error:
        return Facts(kind="xml", observations=["SIG-UNREADABLE"], detail=str(error)[:300])
    judgements = judge_document(root, question, lambda uri: files[uri]() if uri in files else None)
    if judgements is None:
        return Facts(kind="xml", observations=["SIG-TOO-MANY"])
    return Facts(kind="xml", results=[judgement.result for judgement in judgements])


def judge_document(root: Element, question: Question, fetch: Fetch) -> list[Judgement] | None:
    """Every signature of the document judged; None when there are more than are examined."""
    alive = list(root.iter("*"))  # elements are told apart by identity below
    signatures = [element for element in alive if element.tag == _SIGNATURE]
    if len(signatures) > question.signatures_cap:
        return None
    about = circumstances(question)
    judgements = [
        _judged(root, which, element, about, fetch) for which, element in enumerate(signatures)
    ]
    sound = [j for j in judgements if j.result.integrity == "intact"]
    owners = [e for e, j in zip(signatures, judgements, strict=True) if j in sound]
    rest = uncovered(root, owners, [element for j in sound for element in j.covered])
    if rest:
        for judgement in sound:
            judgement.result = _partial(judgement.result, rest)
    return judgements


def _partial(result: SignatureResult, rest: list[str]) -> SignatureResult:
    return replace(
        result,
        coverage="part",
        integrity="broken",
        indication="INDETERMINATE",
        sub_indication="COVERAGE_UNCLEAR",
        detail=f"not covered: {', '.join(rest)}",
    )


def _judged(
    root: Element, which: int, element: Element, about: Circumstances, fetch: Fetch
) -> Judgement:
    name = str(element.get("Id") or f"({which + 1})")
    blank = SignatureResult(field=name, kind="xml", indication="INDETERMINATE")
    try:
        return _examined(root, which, element, about, fetch, blank)
    except Refused as refusal:
        if refusal.code == "FORMAT":
            failed = replace(blank, indication="TOTAL-FAILED", sub_indication="FORMAT_FAILURE")
            return Judgement(replace(failed, detail=refusal.detail))
        refused = replace(blank, sub_indication="GENERIC", codes=(refusal.code,))
        return Judgement(replace(refused, detail=refusal.detail))
    except Missing as error:
        lost = replace(blank, sub_indication="SIGNED_DATA_NOT_FOUND", detail=str(error))
        return Judgement(lost)
    except Exception as error:  # noqa: BLE001  one signature's crash is that one's answer
        detail = f"{type(error).__name__}: {error}"[:300]
        return Judgement(replace(blank, sub_indication="GENERIC", detail=detail))


def _examined(
    root: Element,
    which: int,
    element: Element,
    about: Circumstances,
    fetch: Fetch,
    blank: SignatureResult,
) -> Judgement:
    references = references_of(element)
    covered = [_target(root, reference) for reference in references if not reference.outside]
    loose = uncovered_markup(root, references)
    certificates = _certificates(element)
    if not certificates:
        unknown = replace(blank, sub_indication="NO_SIGNING_CERTIFICATE_FOUND")
        return Judgement(unknown)
    failure: AdESFailure | None = None
    verified: Verified | None = None
    detail = ""
    try:
        verified = _verified(root, which, element, certificates, _resolver(references, fetch))
    except InvalidDigest as error:
        failure, detail = AdESFailure.HASH_FAILURE, str(error)
    except InvalidSignature as error:
        failure, detail = AdESFailure.SIG_CRYPTO_FAILURE, str(error)
    except (InvalidCertificate, InvalidInput, SignXMLException) as error:
        failure, detail = AdESFailure.FORMAT_FAILURE, str(error)
    signer = verified.certificate if verified is not None else certificates[0]
    others = tuple(as_asn1(one) for one in certificates if one != signer)
    weak = verified is not None and verified.weak
    subject = XmlSubject(element, as_asn1(signer), others, failure, weak)
    judged = asyncio.run(judge(subject, about))
    told = replace(from_judged(judged), algorithm=_algorithm(element))
    told = named(told, subject.signer)
    codes = _additions(element, references)
    if loose and failure is None:
        codes, detail = (*codes, "SIG-PARTS-NOT-COVERED"), ", ".join(loose)
    result = _described(told, element, verified, detail, field=blank.field, codes=codes)
    outside = {reference.uri for reference in references if reference.outside}
    return Judgement(result, covered, outside)


def _described(
    told: SignatureResult,
    element: Element,
    verified: Verified | None,
    detail: str,
    *,
    field: str,
    codes: tuple[str, ...],
) -> SignatureResult:
    """The result with what the element itself says; ``detail`` is why it failed, if it did."""
    result = replace(
        told,
        field=field,
        kind="xml",
        level=_level(element),
        coverage="file",
        signed_at=_signing_time(verified),
        detail=detail[:300] or told.detail,
        codes=(*told.codes, *codes),
    )
    if result.signed_at and result.time == "none":
        result = replace(result, time="claimed")
    return result


def _verified(
    root: Element,
    which: int,
    element: Element,
    certificates: list[x509.Certificate],
    resolve: Fetch,
) -> Verified:
    """Verified with whichever of its certificates fits; the last failure otherwise."""
    xades = element.find(f".//{{{XADES}}}SignedProperties") is not None
    last: InvalidSignature | None = None
    for certificate in certificates:
        try:
            return verify(root, which, certificate, resolve, xades=xades)
        except InvalidDigest:
            raise
        except InvalidSignature as error:
            last = error
    raise last or InvalidSignature("no certificate")


def _certificates(element: Element) -> list[x509.Certificate]:
    """The certificates of the signature, those that issued none of the others first."""
    found: dict[bytes, x509.Certificate] = {}
    path = f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"
    for held in element.findall(path)[:_CERTIFICATES_CAP]:
        text = "".join((held.text or "").split())
        armoured = f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----"
        certificate = x509.load_pem_x509_certificate(armoured.encode())
        found.setdefault(certificate.public_bytes(Encoding.DER), certificate)
    issuers = {c.issuer for c in found.values() if c.issuer != c.subject}
    return sorted(found.values(), key=lambda c: c.subject in issuers)


def _target(root: Element, reference: Reference) -> Element:
    target = root if reference.uri == "" else element_by_id(root, reference.uri)
    if BASE64 in reference.transforms:
        check_base64(target)
    return target


def _resolver(references: tuple[Reference, ...], fetch: Fetch) -> Fetch:
    as_xml = {reference.uri for reference in references if reference.canonical}
    as_digits = {reference.uri for reference in references if BASE64 in reference.transforms}

    def resolve(uri: str) -> object:
        content = fetch(uri)
        if content is None:
            raise Missing(uri)
        if uri in as_digits:
            check_digits(content)
        return parse_untrusted(BytesIO(content), CAPS) if uri in as_xml else content

    return resolve


def _algorithm(element: Element) -> str:
    method = element.find(f"{{{DS}}}SignedInfo/{{{DS}}}SignatureMethod")
    return str(method.get("Algorithm")).rpartition("#")[2] if method is not None else ""


def _signing_time(verified: Verified | None) -> str:
    properties = verified.properties if verified is not None else None
    if properties is None:
        return ""
    return str(properties.findtext(f".//{{{XADES}}}SigningTime") or "")


def _level(element: Element) -> str:
    return "T" if next(element.iter(f"{{{XADES}}}SignatureTimeStamp"), None) is not None else "B"


def _additions(element: Element, references: tuple[Reference, ...]) -> tuple[str, ...]:
    """What hangs on the signature and is not verified."""
    archived = any(str(e.tag).endswith("}ArchiveTimeStamp") for e in element.iter("*"))
    listed = any(reference.kind == f"{DS}Manifest" for reference in references)
    return ("SIG-ADDITIONS-NOT-VERIFIED",) if archived or listed else ()
