"""What was proved of one signature, and under which circumstances: the ladder's in and out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from asn1crypto import x509  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed, AdESStatus, AdESSubIndic
from pyhanko.sign.validation.ades import AdESBasicValidationResult
from pyhanko.sign.validation.status import SignatureStatus

from preservation.signatures.facts import Question
from preservation.signatures.grounds import EvidenceFolder, Grounds
from preservation.signatures.material import Material, material
from preservation.signatures.quicker import quicker
from preservation.signatures.spec import Extra
from schemas.moments import parse_moment

_INDICATIONS = {
    AdESStatus.PASSED: "TOTAL-PASSED",
    AdESStatus.FAILED: "TOTAL-FAILED",
    AdESStatus.INDETERMINATE: "INDETERMINATE",
}

_UNTRUSTED = frozenset(
    {
        AdESIndeterminate.REVOKED_NO_POE,
        AdESIndeterminate.REVOKED_CA_NO_POE,
        AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE,
    }
)

Result = AdESBasicValidationResult[Any]


@dataclass(frozen=True)
class Circumstances:
    """With what material and as of when a signature is judged."""

    trust: Material
    moment: datetime
    proven: bool = False
    """The signature is known to have existed at ``moment`` (the repository's own evidence)."""
    extra: Extra = field(default_factory=Extra)
    """Validation data of the file itself that is in use."""
    brought: Callable[[], Extra] = Extra
    """All such data: read and used only where the imported material leaves something open."""

    evidence: EvidenceFolder = field(default_factory=EvidenceFolder)
    """Where what verdicts rest on is kept."""

    def with_brought(self) -> Circumstances:
        """The same with all of the file's own data in use."""
        return replace(self, extra=self.brought())


@dataclass(frozen=True)
class Judged:
    """What was proved of one signature, before coverage and policy."""

    indication: str
    sub_indication: str
    integrity: str
    trust: str
    time: str
    proven_at: datetime | None
    anchor: str
    codes: tuple[str, ...]
    evidence: tuple[str, ...]
    message: str = ""
    holds_until: datetime | None = None
    """For a pass: until when it would be one again."""
    outcome: Result | None = None
    """What the library said of it, for its own report."""


def judged_timestamp(stamp: Any, result: Result, about: Circumstances) -> Judged:
    """A time stamp's outcome in the same form as a signature's."""
    passed = result.ades_subindic == AdESPassed.OK
    status = result.api_status
    grounds = Grounds(about)
    if passed:
        grounds.stamp(stamp, result, about)
    return judged(result, status.timestamp if passed and status else None, [], about, grounds)


def judged(
    result: Result,
    proven_at: datetime | None,
    codes: list[str],
    about: Circumstances,
    grounds: Grounds,
) -> Judged:
    indic = result.ades_subindic
    status = result.api_status
    passed = indic == AdESPassed.OK
    certificate = certificate_of(result)
    alone = certificate is not None and _stands_alone(certificate, about.trust)
    if alone:
        codes = [*codes, "SIG-SELF-SIGNED"]
    if not about.trust.anchors:
        codes = [*codes, "SIG-NO-TRUST-CONFIGURED"]
    if passed:
        trust = "trusted"
    else:
        trust = "untrusted" if alone or indic in _UNTRUSTED else "not_established"
    return Judged(
        indication=_INDICATIONS[indic.status],
        sub_indication="" if passed else _name(indic),
        integrity=_integrity(status),
        trust=trust,
        time="proven" if proven_at else _claimed(status),
        proven_at=proven_at,
        anchor=_anchor(status, about.trust) if passed else "",
        codes=tuple(codes),
        evidence=grounds.refs,
        message=str(result.failure_msg or ""),
        holds_until=grounds.holds_until if passed else None,
        outcome=result,
    )


def circumstances(question: Question, brought: Callable[[], Extra] = Extra) -> Circumstances:
    """With what, and as of when, the question asks for a file's signatures to be judged."""
    quicker()
    return Circumstances(
        trust=material(question.snapshot, question.manifest),
        moment=parse_moment(question.moment),
        proven=question.proven,
        brought=brought,
        evidence=EvidenceFolder(question.evidence),
    )


def _name(indic: AdESSubIndic) -> str:
    return str(indic.standard_name)


def _integrity(status: SignatureStatus | None) -> str:
    if status is None:
        return "unknown"
    return "intact" if status.intact and status.valid else "broken"


def _claimed(status: Any) -> str:
    return "claimed" if getattr(status, "signer_reported_dt", None) else "none"


def certificate_of(result: Result) -> Any:
    return getattr(result.api_status, "signing_cert", None)


def _stands_alone(certificate: x509.Certificate, trust: Material) -> bool:
    """Whether a certificate vouches only for itself."""
    return (
        certificate.subject == certificate.issuer and certificate.sha256 not in trust.anchor_names
    )


def _anchor(status: Any, trust: Material) -> str:
    path = getattr(status, "validation_path", None)
    if path is None:
        return ""
    anchor = path.trust_anchor.authority.certificate if path.trust_anchor else None
    return trust.anchor_names.get(anchor.sha256, "") if anchor is not None else ""
