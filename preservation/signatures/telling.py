"""From what was proved of a signature to the result that is kept and shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pyhanko.sign import general

from preservation.signatures.proof import Judged
from schemas.moments import format_moment
from schemas.nouns import SignatureResult


def describe(signed_data: Any, judged: Judged) -> SignatureResult:
    """The result of one CMS signature, with what its signer says of himself."""
    info = signed_data["signer_infos"][0]
    result = replace(
        from_judged(judged), signed_at=_signing_time(info), algorithm=_algorithm(info)
    )
    certificate = signer_certificate(signed_data)
    return result if certificate is None else named(result, certificate)


def from_judged(judged: Judged) -> SignatureResult:
    """What was proved, without names."""
    proven = judged.proven_at
    return SignatureResult(
        field="",
        indication=judged.indication,
        sub_indication=judged.sub_indication,
        integrity=judged.integrity,
        trust=judged.trust,
        time=judged.time,
        detail="" if judged.indication == "TOTAL-PASSED" else judged.message,
        proven_at=format_moment(proven) if proven is not None else "",
        anchor=judged.anchor,
        codes=judged.codes,
        evidence=judged.evidence,
        holds_until=format_moment(judged.holds_until) if judged.holds_until else "",
    )


def signer_certificate(signed_data: Any) -> Any:
    """The certificate that the signature claims, None when it brings none."""
    try:
        return general.extract_certificate_info(signed_data).signer_cert
    except Exception:  # noqa: BLE001  the validation proper says what is wrong
        return None


def named(result: SignatureResult, certificate: Any) -> SignatureResult:
    """The result with the names its signer's certificate states."""
    subject = certificate.subject.native
    return replace(
        result,
        signer=_text(subject.get("common_name")) or certificate.subject.human_friendly,
        issuer=certificate.issuer.human_friendly,
        organisation=_text(subject.get("organization_name")),
        certificate=certificate.sha256.hex(),
        valid_from=format_moment(certificate.not_valid_before),
        valid_until=format_moment(certificate.not_valid_after),
        algorithm=" ".join(filter(None, (result.algorithm, _key_of(certificate)))),
    )


def _key_of(certificate: Any) -> str:
    """``rsa 2048``, ``secp256r1``: what the signer's key is."""
    try:
        key = certificate.public_key
        told = key.curve[1] if key.algorithm == "ec" else f"{key.algorithm} {key.bit_size}"
    except Exception:  # noqa: BLE001  an odd key is told as none
        return ""
    return str(told)


def _algorithm(signer_info: Any) -> str:
    try:
        digest = signer_info["digest_algorithm"]["algorithm"].native
        scheme = signer_info["signature_algorithm"]["algorithm"].native
    except Exception:  # noqa: BLE001  an unknown one is told as none
        return ""
    return f"{digest} {scheme}"


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value or "")


def _signing_time(signer_info: Any) -> str:
    for attribute in signer_info["signed_attrs"] or ():
        if attribute["type"].native == "signing_time":
            return format_moment(attribute["values"][0].native)
    return ""
