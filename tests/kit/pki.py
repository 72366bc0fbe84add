"""A throw-away public key infrastructure, issued in process by certomancer.

Everything hangs on fixed dates around :data:`NOW`, so no verdict depends on the day the tests
run. ``Pki.folder`` writes trust material the way an operator would import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from asn1crypto import core, keys, ocsp, x509  # type: ignore[import-untyped]  # asn1crypto has no types
from certomancer.registry.common import ArchLabel, CertLabel, KeyLabel, ServiceLabel
from certomancer.registry.config import CertomancerConfig
from certomancer.registry.pki_arch import PKIArchitecture
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pyhanko.sign.signers import SimpleSigner
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
"""When the tests verify."""

_ARCH = ArchLabel("thu")
_EC = ("root", "sub", "leader", "organ", "revoked", "expired", "tls", "nousage")
_EC_MORE = ("ocsp", "lone", "other", "stranger")
_RSA = ("rsa", "tsa", "oldtsa", "faketsa")


def _usage(*names: str) -> dict[str, Any]:
    smart = {"schema": "key-usage", "params": list(names)}
    return {"id": "key_usage", "critical": True, "smart-value": smart}


def _purpose(*names: str) -> dict[str, Any]:
    return {"id": "extended_key_usage", "critical": True, "value": list(names)}


_SIGNING = [_usage("digital_signature", "non_repudiation")]


def _cert(
    label: str, issuer: str, since: str, until: str, extensions: list[dict[str, Any]]
) -> dict[str, Any]:
    if issuer in {"root", "sub"} and label != "root":
        published = {"schema": "crl-dist-url", "params": {"crl-repo-names": [issuer]}}
        place = {"id": "crl_distribution_points", "smart-value": published}
        extensions = [*extensions, place]
    if issuer == "sub" and label != "ocsp":
        asked = {"schema": "aia-urls", "params": {"ocsp-responder-names": ["sub"]}}
        extensions = [*extensions, {"id": "authority_information_access", "smart-value": asked}]
    return {
        "subject": label,
        "issuer": issuer,
        "authority-key": issuer,
        "validity": {
            "valid-from": f"{since}-01-01T00:00:00+0000",
            "valid-to": f"{until}-01-01T00:00:00+0000",
        },
        "extensions": extensions,
    }


def _authority(label: str, issuer: str, path_length: int) -> dict[str, Any]:
    basic = {
        "id": "basic_constraints",
        "critical": True,
        "value": {"ca": True, "path_len_constraint": path_length},
    }
    usage = _usage("digital_signature", "key_cert_sign", "crl_sign")
    return _cert(label, issuer, "2015", "2045", [basic, usage])


def _certificates() -> dict[str, Any]:
    revoked = _cert("revoked", "sub", "2024", "2028", _SIGNING)
    revoked["revocation"] = {"revoked-since": "2025-01-01T00:00:00+0000", "reason": "superseded"}
    stamping = [_usage("digital_signature"), _purpose("time_stamping")]
    unchecked = {"id": "ocsp_no_check", "value": core.Null()}
    answering = [_usage("digital_signature"), _purpose("ocsp_signing"), unchecked]
    return {
        "root": _authority("root", "root", 1),
        "sub": _authority("sub", "root", 0),
        "other": _authority("other", "other", 1),
        "leader": _cert("leader", "sub", "2024", "2028", _SIGNING),
        "organ": _cert("organ", "sub", "2024", "2028", _SIGNING),
        "revoked": revoked,
        "expired": _cert("expired", "sub", "2020", "2023", _SIGNING),
        "weak": _cert("weak", "sub", "2024", "2028", _SIGNING),
        "rsa": _cert("rsa", "sub", "2024", "2028", _SIGNING),
        "tls": _cert(
            "tls", "sub", "2024", "2028", [_usage("key_encipherment"), _purpose("server_auth")]
        ),
        "nousage": _cert("nousage", "sub", "2024", "2028", []),
        "lone": _cert("lone", "lone", "2024", "2028", _SIGNING),
        "stranger": _cert("stranger", "other", "2024", "2028", _SIGNING),
        "tsa": _cert("tsa", "root", "2018", "2040", stamping),
        "oldtsa": _cert("oldtsa", "root", "2018", "2024", stamping),
        "faketsa": _cert("faketsa", "root", "2018", "2040", _SIGNING),
        "ocsp": _cert("ocsp", "sub", "2018", "2040", answering),
    }


def _config(names: list[str]) -> dict[str, Any]:
    crl = {"simulated-update-schedule": "P30D"}
    return {
        "keysets": {"keys": {"keys": {name: {"path": f"{name}.pem"} for name in names}}},
        "pki-architectures": {
            str(_ARCH): {
                "keyset": "keys",
                "entity-defaults": {"country-name": "VN", "organization-name": "Cơ quan thử"},
                "entities": {name: {"common-name": name} for name in names},
                "certs": _certificates(),
                "services": {
                    "crl-repo": {
                        "root": {"for-issuer": "root", "signing-key": "root", **crl},
                        "sub": {"for-issuer": "sub", "signing-key": "sub", **crl},
                    },
                    "ocsp": {
                        "sub": {
                            "for-issuer": "sub",
                            "responder-cert": "ocsp",
                            "signing-key": "ocsp",
                        }
                    },
                },
            }
        },
    }


def _write_keys(folder: Path) -> list[str]:
    made: dict[str, Any] = {
        name: ec.generate_private_key(ec.SECP256R1()) for name in (*_EC, *_EC_MORE)
    }
    # pyHanko's own time-stamping stand-in signs with RSA only.
    made |= {name: rsa.generate_private_key(65537, 2048) for name in _RSA}
    made["weak"] = rsa.generate_private_key(65537, 1024)
    for name, key in made.items():
        (folder / f"{name}.pem").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    return list(made)


@dataclass(frozen=True)
class Pki:
    """One architecture; certificates are named by label."""

    arch: PKIArchitecture

    def certificate(self, label: str) -> x509.Certificate:
        """The certificate issued under ``label``."""
        return self.arch.get_cert(CertLabel(label))

    def key(self, label: str) -> keys.PrivateKeyInfo:
        """The private key of ``label``."""
        return self.arch.key_set.get_private_key(KeyLabel(label))

    def store(self, *labels: str) -> SimpleCertificateStore:
        """A certificate store with the given certificates."""
        store = SimpleCertificateStore()
        for label in labels:
            store.register(self.certificate(label))
        return store

    def signer(self, label: str, *chain: str) -> SimpleSigner:
        """A signer that embeds its certificate and ``chain`` (``sub`` when nothing is said)."""
        return SimpleSigner(
            self.certificate(label), self.key(label), self.store(*(chain or ("sub",)))
        )

    def timestamper(self, moment: datetime, label: str = "tsa") -> DummyTimeStamper:
        """A timestamp authority whose clock stands at ``moment``."""
        return DummyTimeStamper(
            self.certificate(label), self.key(label), self.store("root"), fixed_dt=moment
        )

    def crl(self, issuer: str, moment: datetime = NOW) -> bytes:
        """The DER revocation list that ``issuer`` had published at ``moment``."""
        found = self.arch.service_registry.get_crl(ServiceLabel(issuer), moment)
        content: bytes = found.dump()
        return content

    def ocsp(self, label: str, moment: datetime = NOW) -> bytes:
        """A DER OCSP response about ``label`` as of ``moment``."""
        wanted = _certificate_id(self.certificate(label), self.certificate("sub"))
        request = ocsp.OCSPRequest({"tbs_request": {"request_list": [{"req_cert": wanted}]}})
        responder = self.arch.service_registry.summon_responder(ServiceLabel("sub"), moment)
        content: bytes = responder.build_ocsp_response(request).dump()
        return content

    def folder(
        self,
        target: Path,
        *,
        anchors: tuple[str, ...] = ("root",),
        crls: tuple[str, ...] = ("root", "sub"),
        moment: datetime = NOW,
        responses: tuple[str, ...] = (),
    ) -> Path:
        """Trust material as files: ``anchors/<set>/``, ``crls/``, ``ocsp/``."""
        for name in anchors:
            _write(target / "anchors" / "cong-vu" / f"{name}.cer", self.certificate(name).dump())
        for name in crls:
            _write(target / "crls" / f"{name}-{moment:%Y%m%d}.crl", self.crl(name, moment))
        for name in responses:
            _write(target / "ocsp" / f"{name}.ors", self.ocsp(name, moment))
        target.mkdir(parents=True, exist_ok=True)
        return target


def _certificate_id(certificate: x509.Certificate, issuer: x509.Certificate) -> Any:
    return ocsp.CertId(
        {
            "hash_algorithm": {"algorithm": "sha1"},
            "issuer_name_hash": issuer.subject.sha1,
            "issuer_key_hash": issuer.public_key.sha1,
            "serial_number": certificate.serial_number,
        }
    )


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@cache
def pki() -> Pki:
    """The one infrastructure of a test process: keys are made once."""
    with TemporaryDirectory() as folder:
        config = CertomancerConfig(_config(_write_keys(Path(folder))), key_search_dir=folder)
        arch = config.get_pki_arch(_ARCH)
    return Pki(arch)
