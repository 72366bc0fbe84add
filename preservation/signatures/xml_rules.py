"""What an XML signature may ask for before any of it is verified.

Everything a signature names is the signer's choice, and the signer may be an attacker with a
key of his own: transforms that compute (XPath, XSLT), addresses that lead out of the package
and keyed digests are refused here, not left to a library's defaults.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod

from schemas.xml import Element

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
REFERENCES_CAP = 2000
_WITHOUT_SIGNATURES = re.compile(r"not\(ancestor-or-self::([\w.-]+):Signature\)")
_IDS = frozenset({"Id", "ID", "id"})

_CANONICAL = frozenset(method.value for method in CanonicalizationMethod)
BASE64 = f"{DS}base64"
_TRANSFORMS = _CANONICAL | {SignatureConstructionMethod.enveloped.value, BASE64}


class Refused(Exception):
    """The signature asks for something that is not done; ``code`` says which."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail[:300]


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference of a SignedInfo: what it names and how it is digested."""

    uri: str
    transforms: tuple[str, ...]
    kind: str

    @property
    def outside(self) -> bool:
        """Whether it names another file."""
        return bool(self.uri) and not self.uri.startswith("#")

    @property
    def canonical(self) -> bool:
        """Whether the named file is digested as XML, not as bytes."""
        return any(transform in _CANONICAL for transform in self.transforms)


def references_of(signature: Element) -> tuple[Reference, ...]:
    """The references of one ``ds:Signature``, all of them allowed; Refused."""
    info = signature.find(f"{{{DS}}}SignedInfo")
    if info is None:
        raise Refused("FORMAT", "no SignedInfo")
    method = info.find(f"{{{DS}}}SignatureMethod")
    if method is not None and "hmac" in str(method.get("Algorithm")).lower():
        raise Refused("SIG-REFUSED-REFERENCE", "a keyed digest instead of a signature")
    found = tuple(_references(info))
    if not found or len(found) > REFERENCES_CAP:
        raise Refused("FORMAT", f"{len(found)} references")
    return found


def _references(info: Element) -> Iterator[Reference]:
    for reference in info.findall(f"{{{DS}}}Reference"):
        uri = reference.get("URI")
        if uri is None:
            raise Refused("SIG-REFUSED-REFERENCE", "a reference without an address")
        steps = reference.findall(f"{{{DS}}}Transforms/{{{DS}}}Transform")
        for step in steps:
            if step.get("Algorithm") not in _TRANSFORMS and not leaves_signatures_out(step):
                algorithm = step.get("Algorithm")
                raise Refused("SIG-REFUSED-REFERENCE", f"the transformation {algorithm}")
        _check_address(uri)
        transforms = tuple(str(step.get("Algorithm")) for step in steps)
        yield Reference(uri, transforms, str(reference.get("Type") or ""))


def leaves_signatures_out(transform: Element) -> bool:
    """Whether a transform is the one XPath that documents with several signatures need."""
    expression = transform.find(f"{{{DS}}}XPath")
    if transform.get("Algorithm") != XPATH or expression is None or len(transform) != 1:
        return False
    match = _WITHOUT_SIGNATURES.fullmatch("".join((expression.text or "").split()))
    return match is not None and expression.nsmap.get(match[1]) == DS


def _check_address(uri: str) -> None:
    if uri.startswith("#"):
        if uri.startswith("#xpointer"):
            raise Refused("SIG-REFUSED-REFERENCE", f"the address {uri}")
        return
    scheme, colon, _ = uri.partition(":")
    if (colon and "/" not in scheme) or uri.startswith(("//", "\\", "/")) or ".." in uri:
        raise Refused("SIG-REFUSED-REFERENCE", f"the address {uri}")


def element_by_id(root: Element, uri: str) -> Element:
    """The one element that ``#id`` names; Refused when there is none or more than one.

    The library looks at one spelling of the attribute after the other; two elements with the
    same id in two spellings would then mean different things to different readers.
    """
    wanted = uri[1:]
    found = [
        element
        for element in root.iter("*")
        if any(_local(name) in _IDS and value == wanted for name, value in element.items())
    ]
    if len(found) != 1:
        raise Refused("SIG-REFUSED-REFERENCE", f"{uri} names {len(found)} elements")
    return found[0]


def uncovered(root: Element, signatures: list[Element], covered: list[Element]) -> list[str]:
    """Names of up to ten elements whose content no covered element contains.

    An element that only holds covered ones and signatures together says nothing itself. What
    hangs inside a signature counts as content too, unless it is covered or qualifies it.
    The caller keeps all elements alive, so that they can be told apart.
    """
    inside = {id(element) for element in covered}
    found: list[str] = []
    _look(root, inside, found)
    for signature in signatures:
        _look_inside(signature, inside - {id(root)}, found)
    return found[:10]


def _look(element: Element, inside: set[int], found: list[str]) -> None:
    if id(element) in inside or element.tag == f"{{{DS}}}Signature" or len(found) > 10:
        return
    children = list(element.iterchildren("*"))
    said = _says(element)
    named = any(_local(name) not in _TOLERATED for name, _ in element.items())
    if said or named or not children:
        found.append(_local(str(element.tag)))
        return
    for child in children:
        _look(child, inside, found)


def _look_inside(signature: Element, inside: set[int], found: list[str]) -> None:
    for held in signature.findall(f"{{{DS}}}Object"):
        if id(held) in inside:
            continue
        if _says(held):
            found.append("Object")
        for child in held.iterchildren("*"):
            if _local(str(child.tag)) != "QualifyingProperties":
                _look(child, inside, found)


def _says(element: Element) -> bool:
    """Whether it holds text of its own, be it behind a comment."""
    return bool((element.text or "").strip()) or any((c.tail or "").strip() for c in element)


def uncovered_markup(root: Element, references: Iterable[Reference]) -> list[str]:
    """Markup that may change what a reader sees and that no digest of ours covers.

    Canonical form leaves comments out, so one can be put into a signed text, of which many
    readers then take the part before it; instructions beside the root name style sheets.
    """
    found = []
    commented = all(_with_comments(reference) for reference in references)
    if not commented and any(_says(parent) for parent in _commented(root)):
        found.append("comments inside text")
    beside = [*root.itersiblings(preceding=True), *root.itersiblings()]
    found += [f"<?{node.target}?>" for node in beside if hasattr(node, "target")]
    return found[:10]


def _with_comments(reference: Reference) -> bool:
    return any(transform.endswith("WithComments") for transform in reference.transforms)


def _commented(root: Element) -> Iterator[Element]:
    """Elements that hold a comment."""
    for node in root.iter():
        if not isinstance(node.tag, str) and not hasattr(node, "target"):
            parent = node.getparent()
            if parent is not None:
                yield parent


def check_base64(element: Element) -> None:
    """Refused unless the element is nothing but the digits of what is digested.

    Only what they stand for is signed: anything else in the element, or beside them, is not.
    """
    named = {_local(name) for name, _ in element.items()} - _IDS - {"Encoding", "MimeType"}
    if len(element) or named:
        raise Refused("SIG-REFUSED-REFERENCE", "base64 in an element that holds more")
    check_digits((element.text or "").encode())


def check_digits(content: bytes) -> None:
    """Refused unless the content is base64 and nothing else."""
    try:
        b64decode(b"".join(content.split()), validate=True)
    except ValueError:
        raise Refused("SIG-REFUSED-REFERENCE", "base64 among other characters") from None


_TOLERATED = _IDS | {"schemaLocation", "noNamespaceSchemaLocation", "version"}


def _local(name: str) -> str:
    return name.rpartition("}")[2]
