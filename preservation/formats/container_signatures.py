"""Container signatures: which members a ZIP or an OLE2 file must hold, and their bytes.

PRONOM's container file in full: several files, several signatures a file (one must match),
several byte sequences a signature and several subsequences a sequence (all must), fragments,
and files that need only be there. Translated here, because fido uses the first of each only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from io import BytesIO

from preservation.formats.byte_sequences import translate
from preservation.formats.matcher import Matcher
from preservation.formats.regex_tree import UNBOUNDED, Choice, Edge, Gap, Node, Tree, source
from schemas.findings import Finding, Severity
from schemas.xml import Element, parse_untrusted


@dataclass(frozen=True, slots=True)
class MemberRule:
    """``path`` must be in the container and, if there are ``signatures``, match one of them.

    A signature is a tuple of matchers that all must match; ``needs_end`` says that one of
    them counts from the member's end.
    """

    path: str
    signatures: tuple[tuple[Matcher, ...], ...]
    needs_end: bool = False


@dataclass(frozen=True, slots=True)
class ContainerSignature:
    """All ``members`` together tell that a ``kind`` (ZIP, OLE2) container is a ``puid``."""

    id: str
    kind: str
    puid: str
    description: str
    members: tuple[MemberRule, ...]


def read_containers(
    document: bytes,
) -> tuple[tuple[ContainerSignature, ...], tuple[Finding, ...]]:
    """The signatures of a container signature file, and what of it could not be used."""
    root = parse_untrusted(BytesIO(document))
    puids = {
        mapping.get("signatureId"): mapping.get("Puid")
        for mapping in root.iterfind("FileFormatMappings/FileFormatMapping")
    }
    signatures: list[ContainerSignature] = []
    problems: list[Finding] = []
    for element in root.iterfind("ContainerSignatures/ContainerSignature"):
        number = element.get("Id") or ""
        try:
            signatures.append(_signature(number, puids[number], element))
        except (KeyError, ValueError) as problem:
            fields = {"id": number, "reason": str(problem)}
            problems.append(Finding("FORMAT-CONTAINER-INVALID", Severity.WARNING, number, fields))
    return tuple(signatures), tuple(problems)


def _signature(number: str, puid: str, element: Element) -> ContainerSignature:
    members: list[MemberRule] = []
    # Two BDOC signatures close <File> too early and leave BinarySignatures outside; DROID
    # does not look there either.
    for child in element.iterfind("Files/File"):
        path = (child.findtext("Path") or "").strip()
        if not path:
            raise ValueError("file without path")
        members.append(_member(path, child.find("BinarySignatures")))
    kind = element.get("ContainerType")
    if not members or kind not in ("ZIP", "OLE2"):
        raise ValueError(f"container type {kind!r}, {len(members)} files")
    return ContainerSignature(
        number, kind, puid, (element.findtext("Description") or "").strip(), tuple(members)
    )


def _member(path: str, binary: Element | None) -> MemberRule:
    if binary is None:
        return MemberRule(path, ())
    sequences = [
        list(signature.iterfind("ByteSequence"))
        for signature in binary.iterfind("InternalSignatureCollection/InternalSignature")
    ]
    return MemberRule(
        path,
        tuple(tuple(_matcher(part) for part in parts) for parts in sequences),
        needs_end=any(part.get("Reference") == "EOFoffset" for p in sequences for part in p),
    )


def _matcher(element: Element) -> Matcher:
    """The matcher of one ByteSequence."""
    reference = element.get("Reference") or ""
    subsequences = sorted(
        element.iterfind("SubSequence"), key=lambda part: int(part.get("Position") or 1)
    )
    if reference == "EOFoffset":
        tree: list[Node] = []
        # Position 1 lies nearest to the end.
        for part in reversed(subsequences):
            tree += [*_content(part), _offset(part)]
        tree.append(Edge(end=True))
    else:
        tree = [Edge(end=False)] if reference == "BOFoffset" else []
        for number, part in enumerate(subsequences):
            # Without a reference the first subsequence may stand anywhere.
            if number or tree:
                tree.append(_offset(part))
            tree += _content(part)
    whole = tuple(tree)
    return Matcher(
        b"(?s)" + source(whole),
        whole,
        anchored=reference == "BOFoffset",
        ends=reference == "EOFoffset",
    )


def _offset(element: Element) -> Gap:
    low, high = element.get("SubSeqMinOffset"), element.get("SubSeqMaxOffset")
    return _gap(low, high)


def _gap(low: str | None, high: str | None) -> Gap:
    least = int(low or 0)
    return Gap(least, max(least, int(high)) if high is not None else UNBOUNDED)


def _content(element: Element) -> Tree:
    """The sequence with its fragments to the left and right."""
    middle = translate(element.findtext("Sequence") or "")
    left: list[Node] = []
    for fragment, gap in _fragments(element, "LeftFragment"):
        left = [*fragment, gap, *left]
    right: list[Node] = []
    for fragment, gap in _fragments(element, "RightFragment"):
        right += [gap, *fragment]
    return (*left, *middle, *right)


def _fragments(element: Element, tag: str) -> list[tuple[Tree, Gap]]:
    """Fragments nearest first; those of one position are alternatives."""
    by_position: defaultdict[int, list[Element]] = defaultdict(list)
    for fragment in element.iterfind(tag):
        by_position[int(fragment.get("Position") or 1)].append(fragment)
    found = []
    for _, group in sorted(by_position.items()):
        options = tuple(translate(part.text or "") for part in group)
        tree = options[0] if len(options) == 1 else (Choice(options),)
        found.append((tree, _gap(group[0].get("MinOffset"), group[0].get("MaxOffset"))))
    return found
