"""What a verdict rests on: certificates, revocation data and time stamps, kept by digest.

A verdict that cannot be made again proves nothing later; so whatever it used is written, once
by digest, into a folder from which the archive takes it before the verdict counts.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asn1crypto import cms  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko.sign.validation.ades import derive_validation_object_binary_data
from pyhanko_certvalidator.ltv.poe import ValidationObjectType

from preservation.signatures.relevant import next_list, relevant

if TYPE_CHECKING:
    from preservation.signatures.proof import Circumstances, Result

_OBJECTS = {
    ValidationObjectType.CERTIFICATE: "certificate",
    ValidationObjectType.CRL: "crl",
    ValidationObjectType.OCSP_RESPONSE: "ocsp",
}


class EvidenceFolder:
    """Keeps DER under its sha256; one without a folder only names it."""

    def __init__(self, folder: str = "") -> None:
        self._folder = Path(folder) if folder else None
        self._written: set[str] = set()

    def keep(self, kind: str, der: bytes, sha256: str = "") -> str:
        """``<kind>:<sha256>``; the bytes are in the folder."""
        name = sha256 or hashlib.sha256(der).hexdigest()
        if self._folder is not None and name not in self._written:
            self._write(self._folder / name, der)
            self._written.add(name)
        return f"{kind}:{name}"

    def _write(self, path: Path, der: bytes) -> None:
        if path.exists():
            return
        # Two workers may write the same at once: whole under its name, or not there.
        partial = path.with_name(f"{path.name}.{os.getpid()}")
        partial.write_bytes(der)
        partial.replace(path)


class Grounds:
    """What one signature's verdict rests on, gathered while it is judged."""

    def __init__(self, about: Circumstances) -> None:
        self._about = about
        self._refs: set[str] = set()
        self._ends: list[datetime] = []

    @property
    def refs(self) -> tuple[str, ...]:
        """``certificate|crl|ocsp|timestamp:<sha256>``, sorted."""
        return tuple(sorted(self._refs))

    @property
    def holds_until(self) -> datetime | None:
        """The first moment at which anything used ends, or at which a list begins."""
        return min((end for end in self._ends if end > self._about.moment), default=None)

    def chain(
        self,
        result: Result,
        about: Circumstances,
        moment: datetime,
        *,
        until: datetime | None = None,
    ) -> None:
        """The result's path, and the revocation data about it as of ``moment``."""
        path = getattr(result.api_status, "validation_path", None)
        if path is None:
            return
        certificates = list(path.iter_certs(include_root=True))
        for certificate in certificates:
            self._certificate(certificate)
        issuers = {certificate.issuer.hashable for certificate in certificates}
        used = relevant(about.trust, certificates, moment, until=until)
        for container in (*used.crls, *about.extra.crls):
            if container.crl_data.issuer.hashable in issuers:
                self._list(container)
        serials = {certificate.serial_number for certificate in certificates}
        for response in (*used.ocsps, *about.extra.ocsps):
            self._response(response, serials)
        self._ends.extend(next_list(about.trust.index, issuers, self._about.moment))

    def stamp(self, signed_data: Any, result: Result, about: Circumstances) -> None:
        """A time stamp that was believed, and what is known of its authority."""
        self.chain(result, about, about.moment)
        token = cms.ContentInfo({"content_type": "signed_data", "content": signed_data})
        self._refs.add(self._about.evidence.keep("timestamp", token.dump()))

    def objects(self, found: Iterable[Any]) -> None:
        """Everything that the library says may have mattered (validation over archive stamps)."""
        for one in found:
            kind = _OBJECTS.get(one.object_type)
            der = derive_validation_object_binary_data(one) if kind else None
            if kind and der:
                self._refs.add(self._about.evidence.keep(kind, der))

    def _certificate(self, certificate: Any) -> None:
        name = certificate.sha256.hex()
        self._refs.add(self._about.evidence.keep("certificate", certificate.dump(), name))
        self._ends.append(certificate.not_valid_after)

    def _list(self, container: Any) -> None:
        name = self._about.trust.digests.get(id(container), "")
        self._refs.add(self._about.evidence.keep("crl", container.crl_data.dump(), name))
        self._end(container.crl_data["tbs_cert_list"]["next_update"].native)

    def _response(self, container: Any, serials: set[int]) -> None:
        single = container.extract_single_response()
        if single is None or single["cert_id"]["serial_number"].native not in serials:
            return
        name = self._about.trust.digests.get(id(container), "")
        der = container.ocsp_response_data.dump()
        self._refs.add(self._about.evidence.keep("ocsp", der, name))
        self._end(single["next_update"].native)

    def _end(self, moment: datetime | None) -> None:
        if moment is not None:
            self._ends.append(moment)
