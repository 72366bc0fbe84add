"""pyHanko told how to judge: offline, key usage checked, revocation data required.

Traps that stand behind this page (docs/measurements/signatures.md): ``ades_*`` check no key
usage unless told to; without a fetcher backend of ours each run would make an HTTP client.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko.sign.validation.policy_decl import (
    CertificateFetchingRule,
    LocalKnowledge,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.fetchers import FetcherBackend, Fetchers
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from preservation.signatures.material import Material

SIGNING_USAGE = KeyUsageConstraints(
    key_usage={"digital_signature", "non_repudiation"},
    match_all_key_usages=False,
)


class NoNetwork(FetcherBackend):
    """Fetches nothing: asking it is a mistake of ours, and says so."""

    def get_fetchers(self) -> Fetchers:
        """Never called under the rules below."""
        raise RuntimeError("signatures are judged offline")

    async def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True)
class Extra:
    """Validation data that a signed file brings along."""

    certificates: Sequence[x509.Certificate] = ()
    crls: Sequence[CRLContainer] = ()
    ocsps: Sequence[OCSPContainer] = ()


def validation_spec(
    trust: Material, extra: Extra | None = None, *, retroactive: bool = False
) -> SignatureValidationSpec:
    """How to judge one file with the snapshot's material and its own.

    ``retroactive`` accepts revocation data issued after the moment judged, as needed when a
    proven moment is examined again with later CRLs.
    """
    more = extra or Extra()
    return SignatureValidationSpec(
        cert_validation_policy=CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust.anchors),
            revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO, retroactive_revinfo=retroactive),
        ),
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY,
            fetcher_backend=NoNetwork(),
            certificate_fetching_rule=CertificateFetchingRule.NEVER_FETCH,
        ),
        local_knowledge=LocalKnowledge(
            known_ocsps=[*trust.ocsps, *more.ocsps],
            known_crls=[*trust.crls, *more.crls],
            known_certs=[*trust.intermediates, *more.certificates],
        ),
        key_usage_settings=SIGNING_USAGE,
    )


def timing(moment: datetime, *, proven: bool) -> ValidationTimingInfo:
    """Judging at ``moment``: live, or as of a moment at which the signature existed."""
    return ValidationTimingInfo(
        validation_time=moment, best_signature_time=moment, point_in_time_validation=proven
    )
