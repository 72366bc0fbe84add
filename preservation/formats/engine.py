"""Identification: which format a file is, from its first and last bytes.

Fido's signature files and priority rules, without its cost: a prefilter picks the few
signatures worth trying, containers are looked into within a budget, and nothing is read that
the hashing pass did not already see, save for members of containers.
"""

from __future__ import annotations

import os.path
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from preservation.formats.containers import ContainerAnswer, ContainerIndex
from preservation.formats.extent import Extent
from preservation.formats.literals import literals_of
from preservation.formats.matcher import Matcher
from preservation.formats.prefilter import Prefilter
from preservation.formats.signature_set import Format, Signature, SignatureSet
from schemas.nouns import FormatResult

EMPTY = "FORMAT-EMPTY"
UNKNOWN = "FORMAT-UNKNOWN"
AMBIGUOUS = "FORMAT-AMBIGUOUS"
EXTENSION_ONLY = "FORMAT-EXTENSION-ONLY"
EXTENSION_MISMATCH = "FORMAT-EXTENSION-MISMATCH"

_FAR_BYTES = 2048
_UNKNOWN_MIME = "application/octet-stream"


class _Ready:
    """One signature with matchers for the head and for the tail."""

    __slots__ = ("format", "head", "needs", "tail")

    def __init__(self, signature: Signature) -> None:
        self.format = signature.format
        parts = [
            (p.position, Matcher(p.regex, p.tree, anchored=p.position == "BOF", ends=False))
            for p in signature.patterns
            if p.position != "EOF"
        ]
        self.head = tuple(matcher for _, matcher in parts)
        self.needs = tuple(_far_literals(signature))
        self.tail = tuple(
            Matcher(p.regex, p.tree, anchored=False, ends=True)
            for p in signature.patterns
            if p.position == "EOF"
        )

    def holds(self, head: bytes, tail: bytes, known: dict[bytes, bool]) -> bool:
        """Whether every pattern is where it must be.

        ``known`` remembers for one file which bytes its head holds: twenty DXF versions all
        look for SECTION, and a search through 128 KiB costs more than all else.
        """
        for literal in self.needs:
            there = known.get(literal)
            if there is None:
                there = known[literal] = literal in head
            if not there:
                return False
        for matcher in self.head:
            if not matcher.found_in(head):
                return False
        return all(matcher.found_in(tail) for matcher in self.tail)


def _far_literals(signature: Signature) -> Iterator[bytes]:
    """The first literal of each head pattern that may lie far into the head."""
    for pattern in signature.patterns:
        if pattern.position != "EOF" and pattern.tree is not None:
            literals = literals_of(pattern.tree, anchored=pattern.position == "BOF")
            far = (one.content for one in literals if one.last - one.first > _FAR_BYTES)
            yield from islice(far, 1)


