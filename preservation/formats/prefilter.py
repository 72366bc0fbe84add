"""Finds the few signatures worth trying on a file by bytes they cannot match without.

Of each signature the most telling literal is kept: at one fixed place (looked up in a
dictionary), inside a window of the head, or inside a window of the tail. A signature without
any is always tried. There are no false negatives, so trying only the candidates gives the
answers that trying all would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from preservation.formats.literals import Literal, literals_of
from preservation.formats.regex_tree import UNBOUNDED
from preservation.formats.signature_set import Pattern, Signature

_LONGEST = 8
"""Bytes of a fixed literal that are compared; more would only make more groups."""

_HEAD_BYTES = 128 * 1024

_COMMON = {0x00: 0.3, 0xFF: 0.1, 0x20: 0.06, 0x0A: 0.05, 0x0D: 0.05, 0x01: 0.05}
"""Rough chance that a byte of a file has a value; the others are near one in a hundred."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """The literal a signature is looked up by; ``cost`` is in microseconds, roughly."""

    cost: float
    in_tail: bool
    literal: Literal


class Prefilter:
    """The index over one signature set; read-only once made."""

    def __init__(self, signatures: Iterable[Signature]) -> None:
        fixed: defaultdict[tuple[int, int], defaultdict[bytes, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        windows: defaultdict[tuple[bytes, int, int], list[int]] = defaultdict(list)
        tails: defaultdict[tuple[bytes, int, int], list[int]] = defaultdict(list)
        always: list[int] = []
        for number, signature in enumerate(signatures):
            best = _best(signature.patterns)
            if best is None:
                always.append(number)
                continue
            literal = best.literal
            if best.in_tail:
                tails[literal.content, *literal.from_end].append(number)
            elif literal.is_fixed:
                content = literal.content[: _fixed_length(literal.content)]
                fixed[literal.first, len(content)][content].append(number)
            else:
                last = min(literal.last, UNBOUNDED) + len(literal.content)
                windows[literal.content, literal.first, last].append(number)
        self._fixed = [
            (place, place + length, {k: tuple(v) for k, v in group.items()})
            for (place, length), group in sorted(fixed.items())
        ]
        self._windows = [(*key, tuple(found)) for key, found in windows.items()]
        self._tails = [(*key, tuple(found)) for key, found in tails.items()]
        self._always = tuple(always)

    def candidates(self, head: bytes, tail: bytes) -> list[int]:
        """Numbers of the signatures that may match, in the set's order."""
        found = list(self._always)
        for start, end, group in self._fixed:
            hit = group.get(head[start:end])
            if hit is not None:
                found.extend(hit)
        for content, start, end, numbers in self._windows:
            if head.find(content, start, end) >= 0:
                found.extend(numbers)
        size = len(tail)
        for content, nearest, farthest, numbers in self._tails:
            start = size - farthest if farthest < size else 0
            if tail.find(content, start, size - nearest + len(content)) >= 0:
                found.extend(numbers)
        found.sort()
        return found


def _fixed_length(content: bytes) -> int:
    return next(length for length in (_LONGEST, 4, 3, 2, 1) if length <= len(content))


def _best(patterns: Iterable[Pattern]) -> _Choice | None:
    choices = [choice for pattern in patterns for choice in _choices(pattern)]
    return min(choices, key=lambda choice: choice.cost, default=None)


def _choices(pattern: Pattern) -> Iterable[_Choice]:
    if pattern.tree is None:
        return
    in_tail = pattern.position == "EOF"
    for literal in literals_of(pattern.tree, anchored=pattern.position == "BOF"):
        yield _Choice(_cost(literal, in_tail=in_tail), in_tail, literal)


def _cost(literal: Literal, *, in_tail: bool) -> float:
    """What looking it up costs every file, plus trying the signature where it is found."""
    if literal.is_fixed and not in_tail:
        content = literal.content[: _fixed_length(literal.content)]
        return 0.05 + _chance(content) * 20
    nearest, farthest = literal.from_end if in_tail else (literal.first, literal.last)
    places = min(farthest - nearest, _HEAD_BYTES) + 1
    return 0.1 + places / 2000 + min(1.0, _chance(literal.content) * places) * 20


def _chance(content: bytes) -> float:
    """How likely the bytes stand at a given place of a file that is something else."""
    return prod(_COMMON.get(byte, 0.02 if 0x20 < byte < 0x7F else 0.01) for byte in content)
