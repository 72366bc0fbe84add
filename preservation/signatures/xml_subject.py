"""An XML signature as the ladder's subject: integrity by signxml, everything else as for CMS."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from asn1crypto import cms  # type: ignore[import-untyped]  # asn1crypto has no types
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed, AdESSubIndic
from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.ades import AdESBasicValidationResult, ValidationObjectSet
from pyhanko.sign.validation.policy_decl import bootstrap_validation_data_handlers
from pyhanko.sign.validation.status import StandardCMSSignatureStatus

from preservation.signatures.judging import Imprint
from preservation.signatures.proof import Circumstances, Result
from preservation.signatures.relevant import relevant
from preservation.signatures.spec import SIGNING_USAGE, timing, validation_spec
from preservation.signatures.xml_rules import DS, XADES
from preservation.signatures.xml_verifier import canonical
from schemas.xml import Element

_RSA_BITS = 2048
_INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"


@dataclass(frozen=True)
class XmlSubject:
    """One ``ds:Signature`` whose integrity is known.

    ``failure`` is AdESFailure when it does not verify. ``weak`` says that it leans on an
    algorithm that no longer protects.
    """

    element: Element
    signer: asn1_x509.Certificate
    others: tuple[asn1_x509.Certificate, ...]
    failure: AdESFailure | None
    weak: bool

    @property
    def certificate(self) -> Any:
        """The signer's certificate."""
        return self.signer

    @property
    def archived(self) -> bool:
        """XAdES archive time stamps are not validated."""
        return False

    def stamps(self) -> list[tuple[Any, Imprint]]:
        """XAdES signature time stamps that can be read."""
        found = []
        for stamp in self.element.iter(f"{{{XADES}}}SignatureTimeStamp"):
            method = stamp.find(f"{{{DS}}}CanonicalizationMethod")
            algorithm = str(method.get("Algorithm")) if method is not None else _INCLUSIVE
            for token in stamp.findall(f"{{{XADES}}}EncapsulatedTimeStamp"):
                value = cms.ContentInfo.load(b64decode(token.text or ""))
                found.append((value["content"], self._imprint(algorithm)))
        return found

    def _imprint(self, algorithm: str) -> Imprint:
        value = self.element.find(f"{{{DS}}}SignatureValue")

        def digest(name: str) -> bytes:
            return hashlib.new(name, canonical(value, algorithm)).digest()

        return digest

    async def basic(self, about: Circumstances, moment: datetime, *, proven: bool) -> Result:
        """Integrity as found, and the certificate at ``moment``."""
        if self.failure is not None:
            return self._result(self.failure, None, moment)
        if self.weak or _short_key(self.signer):
            return self._result(AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE, None, moment)
        until = self.signer.not_valid_after if proven else None
        trust = relevant(about.trust, (self.signer, *self.others), moment, until=until)
        spec = validation_spec(trust, about.extra, retroactive=proven)
        when = timing(moment, proven=proven)
        context = spec.cert_validation_policy.build_validation_context(
            timing_info=when,
            handlers=bootstrap_validation_data_handlers(spec=spec, timing_info=when),
        )
        context.certificate_registry.register_multiple(self.others)
        found = await generic_cms.validate_cert_usage(
            self.signer,
            context,
            key_usage_settings=SIGNING_USAGE,
            paths=context.path_builder.async_build_paths_lazy(self.signer),
        )
        return self._result(found.error_subindic or AdESPassed.OK, found, moment)

    async def with_time(self, about: Circumstances, proven_at: datetime, basic: Result) -> Result:
        """A revocation later than the time stamp does not touch the signature."""
        del about
        details = getattr(basic.api_status, "revocation_details", None)
        later = details is not None and proven_at < details.revocation_date
        if basic.ades_subindic == AdESIndeterminate.REVOKED_NO_POE and later:
            return replace(basic, ades_subindic=AdESPassed.OK)
        return basic

    async def long_term(self, about: Circumstances) -> tuple[Result, datetime | None] | None:
        """Archive time stamps of XAdES are not validated (``xml`` says so)."""
        del about
        return None

    def _result(self, indic: AdESSubIndic, found: Any, moment: datetime) -> Result:
        intact = self.failure is None
        path = (found.success_result or found.error_path) if found is not None else None
        status = StandardCMSSignatureStatus(
            intact=intact,
            valid=intact,
            trust_problem_indic=None if indic == AdESPassed.OK else indic,
            signing_cert=self.signer,
            pkcs7_signature_mechanism="",
            md_algorithm="",
            validation_path=path,
            revocation_details=found.revo_details if found is not None else None,
            error_time_horizon=None,
            validation_time=moment,
            qualification_result=None,
        )
        return AdESBasicValidationResult(
            ades_subindic=indic,
            api_status=status,
            failure_msg=None,
            validation_objects=ValidationObjectSet.empty(),
        )


def as_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """The same certificate as the path builder wants it."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _short_key(certificate: asn1_x509.Certificate) -> bool:
    key = certificate.public_key
    return key.algorithm in {"rsa", "dsa"} and int(key.bit_size) < _RSA_BITS
