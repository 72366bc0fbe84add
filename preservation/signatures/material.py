"""A worker's parsed trust material: each file read, checked and parsed once per snapshot."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from asn1crypto import cms, crl, ocsp, pem, x509  # type: ignore[import-untyped]  # no types
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from preservation.signatures.relevant import RevocationIndex, index_of
from preservation.signatures.trust import TrustFile, TrustRole, TrustSnapshot, TrustUnreadable

_PEM_BEGINS = b"-----BEGIN "


@dataclass(frozen=True)
class Material:
    """Anchors, certificates and revocation data, ready for path building."""

    anchors: list[x509.Certificate] = field(default_factory=list)
    intermediates: list[x509.Certificate] = field(default_factory=list)
    crls: list[CRLContainer] = field(default_factory=list)
    ocsps: list[OCSPContainer] = field(default_factory=list)
    anchor_names: dict[bytes, str] = field(default_factory=dict)
    """``<set>/<generation>`` by the anchor's sha256."""
    index: RevocationIndex = field(default_factory=RevocationIndex)
    digests: dict[int, str] = field(default_factory=dict)
    """sha256 of each list's and response's DER, by the identity of its parsed form."""


@lru_cache(maxsize=2)
def material(snapshot: str, manifest: str) -> Material:
    """The parsed files of the snapshot whose hash is ``snapshot``, listed in ``manifest``.

    TrustUnreadable when a file vanished, changed since the snapshot was taken, or is not what
    its role says: a run must not go on with other trust than it was given.
    """
    found = Material()
    if not manifest:
        return found
    listed = TrustSnapshot.read_manifest(Path(manifest))
    if listed.sha256 != snapshot:
        raise TrustUnreadable(path=manifest, reason="another snapshot than the one asked for")
    for item in listed.files:
        for der in _ders(item):
            _add(found, item, der)
    return replace(found, index=index_of(found))


def _ders(item: TrustFile) -> list[bytes]:
    try:
        return list(ders_in(_checked(item)))
    except ValueError as error:
        raise TrustUnreadable(path=item.path, reason=f"not a {item.role}: {error}") from error


def _checked(item: TrustFile) -> bytes:
    try:
        content = Path(item.path).read_bytes()
    except OSError as error:
        raise TrustUnreadable(path=item.path, reason=str(error)) from error
    if hashlib.sha256(content).hexdigest() != item.sha256:
        raise TrustUnreadable(path=item.path, reason="changed since the snapshot was taken")
    return content


def ders_in(content: bytes) -> Iterator[bytes]:
    """The DER values of a file in PEM or DER; ValueError for a PEM file that was cut off."""
    content = content.removeprefix(codecs.BOM_UTF8)
    if pem.detect(content):
        blocks = [der for _, _, der in pem.unarmor(content, multiple=True)]
        if len(blocks) != content.count(_PEM_BEGINS):
            raise ValueError("a block without an end")
        yield from blocks
    else:
        yield content


def _add(found: Material, item: TrustFile, der: bytes) -> None:
    try:
        match item.role:
            case TrustRole.ANCHOR | TrustRole.INTERMEDIATE:
                for certificate in certificates_in(der):
                    _add_certificate(found, item, certificate)
            case TrustRole.CRL:
                parsed = crl.CertificateList.load(der, strict=True)
                _ = parsed["tbs_cert_list"]["this_update"].native
                found.crls.append(CRLContainer(parsed))
                found.digests[id(found.crls[-1])] = hashlib.sha256(der).hexdigest()
            case TrustRole.OCSP:
                response = ocsp.OCSPResponse.load(der, strict=True)
                loaded = list(OCSPContainer.load_multi(response))
                found.ocsps.extend(loaded)
                name = hashlib.sha256(der).hexdigest()
                found.digests.update((id(one), name) for one in loaded)
    except (ValueError, TypeError, KeyError) as error:
        raise TrustUnreadable(path=item.path, reason=f"not a {item.role}: {error}") from error


def _add_certificate(found: Material, item: TrustFile, certificate: x509.Certificate) -> None:
    if item.role == TrustRole.ANCHOR:
        found.anchors.append(certificate)
        name = "/".join(part for part in (item.anchor_set, item.generation) if part)
        found.anchor_names[certificate.sha256] = name
    else:
        found.intermediates.append(certificate)


def certificates_in(der: bytes) -> Iterator[x509.Certificate]:
    """One certificate, or all of a PKCS #7 bundle."""
    bundle = cms.ContentInfo.load(der)
    try:
        bundled: Any = bundle["content"]["certificates"]
    except (ValueError, TypeError, KeyError):
        certificate = x509.Certificate.load(der, strict=True)
        _ = certificate.subject.native
        yield certificate
        return
    for choice in bundled:
        if choice.name == "certificate":
            yield choice.chosen
