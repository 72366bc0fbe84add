"""Matches patterns with several wide gaps in time linear in the buffer.

PRONOM has patterns such as eleven frame headers each 46 to 1,439 bytes apart. A
backtracking matcher can be made to try every combination: a 15 KB file then holds fido for
years. Here every step turns the set of places where the rest may begin into the next such
set, so each step reads the buffer once, whatever it holds. The answers are those of ``re``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from preservation.formats.regex_tree import (
    UNBOUNDED,
    Bytes,
    Choice,
    Edge,
    Gap,
    Node,
    Tree,
    is_understood,
    source,
    width,
)

WIDE_GAP_BYTES = 8
"""A gap that varies by less is left to ``re``."""

Spans: TypeAlias = list[tuple[int, int]]
"""Where the rest may begin: sorted, disjoint, both ends included."""


@dataclass(frozen=True, slots=True)
class _Piece:
    pattern: re.Pattern[bytes]
    width: int


_Step: TypeAlias = Bytes | Gap | Edge | _Piece | tuple["_Step", ...] | list["_Step"]


def needs_care(tree: Tree, *, anchored: bool) -> bool:
    """Whether a backtracking matcher could need more than linear time for ``tree``."""
    wide = sum(
        1 for node in _all_nodes(tree) if isinstance(node, Gap) and _varies(node) >= WIDE_GAP_BYTES
    )
    return is_understood(tree) and wide >= (2 if anchored else 1)


class GapMatcher:
    """One pattern, ready to be looked for; knows no backtracking."""

    def __init__(self, tree: Tree) -> None:
        self._steps = _compile(tree)
        self._literals = [node.content for node in tree if isinstance(node, Bytes)]

    def found_in(self, buffer: bytes) -> bool:
        """Whether the pattern occurs anywhere in ``buffer`` (its own edges are honoured)."""
        place = 0
        # Nearly every file that is no match lacks one of the literals, or their order.
        for literal in self._literals:
            place = buffer.find(literal, place)
            if place < 0:
                return False
            place += len(literal)
        return bool(_follow(self._steps, buffer, [(0, len(buffer))], last=True))


def _varies(gap: Gap) -> int:
    return gap.high - gap.low


def _all_nodes(tree: Tree) -> Iterator[Node]:
    for node in tree:
        yield node
        if isinstance(node, Choice):
            for option in node.options:
                yield from _all_nodes(option)


def _compile(tree: Tree) -> list[_Step]:
    """Steps of fixed-width pieces, variable gaps, edges and choices of unequal widths."""
    steps: list[_Step] = []
    fixed: list[Node] = []
    for node in tree:
        low, high = width([node])
        if low == high and not isinstance(node, Edge):
            fixed.append(node)
            continue
        _flush(fixed, steps)
        if isinstance(node, Choice):
            steps.append(tuple(_compile(option) for option in node.options))
        elif isinstance(node, Gap | Edge):
            steps.append(node)
    _flush(fixed, steps)
    return steps


def _flush(fixed: list[Node], steps: list[_Step]) -> None:
    if len(fixed) == 1 and isinstance(fixed[0], Bytes | Gap):
        steps.append(fixed[0])
    elif fixed:
        steps.append(_Piece(re.compile(b"(?s)" + source(fixed)), width(fixed)[0]))
    fixed.clear()


def _follow(steps: Sequence[_Step], buffer: bytes, spans: Spans, *, last: bool) -> Spans:
    """Where the rest may begin after ``steps``; ``last``: only whether there is any place."""
    for number, step in enumerate(steps, start=1):
        if not spans:
            return []
        following = steps[number] if number < len(steps) else None
        first_is_enough = last if following is None else _reaches_the_end(following)
        match step:
            case Gap(low, high):
                spans = _merged((a + low, min(len(buffer), b + high)) for a, b in spans)
            case Edge(end):
                place = len(buffer) if end else 0
                spans = [(place, place)] if any(a <= place <= b for a, b in spans) else []
            case Bytes(content):
                starts = _starts_of_bytes(content, buffer, spans)
                spans = _after(islice(starts, 1 if first_is_enough else None), len(content))
            case _Piece(pattern, wide):
                starts = _starts_of_piece(pattern, buffer, spans)
                spans = _after(islice(starts, 1 if first_is_enough else None), wide)
            case tuple():
                ends = [end for option in step for end in _follow_option(option, buffer, spans)]
                spans = _merged(sorted(ends))
    return spans


def _follow_option(option: _Step, buffer: bytes, spans: Spans) -> Spans:
    steps = option if isinstance(option, list) else [option]
    return _follow(steps, buffer, spans, last=False)


def _reaches_the_end(step: _Step) -> bool:
    """After such a gap only the nearest place matters: it reaches all that others reach."""
    return isinstance(step, Gap) and step.high >= UNBOUNDED


def _merged(spans: Iterable[tuple[int, int]]) -> Spans:
    """Sorted spans with overlapping and touching ones joined; empty ones dropped."""
    merged: Spans = []
    for a, b in spans:
        if a > b:
            continue
        if merged and a <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(b, merged[-1][1]))
        else:
            merged.append((a, b))
    return merged


def _after(starts: Iterable[int], wide: int) -> Spans:
    return _merged((start + wide, start + wide) for start in starts)


def _starts_of_bytes(content: bytes, buffer: bytes, spans: Spans) -> Iterator[int]:
    place = -1
    for a, b in spans:
        place = max(place, a)
        while place <= b:
            place = buffer.find(content, place)
            if place < 0:
                return
            if place <= b:
                yield place
                place += 1


def _starts_of_piece(pattern: re.Pattern[bytes], buffer: bytes, spans: Spans) -> Iterator[int]:
    place = -1
    for a, b in spans:
        place = max(place, a)
        while place <= b:
            hit = pattern.search(buffer, place)
            if hit is None:
                return
            place = hit.start()
            if place <= b:
                yield place
                place += 1
