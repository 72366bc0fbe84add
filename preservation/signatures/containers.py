"""ASiC and ODF containers in the worker: which signature covers which parts, and which none does.

A signature may cover a part by an XML reference, by a CMS value over it, or by a CMS value
over a manifest that holds its digest. A part that no sound signature covers makes all of them
unclear: it could be what the reader is shown.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import PurePosixPath
from urllib.parse import unquote

from preservation.signatures.cms import NotCms, carries_another, judge_cms, load_cms
from preservation.signatures.facts import Facts, Question
from preservation.signatures.parts import Parts
from preservation.signatures.xml import CAPS, judge_document
from preservation.signatures.xml_rules import DS
from schemas.nouns import SignatureResult
from schemas.xml import Element, parse_untrusted

_META = "META-INF/"
_OURS = re.compile(
    r"META-INF/(?:(?:manifest|container|metadata)\.(?:xml|rdf)|asic[^/]*\.xml|"
    r"[^/]*signatures?[^/]*|[^/]*\.(?:tst|p7s|p7m|ers?)|[^/]*evidencerecord[^/]*)",
    re.IGNORECASE,
)
"""Names that the standards give a meaning in META-INF."""
_ASIC = "http://uri.etsi.org/02918/v1.2.1#"
_DIGESTS = {
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    "http://www.w3.org/2001/04/xmldsig-more#sha224": "sha224",
}


@dataclass
class Signed:
    """One signature of a container and the parts it covers."""

    result: SignatureResult
    covers: set[str] = field(default_factory=set)


class TooMany(Exception):
    """More signatures than are examined."""


def container_signatures(parts: Parts, question: Question) -> tuple[list[Signed], set[str]]:
    """All signatures of an ASiC or ODF container, and what they have to cover."""
    found: list[Signed] = []
    objects = {name for name in parts.names if not name.startswith(_META) and name != "mimetype"}
    manifests = _manifests(parts)
    for name in parts.names:
        if not name.startswith(_META):
            continue
        leaf = PurePosixPath(name).name.lower()
        if leaf.endswith(".xml") and "signature" in leaf:
            found += _by_xml(parts, name, question)
        elif leaf.endswith((".p7s", ".p7m", ".tst")):
            found += _by_cms(parts, name, manifests.get(name), objects, question)
        if len(found) > question.signatures_cap:
            raise TooMany
    _tell_strangers(parts, found)
    return found, objects


def _tell_strangers(parts: Parts, found: list[Signed]) -> None:
    """What lies among the signatures, is none, and is covered by none."""
    covered = set().union(*(signed.covers for signed in found))
    strangers = [
        name
        for name in parts.names
        if name.startswith(_META) and name not in covered and not _OURS.fullmatch(name)
    ]
    for signed in found if strangers else []:
        told = signed.result
        signed.result = replace(
            told,
            codes=(*told.codes, "SIG-PARTS-NOT-COVERED"),
            detail=told.detail or ", ".join(strangers[:10]),
        )


def facts_of_signed(kind: str, found: list[Signed], required: set[str]) -> Facts:
    """Results after coverage: what no sound signature covers is told, and nothing passes."""
    for signed in found:
        if signed.result.sub_indication == "SIGNED_DATA_NOT_FOUND":
            # A container holds what its signatures cover: here it is not merely elsewhere.
            signed.result = replace(
                signed.result, codes=(*signed.result.codes, "SIG-CONTENT-MISSING")
            )
    sound = [signed for signed in found if signed.result.integrity == "intact"]
    rest = sorted(required - set().union(*(signed.covers for signed in sound)))
    for signed in sound if rest else []:
        signed.result = replace(
            signed.result,
            coverage="part",
            integrity="broken",
            indication="INDETERMINATE",
            sub_indication="COVERAGE_UNCLEAR",
            detail=f"not covered: {', '.join(rest[:10])}",
        )
    return Facts(kind=kind, results=[signed.result for signed in found])


def _by_xml(parts: Parts, name: str, question: Question) -> list[Signed]:
    root = parse_untrusted(BytesIO(parts.read(name)), CAPS)
    judgements = judge_document(root, question, fetch_from(parts))
    if judgements is None:
        raise TooMany
    return [
        Signed(judgement.result, {unquote(uri) for uri in judgement.outside})
        for judgement in judgements
    ]


def fetch_from(parts: Parts) -> Callable[[str], bytes | None]:
    """What a reference to a part digests; None for a part that is not there."""

    def fetch(uri: str) -> bytes | None:
        name = unquote(uri)
        return parts.read(name) if name in parts else None

    return fetch


def _by_cms(
    parts: Parts, name: str, manifest: str | None, objects: set[str], question: Question
) -> list[Signed]:
    covers: set[str] = set()
    problem = ""
    content: bytes | None = None
    if manifest is not None:
        content = parts.read(manifest)
        covers, problem = _checked_manifest(parts, content)
    elif len(objects) == 1:
        covers = set(objects)
        content = parts.read(next(iter(objects)))
    try:
        value, _ = load_cms(parts.read(name))
        results = judge_cms(value["content"], question, content)
        if content is not None and carries_another(value["content"], content):
            problem = problem or "the signature brings another content than the container's"
    except (NotCms, ValueError, TypeError, KeyError) as error:
        results = [_failed("FORMAT_FAILURE", str(error)[:300])]
    if results is None:
        raise TooMany
    if problem:
        results = [_against_manifest(result, problem) for result in results]
    return [Signed(replace(result, field=name), covers) for result in results]


def _against_manifest(result: SignatureResult, problem: str) -> SignatureResult:
    """The signature over the manifest may hold; the part it speaks of does not."""
    return replace(
        result,
        integrity="broken",
        indication="TOTAL-FAILED",
        sub_indication="HASH_FAILURE",
        detail=problem,
    )


def _failed(sub_indication: str, detail: str) -> SignatureResult:
    return SignatureResult(
        field="",
        kind="cms",
        indication="TOTAL-FAILED",
        sub_indication=sub_indication,
        detail=detail,
    )


def _manifests(parts: Parts) -> dict[str, str]:
    """The manifest of each CMS value, by the value's name."""
    found = {}
    for name in parts.names:
        leaf = PurePosixPath(name).name.lower()
        if name.startswith(_META) and leaf.startswith("asic") and leaf.endswith(".xml"):
            root = parse_untrusted(BytesIO(parts.read(name)), CAPS)
            reference = root.find(f"{{{_ASIC}}}SigReference")
            if reference is not None:
                found[unquote(str(reference.get("URI")))] = name
    return found


def _checked_manifest(parts: Parts, content: bytes) -> tuple[set[str], str]:
    """The parts a manifest lists, and the first that does not match it."""
    covers: set[str] = set()
    problem = ""
    root = parse_untrusted(BytesIO(content), CAPS)
    for reference in root.findall(f"{{{_ASIC}}}DataObjectReference"):
        name = unquote(str(reference.get("URI")))
        if name not in parts:
            problem = problem or f"{name} is not in the container"
        elif not digest_matches(reference, parts.read(name)):
            problem = problem or f"{name} does not match the manifest"
        covers.add(name)
    return covers, problem


def digest_matches(reference: Element, content: bytes) -> bool:
    """Whether ``content`` has the digest that a reference states; False for one unknown."""
    method = reference.find(f"{{{DS}}}DigestMethod")
    algorithm = _DIGESTS.get(str(method.get("Algorithm")) if method is not None else "")
    stated = reference.findtext(f"{{{DS}}}DigestValue") or ""
    if algorithm is None:
        return False
    return hashlib.new(algorithm, content).digest() == b64decode(stated)
