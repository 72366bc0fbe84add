"""What makes a certificate unfit although path validation passed it.

pyHanko asks for no purpose beyond key usage, knows no lower limit for elliptic curves, asks
OCSP first and then looks at no list any more, and passes over delta lists that the certificate
does not announce. Somebody's newest word that a certificate was revoked is heard here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from asn1crypto import core  # type: ignore[import-untyped]  # asn1crypto has no types
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed

from preservation.signatures.proof import Result, certificate_of
from preservation.signatures.relevant import DELTA, scope_of

_OTHER_PURPOSES = frozenset({"server_auth", "code_signing", "time_stamping", "ocsp_signing"})
"""A certificate for these alone is for no document; any other purpose is let pass."""
_CURVE_BITS = 224


def fit(result: Result) -> Result:
    """The same, unless its signer's certificate is for something else, or its key too short."""
    certificate = certificate_of(result)
    if result.ades_subindic != AdESPassed.OK or certificate is None:
        return result
    purposes = certificate.extended_key_usage_value
    if purposes is not None and {*purposes.native} <= _OTHER_PURPOSES:
        return replace(result, ades_subindic=AdESIndeterminate.CHAIN_CONSTRAINTS_FAILURE)
    key = certificate.public_key
    if key.algorithm == "ec" and int(key.bit_size) < _CURVE_BITS:
        return replace(result, ades_subindic=AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE)
    return result


def unrevoked(result: Result, lists: Iterable[Any], moment: datetime) -> Result:
    """The same, unless a certificate of its path was revoked by ``moment``, as the newest of
    each kind of the issuer's own ``lists`` says."""
    path = getattr(result.api_status, "validation_path", None)
    if result.ades_subindic != AdESPassed.OK or path is None:
        return result
    newest = _newest(lists)
    chain = list(path.iter_certs(include_root=True))
    for issuer, certificate in pairwise(chain):
        if any(_revokes(each, issuer, certificate, moment) for each in newest):
            ours = certificate is chain[-1]
            revoked = AdESIndeterminate.REVOKED_NO_POE
            kind = revoked if ours else AdESIndeterminate.REVOKED_CA_NO_POE
            return replace(result, ades_subindic=kind)
    return result


def _newest(lists: Iterable[Any]) -> list[Any]:
    """Of each issuer and scope the newest list; deltas only if newer than the full ones."""
    found: dict[tuple[str, bytes], Any] = {}
    for container in sorted(lists, key=_begins):
        content = container.crl_data["tbs_cert_list"]
        found[content["issuer"].hashable, scope_of(content["crl_extensions"])] = container
    return [each for key, each in found.items() if not _outdone(key, each, found)]


def _outdone(key: tuple[str, bytes], delta: Any, found: dict[tuple[str, bytes], Any]) -> bool:
    """Whether a delta list is older than the full list of its scope, or, where there is none
    of that scope, than any of its issuer."""
    issuer, scope = key
    if not scope.endswith(DELTA):
        return False
    full = {
        s: each for (name, s), each in found.items() if name == issuer and not s.endswith(DELTA)
    }
    whole = scope.removesuffix(DELTA)
    others = [full[whole]] if whole in full else list(full.values())
    return any(_begins(delta) < _begins(other) for other in others)


def _begins(container: Any) -> datetime:
    moment: datetime = container.crl_data["tbs_cert_list"]["this_update"].native
    return moment


def _revokes(container: Any, issuer: Any, certificate: Any, moment: datetime) -> bool:
    listed = container.crl_data
    if listed.issuer.hashable != issuer.subject.hashable:
        return False
    der = listed.dump()
    if core.Integer(certificate.serial_number).dump() not in der:
        return False
    try:
        return _tells(der, issuer, certificate, moment)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False  # what cannot be read or verified tells nothing


def _tells(der: bytes, issuer: Any, certificate: Any, moment: datetime) -> bool:
    parsed = x509.load_der_x509_crl(der)
    entry = parsed.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None or entry.revocation_date_utc > moment or _lifted(entry):
        return False
    key: Any = x509.load_der_x509_certificate(issuer.dump()).public_key()
    return parsed.is_signature_valid(key)


def _lifted(entry: x509.RevokedCertificate) -> bool:
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        return False
    return reason is x509.ReasonFlags.remove_from_crl
