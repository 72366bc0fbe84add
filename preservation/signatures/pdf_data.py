"""Validation data that a signed PDF brings along: its security store, Adobe's attribute."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from asn1crypto import crl, ocsp, x509  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko.pdf_utils.decode_limits import DecodePurpose
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from preservation.signatures.pdf_reader import BulkSignature
from preservation.signatures.spec import Extra

ITEMS_CAP = 500
T = TypeVar("T")


def has_store(reader: PdfFileReader) -> bool:
    """Whether the file has a document security store."""
    try:
        return "/DSS" in reader.root
    except Exception:  # noqa: BLE001  an unreadable catalogue has none
        return False


def brought_along(reader: PdfFileReader, signatures: Iterable[BulkSignature]) -> Extra:
    """All certificates, CRLs and OCSP responses inside the file; unreadable ones are skipped.

    They are not trusted for being there: each must chain to an imported anchor like any other.
    """
    certificates = list(_streams(reader, "/Certs", DecodePurpose.CERTIFICATE, _certificate))
    crls = list(_streams(reader, "/CRLs", DecodePurpose.CRL, _crl))
    responses = list(_streams(reader, "/OCSPs", DecodePurpose.OCSP_RESPONSE, _responses))
    ocsps = [one for group in responses for one in group]
    for signature in signatures:
        inside = _in_attributes(signature)
        crls.extend(inside.crls)
        ocsps.extend(inside.ocsps)
    return Extra(certificates, crls, ocsps)


def _streams(
    reader: PdfFileReader, key: str, purpose: DecodePurpose, load: Callable[[bytes], T]
) -> Iterator[T]:
    try:
        items = list(reader.root["/DSS"][key])[:ITEMS_CAP]
    except Exception:  # noqa: BLE001  no store, or none that can be read
        return
    for item in items:
        try:
            yield load(item.get_object().read_data(purpose))
        except Exception:  # noqa: BLE001, S112  a bad item proves nothing
            continue


def _certificate(content: bytes) -> x509.Certificate:
    certificate = x509.Certificate.load(content, strict=True)
    _ = (certificate.subject.native, certificate.not_valid_after)
    return certificate


def _crl(content: bytes) -> CRLContainer:
    parsed = crl.CertificateList.load(content, strict=True)
    _ = parsed["tbs_cert_list"]["this_update"].native
    return CRLContainer(parsed)


def _responses(content: bytes) -> list[OCSPContainer]:
    return list(OCSPContainer.load_multi(ocsp.OCSPResponse.load(content, strict=True)))


def _in_attributes(signature: BulkSignature) -> Extra:
    """What Adobe's signed attribute holds; nothing when it cannot be read."""
    crls: list[CRLContainer] = []
    ocsps: list[OCSPContainer] = []
    try:
        for attribute in signature.signer_info["signed_attrs"]:
            if attribute["type"].native != "adobe_revocation_info_archival":
                continue
            for archived in attribute["values"]:
                crls.extend(_crl(one.dump()) for one in archived["crl"])
                for one in archived["ocsp"]:
                    ocsps.extend(_responses(one.dump()))
    except Exception:  # noqa: BLE001  the validation proper says what is wrong
        return Extra()
    return Extra(crls=crls[:ITEMS_CAP], ocsps=ocsps[:ITEMS_CAP])
