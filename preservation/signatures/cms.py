"""CMS and CAdES files in the worker: .p7s beside its content, .p7m around it, many signers.

pyHanko judges exactly one signer, so a value with several is split; each is judged alone.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import codecs
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from asn1crypto import cms, core, crl, pem  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko_certvalidator.revinfo.archival import CRLContainer

from preservation.signatures.cms_subject import CmsSubject
from preservation.signatures.facts import Facts, Question
from preservation.signatures.judging import judge, judge_timestamp
from preservation.signatures.proof import Circumstances, circumstances, judged_timestamp
from preservation.signatures.spec import Extra
from preservation.signatures.telling import describe, signer_certificate
from schemas.nouns import SignatureResult

_CHUNK_BYTES = 1024 * 1024
_UNVERIFIED_ATTRIBUTES = {
    "1.2.840.113549.1.9.6": "countersignature",
    "1.2.840.113549.1.9.16.2.27": "archive time stamp",
    "1.2.840.113549.1.9.16.2.48": "archive time stamp",
    "0.4.0.1733.2.4": "archive time stamp",
    "0.4.0.1733.2.5": "archive time stamp",
}


_PEM_END = re.compile(rb"-----END [^-\r\n]*-----")
_ATTRIBUTES_CAP_BYTES = 1024 * 1024


class NotCms(ValueError):
    """The bytes are no CMS value at all."""


def examine_cms(file: BinaryIO, question: Question, content: Path | None) -> Facts:
    """Facts about all signers of a CMS file; ``content`` is what a detached one covers."""
    try:
        value, trailing = load_cms(file.read())
    except NotCms as error:
        return Facts(
            kind="cms",
            results=[_unjudged("NOT_VERIFIED", f"not a CMS value: {error}")],
        )
    kind = value["content_type"].native
    if kind != "signed_data":
        return Facts(kind="cms", results=[_unjudged("NOT_VERIFIED", f"a CMS value of {kind}")])
    results = judge_cms(value["content"], question, content)
    observations = ["SIG-TRAILING-BYTES"] if trailing else []
    if _differs(value["content"], content):
        observations.append("SIG-CONTENT-DIFFERS")
    if results is None:
        return Facts(kind="cms", observations=["SIG-TOO-MANY"])
    # By number, as XML signatures without an Id: people have to be told which is meant.
    results = [replace(result, field=f"({n})") for n, result in enumerate(results, start=1)]
    return Facts(kind="cms", results=results, observations=observations)


def load_cms(raw: bytes) -> tuple[Any, bool]:
    """The ContentInfo in DER, PEM or base64, and whether bytes follow it; NotCms."""
    der, trailing = _der(raw)
    try:
        value = cms.ContentInfo.load(der, strict=True)
    except ValueError:
        try:
            value = cms.ContentInfo.load(der)
            trailing = True
        except (ValueError, TypeError) as error:
            raise NotCms(str(error)[:200]) from error
    try:
        _ = value["content_type"].native
    except (ValueError, TypeError, KeyError) as error:
        raise NotCms(str(error)[:200]) from error
    return value, trailing


def _der(raw: bytes) -> tuple[bytes, bool]:
    """The value's bytes, and whether the text that held them goes on behind it."""
    if raw[:1] == b"\x30":
        return raw, False
    raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        if pem.detect(raw):
            _, _, der = pem.unarmor(raw)
            return bytes(der), bool(_PEM_END.split(raw, 1)[-1].strip())
        return base64.b64decode(b"".join(raw.split()), validate=True), False
    except (ValueError, binascii.Error) as error:
        raise NotCms("neither DER, PEM nor base64") from error


def judge_cms(
    signed_data: Any, question: Question, content: Path | bytes | None
) -> list[SignatureResult] | None:
    """One result per signer; None when there are more signers than are examined."""
    try:
        signers = list(signed_data["signer_infos"])
        attached = not isinstance(signed_data["encap_content_info"]["content"], core.Void)
        stamp = signed_data["encap_content_info"]["content_type"].native == "tst_info"
    except (ValueError, TypeError, KeyError) as error:
        return [_malformed(error)]
    if len(signers) > question.signatures_cap:
        return None
    extra = _brought_along(signed_data)
    about = circumstances(question, lambda: extra)
    digests = _Digests(content)
    return [
        asyncio.run(_judged(_alone(signed_data, info), digests, about, attached, stamp=stamp))
        for info in signers
    ]


async def _judged(
    signed_data: Any, digests: _Digests, about: Circumstances, attached: bool, *, stamp: bool
) -> SignatureResult:
    if digests.missing and (stamp or not attached):
        result = _unjudged("SIGNED_DATA_NOT_FOUND", "the signed content is not at hand")
        return _named(result, signed_data)
    try:
        if stamp:
            outcome, used = await judge_timestamp(signed_data, digests.by, about)
            told = describe(signed_data, judged_timestamp(signed_data, outcome, used))
            return replace(told, kind="timestamp", coverage="file")
        info = signed_data["signer_infos"][0]
        if not len(info["signed_attrs"]) and _may_be_attributes(signed_data, digests):
            told = _unjudged("GENERIC", "signed attributes given as the content")
            return _named(replace(told, integrity="broken"), signed_data)
        algorithm = info["digest_algorithm"]["algorithm"].native
        subject = CmsSubject(signed_data, None if attached else digests.by(algorithm))
        told = describe(signed_data, await judge(subject, about))
        level = "T" if subject.stamps() else "B"
        return _with_additions(replace(told, kind="cms", coverage="file", level=level), info)
    except Exception as error:  # noqa: BLE001  asn1crypto and pyHanko raise anything
        return replace(_unjudged("GENERIC", f"{type(error).__name__}: {error}"[:300]), kind="cms")


