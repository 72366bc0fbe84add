"""Office Open XML packages in the worker: signatures over parts, with relationships filtered.

The signature covers a manifest that lists parts by address, content type and digest;
relationship parts are digested after a transformation of their own (ECMA-376 part 2, §13.2).
signxml verifies the signature over the manifest, this module what the manifest says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from urllib.parse import unquote, urlsplit

from preservation.signatures.containers import Signed, TooMany, digest_matches
from preservation.signatures.facts import Question
from preservation.signatures.parts import Parts
from preservation.signatures.xml import CAPS, Judgement, judge_document
from preservation.signatures.xml_rules import DS
from preservation.signatures.xml_verifier import canonical
from schemas.nouns import SignatureResult
from schemas.xml import Element, parse_untrusted

FOLDER = "_xmlsignatures/"
_TYPES = "[Content_Types].xml"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/"
_RELATIONSHIPS = f"{_PACKAGE}relationships"
_TRANSFORM = f"{_PACKAGE}RelationshipTransform"
_SIGNATURE_NS = f"{_PACKAGE}digital-signature"
_TYPES_NS = f"{_PACKAGE}content-types"
_INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"

_UNSIGNED_BY_DESIGN = ("docProps/", "_xmlsignatures/")
_UNSIGNED_TYPES = (
    f"{_PACKAGE}relationships/digital-signature/",
    f"{_PACKAGE}relationships/metadata/",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/extended-properties",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties",
)


def is_ooxml(parts: Parts) -> bool:
    """Whether the container has package signatures."""
    return any(name.startswith(FOLDER) and name.endswith(".xml") for name in parts.names)


def ooxml_signatures(parts: Parts, question: Question) -> tuple[list[Signed], set[str]]:
    """All signatures of a docx, xlsx or pptx package, and what they have to cover."""
    found = list(_signatures(parts, question))
    if len(found) > question.signatures_cap:
        raise TooMany
    return found, _required(parts)


def _signatures(parts: Parts, question: Question) -> Iterator[Signed]:
    for name in parts.names:
        if not name.startswith(FOLDER) or not name.endswith(".xml"):
            continue
        root = parse_untrusted(BytesIO(parts.read(name)), CAPS)
        alive = list(root.iter("*"))  # covered elements are told apart by identity
        for judgement in judge_document(root, question, lambda _uri: None) or []:
            covers, problem = _covered(parts, judgement)
            result = replace(judgement.result, field=name)
            yield Signed(_failed(result, problem) if problem else result, covers)
        del alive


def _failed(result: SignatureResult, problem: str) -> SignatureResult:
    if result.indication == "TOTAL-FAILED":
        return result
    return replace(
        result,
        integrity="broken",
        indication="TOTAL-FAILED",
        sub_indication="HASH_FAILURE",
        detail=problem,
    )


def _covered(parts: Parts, judgement: Judgement) -> tuple[set[str], str]:
    """The parts that a verified manifest lists, and the first that does not match it."""
    covers: set[str] = set()
    types = _ContentTypes(parts)
    for held in judgement.covered:
        for reference in held.iterfind(f"{{{DS}}}Manifest/{{{DS}}}Reference"):
            address = urlsplit(str(reference.get("URI")))
            name = unquote(address.path).lstrip("/")
            if name not in parts:
                return covers, f"{name} is not in the package"
            stated = address.query.partition("ContentType=")[2]
            if stated and unquote(stated) != types.of(name):
                return covers, f"{name} has another content type than was signed"
            content, selected = _digested(parts, name, reference)
            if content is None:
                return covers, f"{name} is signed with an unknown transformation"
            if not digest_matches(reference, content):
                return covers, f"{name} does not match the manifest"
            covers.add(name)
            covers |= {f"{name}#{identifier}" for identifier in selected}
    return covers, ""


def _digested(parts: Parts, name: str, reference: Element) -> tuple[bytes | None, set[str]]:
    """What the digest of a part is taken over, and the relationships that were selected."""
    steps = reference.findall(f"{{{DS}}}Transforms/{{{DS}}}Transform")
    algorithms = [str(step.get("Algorithm")) for step in steps]
    content = parts.read(name)
    if not steps:
        return content, set()
    if algorithms[0] != _TRANSFORM or len(steps) > 2:
        return None, set()
    wanted = {
        e.get("SourceId") for e in steps[0].iter(f"{{{_SIGNATURE_NS}}}RelationshipReference")
    }
    kinds = {
        e.get("SourceType")
        for e in steps[0].iter(f"{{{_SIGNATURE_NS}}}RelationshipsGroupReference")
    }
    root = parse_untrusted(BytesIO(content), CAPS)
    selected = [
        e
        for e in root.iterchildren(f"{{{_RELATIONSHIPS}}}Relationship")
        if e.get("Id") in wanted or e.get("Type") in kinds
    ]
    algorithm = algorithms[1] if len(algorithms) == 2 else _INCLUSIVE
    written = canonical(_only(root, selected), algorithm)
    return written, {str(e.get("Id")) for e in selected}


def _only(root: Element, selected: list[Element]) -> Element:
    """The relationships part with the selected entries alone, sorted, modes written out."""
    for child in list(root):
        root.remove(child)
    root.text = None
    for entry in sorted(selected, key=lambda e: str(e.get("Id"))):
        for child in list(entry):
            entry.remove(child)
        entry.text = entry.tail = None
        if entry.get("TargetMode") is None:
            entry.set("TargetMode", "Internal")
        root.append(entry)
    return root


class _ContentTypes:
    """Content types of parts, as the package states them."""

    def __init__(self, parts: Parts) -> None:
        root = parse_untrusted(BytesIO(parts.read(_TYPES)), CAPS) if _TYPES in parts else None
        self._defaults: dict[str, str] = {}
        self._overrides: dict[str, str] = {}
        for entry in root if root is not None else ():
            kind = str(entry.get("ContentType"))
            if entry.tag == f"{{{_TYPES_NS}}}Default":
                self._defaults[str(entry.get("Extension")).lower()] = kind
            elif entry.tag == f"{{{_TYPES_NS}}}Override":
                self._overrides[str(entry.get("PartName")).lstrip("/")] = kind

    def of(self, name: str) -> str:
        """The content type of a part; empty when none is stated."""
        extension = name.rpartition(".")[2].lower()
        return self._overrides.get(name) or self._defaults.get(extension, "")


def _required(parts: Parts) -> set[str]:
    """What has to be covered: every part, and of relationships those that lead to content."""
    required: set[str] = set()
    for name in parts.names:
        if name == _TYPES or name.startswith(_UNSIGNED_BY_DESIGN):
            continue
        if name.endswith(".rels"):
            root = parse_untrusted(BytesIO(parts.read(name)), CAPS)
            required |= {
                f"{name}#{entry.get('Id')}"
                for entry in root.iterchildren(f"{{{_RELATIONSHIPS}}}Relationship")
                if not str(entry.get("Type")).startswith(_UNSIGNED_TYPES)
            }
        else:
            required.add(name)
    return required
