"""What a ZIP or an OLE2 file is, told by the members it holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from preservation.formats import ole_members, zip_members
from preservation.formats.container_signatures import ContainerSignature, MemberRule
from preservation.formats.extent import BudgetSpentError, ContainerDamagedError, Extent

LIMIT = "FORMAT-CONTAINER-LIMIT"
DAMAGED = "FORMAT-CONTAINER-DAMAGED"
ENCRYPTED = "FORMAT-ENCRYPTED"


class _Members(Protocol):
    limited: bool
    encrypted: bool

    @property
    def names(self) -> AbstractSet[str]: ...

    def read(self, name: str) -> tuple[bytes, bool]: ...


@dataclass(frozen=True, slots=True)
class ContainerAnswer:
    """The signatures that matched, in the set's order, and finding codes on the way."""

    matches: tuple[ContainerSignature, ...] = ()
    warnings: tuple[str, ...] = ()


class _Kind:
    """The signatures of one kind of container, by the path they look for first."""

    def __init__(self, signatures: Iterable[ContainerSignature]) -> None:
        self._signatures = tuple(signatures)
        self._by_path: defaultdict[str, list[int]] = defaultdict(list)
        for number, signature in enumerate(self._signatures):
            self._by_path[signature.members[0].path].append(number)
        self.wanted = frozenset(rule.path for s in self._signatures for rule in s.members)

    def candidates(self, names: AbstractSet[str]) -> list[ContainerSignature]:
        """Signatures all of whose members are there, in order."""
        numbers = sorted(n for path in names for n in self._by_path.get(path, ()))
        chosen = [self._signatures[number] for number in numbers]
        return [s for s in chosen if all(rule.path in names for rule in s.members)]


class ContainerIndex:
    """All container signatures of a set, ready to examine files."""

    def __init__(self, signatures: Iterable[ContainerSignature]) -> None:
        every = tuple(signatures)
        self._zip = _Kind(s for s in every if s.kind == "ZIP")
        self._ole = _Kind(s for s in every if s.kind == "OLE2")

    def examine(self, extent: Extent, head: bytes) -> ContainerAnswer:
        """What the container is; an empty answer for a file that is no container."""
        if head.startswith((b"PK\3\4", b"PK\5\6")):
            kind = self._zip
        elif head.startswith(ole_members.MAGIC):
            kind = self._ole
        else:
            return ContainerAnswer()
        warnings: list[str] = []
        members: _Members | None = None
        matches: list[ContainerSignature] = []
        try:
            if kind is self._zip:
                members = zip_members.ZipMembers(extent, kind.wanted)
            else:
                members = ole_members.OleMembers(extent, kind.wanted)
            known: dict[str, tuple[bytes, bool] | None] = {}
            for signature in kind.candidates(members.names):
                if all(_holds(rule, members, known, warnings) for rule in signature.members):
                    matches.append(signature)  # noqa: PERF401  kept when the budget ends
        except BudgetSpentError:
            warnings.append(LIMIT)
        except ContainerDamagedError:
            warnings.append(DAMAGED)
        if members is not None:
            warnings += [LIMIT] * members.limited + [ENCRYPTED] * members.encrypted
        return ContainerAnswer(_most_specific(matches), tuple(dict.fromkeys(warnings)))


def _most_specific(matches: Sequence[ContainerSignature]) -> tuple[ContainerSignature, ...]:
    """Without signatures that ask for less than another one that matched.

    Set 20200121 gives Word 97 documents (WordDocument, CompObj saying Word.Document.8) no
    priority over generic ones (WordDocument).
    """
    if len(matches) < 2:
        return tuple(matches)
    asked = [_asked(signature) for signature in matches]
    return tuple(
        s for s, own in zip(matches, asked, strict=True) if not any(own < a for a in asked)
    )


def _asked(signature: ContainerSignature) -> frozenset[tuple[str, bool]]:
    """What a signature asks: each member's presence, and whether of certain bytes."""
    present = {(rule.path, False) for rule in signature.members}
    return frozenset(present | {(r.path, True) for r in signature.members if r.signatures})


def _holds(
    rule: MemberRule,
    members: _Members,
    known: dict[str, tuple[bytes, bool] | None],
    warnings: list[str],
) -> bool:
    """Whether the member matches; one damaged member does not hide the others."""
    if not rule.signatures:
        return True
    if rule.path not in known:
        try:
            known[rule.path] = members.read(rule.path)
        except ContainerDamagedError:
            warnings.append(DAMAGED)
            known[rule.path] = None
    member = known[rule.path]
    if member is None:
        return False
    content, complete = member
    if rule.needs_end and not complete:
        warnings.append(LIMIT)
        return False
    return any(all(m.found_in(content) for m in matchers) for matchers in rule.signatures)
