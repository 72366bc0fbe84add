"""signxml asked for one signature of a document at a time, with nothing taken on trust.

The library looks for *a* signature; here it is told which. The certificate is handed to it,
so that its own trust and clock play no part: those are judged like any other certificate's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography import x509
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.util import _remove_sig
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier
from signxml.xades.xades import XAdESSignatureConfiguration, XAdESVerifier

from preservation.signatures.xml_rules import DS, XADES, leaves_signatures_out
from schemas.xml import Element

Fetch = Callable[[str], Any]
"""What a reference to another file digests: bytes, or an element to canonicalise."""

_METHODS = frozenset(m for m in SignatureMethod if not m.name.startswith("HMAC"))
_WEAK = frozenset(m.value for m in SignatureMethod if "SHA1" in m.name) | {
    DigestAlgorithm.SHA1.value
}


class _Picked(XMLVerifier):
    """The verifier of the signature number ``which`` in document order."""

    which = 0

    def _get_signature(self, root: Any) -> Any:
        return list(root.iter(f"{{{DS}}}Signature"))[self.which]

    def _apply_transforms(self, payload: Any, *, transforms_node: Any, signature: Any) -> Any:
        """The library passes over XPath; the one allowed here is done by hand."""
        steps = () if transforms_node is None else transforms_node.findall(f"{{{DS}}}Transform")
        if any(leaves_signatures_out(step) for step in steps):
            for other in list(payload.iter(f"{{{DS}}}Signature")):
                _remove_sig(other, idempotent=True)
        return super()._apply_transforms(
            payload, transforms_node=transforms_node, signature=signature
        )

    def canonical(self, element: Element, algorithm: str) -> bytes:
        """``element`` in the canonical form named by ``algorithm``."""
        text = self._tostring(element, with_tail=False)  # type: ignore[no-untyped-call]
        alone = self._fromstring(text)  # type: ignore[no-untyped-call]  # signxml types some
        written: bytes = self._c14n(alone, algorithm=CanonicalizationMethod(algorithm))
        return written


class _PickedXades(_Picked, XAdESVerifier):
    """The same for XAdES, whose signed properties are checked as well."""


@dataclass(frozen=True)
class Verified:
    """What signxml vouches for: the signed elements and the certificate that fits."""

    certificate: x509.Certificate
    signed: tuple[VerifyResult, ...]
    weak: bool

    @property
    def properties(self) -> Element | None:
        """The XAdES signed properties, only if they are signed."""
        for result in self.signed:
            signed = result.signed_xml
            if signed is not None and signed.tag == f"{{{XADES}}}SignedProperties":
                return signed
        return None


def verify(
    root: Element, which: int, certificate: x509.Certificate, fetch: Fetch, *, xades: bool
) -> Verified:
    """The signature number ``which`` verified with ``certificate``; signxml's exceptions."""
    verifier = _PickedXades() if xades else _Picked()
    verifier.which = which
    kind = XAdESSignatureConfiguration if xades else SignatureConfiguration
    results = verifier.verify(
        root,
        x509_cert=certificate,
        uri_resolver=fetch,
        expect_config=kind(
            expect_references=True,
            signature_methods=_METHODS,
            digest_algorithms=frozenset(DigestAlgorithm),
            # Validity is judged elsewhere; here the certificate is taken at its own time.
            verification_time=certificate.not_valid_before_utc + timedelta(seconds=1),
        ),
    )
    found = tuple(results) if isinstance(results, list) else (results,)
    return Verified(certificate, found, _is_weak(found))


def canonical(element: Element, algorithm: str) -> bytes:
    """``element`` in the canonical form named by ``algorithm``; ValueError for another."""
    return _Picked().canonical(element, algorithm)


def _is_weak(results: tuple[VerifyResult, ...]) -> bool:
    signature = results[0].signature_xml
    info = signature.find(f"{{{DS}}}SignedInfo")
    named = [element.get("Algorithm") for element in info.iter("*")]
    return any(name in _WEAK for name in named)