class Identifier:
    """Answers for one signature set; read-only, so that threads and forks may share it."""

    def __init__(self, signature_set: SignatureSet) -> None:
        self.signature_set = signature_set
        self._set_id = signature_set.id
        self._formats = signature_set.formats
        self._ready = [_Ready(signature) for signature in signature_set.signatures]
        self._prefilter = Prefilter(signature_set.signatures)
        self._containers = ContainerIndex(signature_set.containers)
        self._orders = {known.puid: known.order for known in self._formats}
        self._own = frozenset(f.order for f in self._formats if f.puid.startswith("fido-fmt/"))
        self._beaten_by = _beaten_by(self._formats)
        self._by_extension = self._extension_table()

    def identify(
        self,
        *,
        name: str,
        size_bytes: int,
        head: bytes,
        tail: bytes,
        open_file: Callable[[], BinaryIO] | None = None,
    ) -> FormatResult:
        """The format of a file of ``size_bytes`` whose first and last 128 KiB are given.

        ``name`` is used for its extension only. ``open_file`` gives the file again, for
        members of containers that lie between head and tail; without it they are not looked
        at, which the result says. At most ``extent.WORK_BYTES`` are read or inflated.
        """
        if size_bytes == 0:
            return FormatResult((), "none", warnings=(EMPTY,), signature_set=self._set_id)
        matches = self._match(head, tail)
        with Extent(size_bytes, head, tail, open_file) as extent:
            inside = self._containers.examine(extent, head)
        if inside.matches:
            orders = self._with_superiors(inside, matches)
            return self._result(orders, "container", name, inside.warnings)
        if matches:
            return self._result(matches, "signature", name, inside.warnings)
        return self._by_name(name, inside.warnings)

    def _match(self, head: bytes, tail: bytes) -> list[int]:
        """Orders of the formats whose signatures match, by fido's rules.

        A format that something found earlier has priority over is not tried; at the end
        whatever something found has priority over is dropped.
        """
        found: list[int] = []
        beaten_by = self._beaten_by
        known: dict[bytes, bool] = {}
        for number in self._prefilter.candidates(head, tail):
            ready = self._ready[number]
            order = ready.format
            if order in found or (found and not beaten_by[order].isdisjoint(found)):
                continue
            if ready.holds(head, tail, known):
                found.append(order)
        return self._unbeaten(found)

    def _with_superiors(self, inside: ContainerAnswer, matches: Sequence[int]) -> list[int]:
        """The container's formats, and formats told by bytes that have priority over one.

        Set 20200121 knows PowerPoint 97 containers but PowerPoint 95 by its bytes only.
        """
        found = [self._orders[m.puid] for m in inside.matches if m.puid in self._orders]
        superiors = [m for m in matches if any(m in self._beaten_by[order] for order in found)]
        return self._unbeaten(list(dict.fromkeys([*found, *superiors])))

    def _unbeaten(self, found: Sequence[int]) -> list[int]:
        """What nothing found has priority over; fido's own ids only where PRONOM has none."""
        if len(found) < 2:
            return list(found)
        best = [order for order in found if self._beaten_by[order].isdisjoint(found)]
        return [order for order in best if order not in self._own] or best

    def _by_name(self, name: str, warnings: tuple[str, ...]) -> FormatResult:
        orders = self._by_extension.get(_extension(name), [])
        if not orders:
            return FormatResult(
                (), "none", warnings=(UNKNOWN, *warnings), signature_set=self._set_id
            )
        formats = [self._formats[order] for order in orders]
        return self._value(formats, "extension", (EXTENSION_ONLY, *warnings))

    def _result(
        self, orders: Sequence[int], method: str, name: str, warnings: tuple[str, ...]
    ) -> FormatResult:
        formats = [self._formats[order] for order in orders]
        notes = [*warnings]
        if len(formats) > 1:
            notes.append(AMBIGUOUS)
        extension = _extension(name)
        if extension and all(f.extensions and extension not in f.extensions for f in formats):
            notes.append(EXTENSION_MISMATCH)
        return self._value(formats, method, tuple(notes))

    def _value(
        self, formats: Sequence[Format], method: str, warnings: tuple[str, ...]
    ) -> FormatResult:
        return FormatResult(
            puids=tuple(f.puid for f in formats),
            method=method,
            names=tuple(f.name for f in formats),
            mime=next((f.mime for f in formats if f.mime), _UNKNOWN_MIME),
            warnings=warnings,
            signature_set=self._set_id,
            versions=tuple(f.version for f in formats),
        )

    def _extension_table(self) -> dict[str, list[int]]:
        """Formats by extension; the one without signature and version, if there is just one.

        The signatures of the others did not match, or the extension would not be asked: a
        ``.txt`` is plain text. A format that only lacks a signature of its version proves
        nothing; then all stay, as in fido.
        """
        told_by_bytes = {signature.format for signature in self.signature_set.signatures}
        told_by_bytes |= {self._orders[c.puid] for c in self.signature_set.containers}
        table: defaultdict[str, list[int]] = defaultdict(list)
        for known in self._formats:
            for extension in dict.fromkeys(known.extensions):
                table[extension].append(known.order)
        best = {extension: self._unbeaten(orders) for extension, orders in table.items()}
        for extension, orders in best.items():
            plain = [order for order in orders if order not in told_by_bytes]
            if len(plain) == 1 and not self._formats[plain[0]].version:
                best[extension] = plain
        return best


def _beaten_by(formats: Iterable[Format]) -> list[frozenset[int]]:
    """For each format, the orders of those that have priority over it."""
    every = tuple(formats)
    order_of = {known.puid: known.order for known in every}
    beaten: list[set[int]] = [set() for _ in every]
    for known in every:
        for puid in known.over:
            if puid in order_of and order_of[puid] != known.order:
                beaten[order_of[puid]].add(known.order)
    return [frozenset(orders) for orders in beaten]


def _extension(name: str) -> str:
    # Fido's own reading of a name; Path.suffix differs on "a." and ".profile".
    return os.path.splitext(name)[1].lower().lstrip(".")  # noqa: PTH122
