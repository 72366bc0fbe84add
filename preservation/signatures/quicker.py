"""The libraries spared work that they repeat; nothing that they decide changes.

Measured on archived PDFs (docs/measurements/signatures.md): names are prepared for comparison
anew each time, the names of certificates are compared before their numbers, every signature's
certificates are parsed although the same few come in every file, and the same revocation list
has its signature verified for each certificate anew.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, Generic, TypeVar

from asn1crypto import x509  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko.sign import general
from pyhanko.sign.validation import generic_cms
from pyhanko_certvalidator import sig_validate

_NAMES = 4096
_CERTIFICATES = 512
_VERIFIED = 4096
_CERTIFICATE_BYTES = 16 * 1024
"""A larger certificate is not remembered: memory stays bounded whatever comes."""

T = TypeVar("T")


class _Recent(Generic[T]):
    """The most recent values by key; the oldest is forgotten."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``key``, made when it is not known."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        made = make()
        with self._lock:
            self._values[key] = made
            if len(self._values) > self._size:
                self._values.popitem(last=False)
        return made


_prepared: _Recent[tuple[object, ...]] = _Recent(_NAMES)
_good: _Recent[bool] = _Recent(_VERIFIED)
_parsed: _Recent[Any] = _Recent(_CERTIFICATES)


@cache
def quicker() -> None:
    """The libraries of this process are quicker from now on; a second call does nothing."""
    x509.Name.__eq__ = _same_name
    patches: tuple[tuple[Any, str, Callable[[Any], Any]], ...] = (
        (general, "match_issuer_serial", _serial_first),
        (general, "extract_certificate_info", _remembering),
        (generic_cms, "extract_certificate_info", _remembering),
        (sig_validate.DefaultSignatureValidator, "validate_signature", _once),
    )
    for owner, name, around in patches:
        setattr(owner, name, around(getattr(owner, name)))


def _same_name(this: Any, other: object) -> bool:
    """RFC 5280 §7.1, as the library has it; equal bytes are equal names without preparation."""
    if not isinstance(other, x509.Name):
        return False
    ours, theirs = this.dump(), other.dump()
    if ours == theirs:
        return True
    return _prepared.get(ours, lambda: _prepare(this)) == _prepared.get(
        theirs, lambda: _prepare(other)
    )


def _prepare(name: Any) -> tuple[object, ...]:
    """What the library compares: for each part, how many values, and the prepared ones."""
    return tuple(
        (len(part), part._get_types(part), part._get_values(part)) for part in name.chosen
    )


def _serial_first(library: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Both issuer and number must match: numbers are compared first, being cheap."""

    def match(expected: Any, certificate: Any) -> bool:
        held = certificate["tbs_certificate"]["serial_number"]
        if expected["serial_number"].dump() != held.dump():
            return False
        return library(expected, certificate)

    return match


def _remembering(library: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same certificates, as the objects that were parsed before where bytes are equal."""

    def extract(signed_data: Any) -> Any:
        found = library(signed_data)
        return general.SignedDataCerts(
            signer_cert=remembered(found.signer_cert),
            other_certs=[remembered(one) for one in found.other_certs],
            attribute_certs=found.attribute_certs,
        )

    return extract


def _once(library: Callable[..., None]) -> Callable[..., None]:
    """That a signature is good is remembered by all that decides it; a bad one is never."""

    def validate(
        self: Any,
        signature: bytes,
        signed_data: bytes,
        public_key_info: Any,
        signature_algorithm: Any,
        context: Any = sig_validate.DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        key = (
            signature,
            hashlib.sha256(signed_data).digest(),
            public_key_info.dump(),
            signature_algorithm.dump(),
            context,
        )

        def ask() -> bool:
            library(self, signature, signed_data, public_key_info, signature_algorithm, context)
            return True

        _good.get(key, ask)

    return validate


def remembered(certificate: Any) -> Any:
    """A certificate of exactly these bytes, parsed at most once."""
    content = certificate.dump()
    if len(content) > _CERTIFICATE_BYTES:
        return certificate
    return _parsed.get(content, lambda: certificate)