def _may_be_attributes(signed_data: Any, digests: _Digests) -> bool:
    """Whether the content of a signature without attributes is itself a set of attributes.

    The same signature value fits both: whoever has a signed document can take its attributes
    for another document that its signer never saw.
    """
    attached = signed_data["encap_content_info"]["content"].native
    content = digests.start if attached is None else attached
    try:
        found = cms.CMSAttributes.load(content, strict=True)
        return "message_digest" in {attribute["type"].native for attribute in found}
    except (ValueError, TypeError, KeyError):
        return False


def _differs(signed_data: Any, content: Path | None) -> bool:
    """Whether the value carries another content than the file that lies beside it."""
    try:
        attached = signed_data["encap_content_info"]["content"].native
        if content is None or not isinstance(attached, bytes):
            return False
        if content.stat().st_size != len(attached):
            return True
        return content.read_bytes() != attached
    except (ValueError, TypeError, KeyError, OSError):
        return False


def carries_another(signed_data: Any, content: bytes) -> bool:
    """Whether the value has a content of its own, not this one. A time stamp's own content is
    the stamp; what it covers is in that."""
    inside = signed_data["encap_content_info"]
    if isinstance(inside["content"], core.Void) or inside["content_type"].native == "tst_info":
        return False
    return bool(inside["content"].native != content)


def _with_additions(told: SignatureResult, info: Any) -> SignatureResult:
    """What hangs on the signature and is not verified is said."""
    found = {
        _UNVERIFIED_ATTRIBUTES[attribute["type"].dotted]
        for attribute in info["unsigned_attrs"] or ()
        if attribute["type"].dotted in _UNVERIFIED_ATTRIBUTES
    }
    if not found:
        return told
    return replace(
        told,
        codes=(*told.codes, "SIG-ADDITIONS-NOT-VERIFIED"),
        detail=told.detail or ", ".join(sorted(found)),
    )


class _Digests:
    """Digests of the detached content, each made once."""

    def __init__(self, content: Path | bytes | None) -> None:
        self._content = content
        self._known: dict[str, bytes] = {}

    @property
    def missing(self) -> bool:
        return self._content is None

    @property
    def start(self) -> bytes:
        """As much of the content as attributes could be."""
        if isinstance(self._content, Path):
            with self._content.open("rb") as stream:
                return stream.read(_ATTRIBUTES_CAP_BYTES)
        return self._content or b""

    def by(self, algorithm: str) -> bytes:
        """The digest by asn1crypto's name of the algorithm; ValueError for one unknown."""
        if algorithm not in self._known:
            digest = hashlib.new(algorithm.replace("-", "_"))
            if isinstance(self._content, bytes):
                digest.update(self._content)
            elif self._content is not None:
                with self._content.open("rb") as stream:
                    while piece := stream.read(_CHUNK_BYTES):
                        digest.update(piece)
            self._known[algorithm] = digest.digest()
        return self._known[algorithm]


def _alone(signed_data: Any, info: Any) -> Any:
    """The same value with one signer only."""
    fields = {
        name: signed_data[name]
        for name in ("version", "digest_algorithms", "encap_content_info", "certificates", "crls")
        if not isinstance(signed_data[name], core.Void)
    }
    return cms.SignedData({**fields, "signer_infos": [info]})


def _brought_along(signed_data: Any) -> Extra:
    """CRLs inside the value; its certificates are read with the signature."""
    found: list[CRLContainer] = []
    try:
        found.extend(
            CRLContainer(choice.chosen)
            for choice in signed_data["crls"]
            if isinstance(choice.chosen, crl.CertificateList)
        )
    except Exception:  # noqa: BLE001  unreadable extras prove nothing
        return Extra()
    return Extra(crls=found)


def _named(result: SignatureResult, signed_data: Any) -> SignatureResult:
    certificate = signer_certificate(signed_data)
    if certificate is None:
        return result
    return replace(result, signer=str(certificate.subject.native.get("common_name") or ""))


def _unjudged(sub_indication: str, detail: str) -> SignatureResult:
    return SignatureResult(
        field="",
        kind="cms",
        indication="INDETERMINATE",
        sub_indication=sub_indication,
        detail=detail,
    )


def _malformed(error: Exception) -> SignatureResult:
    return SignatureResult(
        field="",
        kind="cms",
        indication="TOTAL-FAILED",
        sub_indication="FORMAT_FAILURE",
        detail=f"{type(error).__name__}: {error}"[:300],
    )
