"""What goes into a signature job and what comes out: plain values on both sides."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec

from schemas.moments import format_moment
from schemas.nouns import SignatureResult

CONTENTS_CAP_BYTES = 8 * 1024 * 1024
SIGNATURES_CAP = 50


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to examine a file with. ``moment`` is RFC 3339; ``manifest`` is a file that
    lists the trust material of ``snapshot``."""

    moment: str
    proven: bool = False
    """The file is known to have existed, unchanged, at ``moment``."""
    snapshot: str = ""
    manifest: str = ""
    contents_cap_bytes: int = CONTENTS_CAP_BYTES
    signatures_cap: int = SIGNATURES_CAP


@dataclass
class Facts:
    """What a job found: results, and observation codes about the file as a whole."""

    kind: str
    results: list[SignatureResult] = field(default_factory=list)
    observations: list[str] = field(default_factory=list)
    detail: str = ""


def describe(signer_info: Any, certificate: Any, judged: Any) -> SignatureResult:
    """The result of one CMS signature, with what its signer says of himself."""
    subject = certificate.subject.native
    proven = judged.proven_at
    return SignatureResult(
        field="",
        indication=judged.indication,
        sub_indication=judged.sub_indication,
        integrity=judged.integrity,
        trust=judged.trust,
        time=judged.time,
        signer=_text(subject.get("common_name")) or certificate.subject.human_friendly,
        signed_at=_signing_time(signer_info),
        detail="" if judged.indication == "TOTAL-PASSED" else judged.message,
        proven_at=format_moment(proven) if proven is not None else "",
        issuer=certificate.issuer.human_friendly,
        organisation=_text(subject.get("organization_name")),
        certificate=hashlib.sha256(certificate.dump()).hexdigest(),
        anchor=judged.anchor,
        codes=judged.codes,
        evidence=judged.evidence,
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(part) for part in value)
    return str(value or "")


def _signing_time(signer_info: Any) -> str:
    for attribute in signer_info["signed_attrs"] or ():
        if attribute["type"].native == "signing_time":
            return format_moment(attribute["values"][0].native)
    return ""
