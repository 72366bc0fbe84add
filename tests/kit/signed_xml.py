"""Signed XML: enveloped, enveloping, detached, with XAdES properties or without."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types
from signxml.algorithms import DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner
from signxml.xades.xades import XAdESSigner

from kit.pki import pki

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"

LETTER = '<vanBan xmlns="urn:thu"><soHieu>15/QĐ-UBND</soHieu><soTien>100</soTien></vanBan>'
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


class _Careless(XMLSigner):
    """Signs with SHA-1 too."""

    def check_deprecated_methods(self) -> None:
        """Nothing is deprecated here."""


def _signer(
    construction: SignatureConstructionMethod, label: str, *, xades: bool, weak: bool
) -> XMLSigner:
    method = SignatureMethod.ECDSA_SHA256 if label not in {"rsa", "weak"} else _rsa(weak)
    kind = XAdESSigner if xades else _Careless
    signer: XMLSigner = kind(
        method=construction,
        signature_algorithm=method,
        digest_algorithm=DigestAlgorithm.SHA256,
    )
    return signer


def _rsa(weak: bool) -> SignatureMethod:
    return SignatureMethod.RSA_SHA1 if weak else SignatureMethod.RSA_SHA256


def _key(label: str) -> Any:
    return load_der_private_key(pki().key(label).dump(), None)


def _chain(label: str) -> list[Any]:
    names = (label,) if label == "lone" else (label, "sub")
    loaded = [x509.load_der_x509_certificate(pki().certificate(name).dump()) for name in names]
    return [certificate.public_bytes(Encoding.PEM).decode() for certificate in loaded]


def signed_xml(
    label: str = "leader",
    content: str = LETTER,
    *,
    method: str = "enveloped",
    xades: bool = False,
    reference: str | list[str] | None = None,
    weak: bool = False,
) -> bytes:
    """``content`` signed by ``label``; ``method`` is enveloped, enveloping or detached."""
    construction = SignatureConstructionMethod[method]
    signer = _signer(construction, label, xades=xades, weak=weak)
    signed = signer.sign(
        etree.fromstring(content.encode()),
        key=_key(label),
        cert=_chain(label),
        reference_uri=reference,
    )
    written: bytes = etree.tostring(signed)
    return written


def detached_xml(label: str, files: dict[str, bytes]) -> bytes:
    """A ``ds:Signature`` over other files, digested as bytes, made by hand."""
    references = "".join(reference_to(uri, content) for uri, content in files.items())
    return hand_signed_xml(label, references)


def hand_signed_xml(label: str, references: str, objects: str = "", around: str = "%s") -> bytes:
    """A signature whose references are whatever the attacker wrote, signed with ``label``."""
    info = (
        f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm='
        '"http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:SignatureMethod Algorithm='
        '"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"/>'
        f"{references}</ds:SignedInfo>"
    )
    canonical = etree.tostring(etree.fromstring(info), method="c14n", exclusive=True)
    raw = _key(label).sign(canonical, ec.ECDSA(hashes.SHA256()))
    r, s = utils.decode_dss_signature(raw)
    value = base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()
    held = "".join(
        f"<ds:X509Certificate>{''.join(pem.split(chr(10))[1:-2])}</ds:X509Certificate>"
        for pem in _chain(label)
    )
    inner = info.replace(f' xmlns:ds="{DS}"', "", 1)
    signature = (
        f'<ds:Signature xmlns:ds="{DS}">{inner}<ds:SignatureValue>{value}</ds:SignatureValue>'
        f"<ds:KeyInfo><ds:X509Data>{held}</ds:X509Data></ds:KeyInfo>{objects}</ds:Signature>"
    )
    return (around % signature).encode()


def reference_to(uri: str, canonical: bytes, *transforms: str, kind: str = "") -> str:
    """A reference whose digest is that of ``canonical``."""
    listed = "".join(f'<ds:Transform Algorithm="{one}"/>' for one in transforms)
    around = f"<ds:Transforms>{listed}</ds:Transforms>" if transforms else ""
    digest = base64.b64encode(hashlib.sha256(canonical).digest()).decode()
    typed = f' Type="{kind}"' if kind else ""
    return (
        f'<ds:Reference{typed} URI="{uri}">{around}<ds:DigestMethod Algorithm='
        f'"http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>{digest}</ds:DigestValue>'
        "</ds:Reference>"
    )


def invoice_xml(label: str = "organ") -> bytes:
    """The shape of an electronic invoice: data and signature are siblings."""
    data = '<DLHDon Id="data"><TTChung>15</TTChung><Tien>100</Tien></DLHDon>'
    canonical = etree.tostring(etree.fromstring(data), method="c14n", exclusive=True)
    reference = reference_to("#data", canonical, EXCLUSIVE)
    around = f"<HDon>{data}<DSCKS><NBan>%s</NBan></DSCKS></HDon>"
    return hand_signed_xml(label, reference, around=around)


def stamped(content: bytes, moment: datetime) -> bytes:
    """A XAdES document with a signature time stamp added."""
    root = etree.fromstring(content)
    (value,) = root.iter(f"{{{DS}}}SignatureValue")
    alone = etree.fromstring(etree.tostring(value, with_tail=False))
    imprint = hashlib.sha256(etree.tostring(alone, method="c14n", exclusive=True)).digest()
    token = asyncio.run(pki().timestamper(moment).async_timestamp(imprint, "sha256"))
    (properties,) = root.iter(f"{{{XADES}}}QualifyingProperties")
    for name in ("UnsignedProperties", "UnsignedSignatureProperties", "SignatureTimeStamp"):
        properties = etree.SubElement(properties, f"{{{XADES}}}{name}")
    etree.SubElement(properties, f"{{{DS}}}CanonicalizationMethod", Algorithm=EXCLUSIVE)
    held = etree.SubElement(properties, f"{{{XADES}}}EncapsulatedTimeStamp")
    held.text = base64.b64encode(token.dump()).decode()
    written: bytes = etree.tostring(root)
    return written


def wrapped_xml(content: bytes) -> bytes:
    """The signed element moved into a corner, a forged one in its place."""
    (signed,) = re.findall(rb"<DLHDon.*?</DLHDon>", content, re.DOTALL)
    forged = signed.replace(b">100<", b">999<").replace(b'Id="data"', b'Id="forged"')
    return content.replace(signed, forged + b"<corner>" + signed + b"</corner>", 1)
