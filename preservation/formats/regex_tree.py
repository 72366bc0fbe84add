"""A byte regex as a small tree of our own; the only module that asks ``re`` for its parser.

``re._parser`` is private and may go or change. Then :func:`parse` answers None for every
pattern, and callers match with plain ``re``: slower, with the same answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

try:
    from re import _parser as _sre  # type: ignore[attr-defined]  # private, see above
except ImportError:  # pragma: no cover  the fallback is tested by parsing with internals=None
    _sre = None

UNBOUNDED = 1 << 60
"""Stands for no upper limit; larger than any buffer."""

_REPEATED_AT_MOST = 4096


@dataclass(frozen=True, slots=True)
class Bytes:
    """Exactly these bytes."""

    content: bytes


@dataclass(frozen=True, slots=True)
class OneOf:
    """One byte out of ``members``."""

    members: bytes


@dataclass(frozen=True, slots=True)
class Gap:
    """At least ``low`` and at most ``high`` bytes, whatever they are."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several sequences."""

    options: tuple[Tree, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What follows matches ``inner``, or does not when ``negative``; takes no bytes."""

    negative: bool
    inner: Tree


@dataclass(frozen=True, slots=True)
class Edge:
    """The start or the end of the buffer."""

    end: bool


@dataclass(frozen=True, slots=True)
class Opaque:
    """Something this tree has no word for, ``low`` to ``high`` bytes wide."""

    low: int
    high: int


Node: TypeAlias = Bytes | OneOf | Gap | Choice | Ahead | Edge | Opaque
Tree: TypeAlias = tuple[Node, ...]


def parse(regex: bytes, internals: Any = _sre) -> Tree | None:
    """The tree of ``regex``; None when ``re``'s parser cannot be used.

    Raises ``re.error`` for an invalid regex, in either case.
    """
    if internals is None:
        re.compile(regex)
        return None
    try:
        parsed = internals.parse(regex)
        return _tidy(_Translator(internals, parsed.state).sequence(parsed))
    except (AttributeError, TypeError, ValueError, KeyError):
        re.compile(regex)
        return None


def width(tree: Iterable[Node]) -> tuple[int, int]:
    """The smallest and the largest number of bytes that ``tree`` takes."""
    low = high = 0
    for node in tree:
        match node:
            case Bytes(content):
                span = (len(content), len(content))
            case OneOf():
                span = (1, 1)
            case Gap(least, most) | Opaque(least, most):
                span = (least, most)
            case Choice(options):
                spans = [width(option) for option in options]
                span = (min(s[0] for s in spans), max(s[1] for s in spans))
            case _:
                span = (0, 0)
        low += span[0]
        high = min(UNBOUNDED, high + span[1])
    return low, high


def source(tree: Iterable[Node]) -> bytes:
    """A regex (for DOTALL) that matches what ``tree`` does. Opaque nodes have none."""
    return b"".join(_source_of(node) for node in tree)


def _source_of(node: Node) -> bytes:
    match node:
        case Bytes(content):
            return re.escape(content)
        case OneOf(members):
            return b"[" + b"".join(b"\\x%02x" % member for member in members) + b"]"
        case Gap(low, high):
            return b".{%d,%s}" % (low, b"" if high >= UNBOUNDED else b"%d" % high)
        case Choice(options):
            return b"(?:" + b"|".join(source(option) for option in options) + b")"
        case Ahead(negative, inner):
            return (b"(?!" if negative else b"(?=") + source(inner) + b")"
        case Edge(end):
            return rb"\Z" if end else rb"\A"
        case _:
            raise ValueError(node)


def is_understood(tree: Iterable[Node]) -> bool:
    """Whether no part of ``tree`` is opaque."""
    for node in tree:
        match node:
            case Opaque():
                return False
            case Choice(options):
                if not all(is_understood(option) for option in options):
                    return False
            case Ahead(_, inner):
                if not is_understood(inner):
                    return False
    return True


def _tidy(nodes: Iterable[Node]) -> Tree:
    """Neighbouring bytes joined, neighbouring gaps added up."""
    tidy: list[Node] = []
    for node in nodes:
        last = tidy[-1] if tidy else None
        match last, node:
            case Bytes(before), Bytes(after):
                tidy[-1] = Bytes(before + after)
            case Gap(low, high), Gap(more_low, more_high):
                tidy[-1] = Gap(low + more_low, min(UNBOUNDED, high + more_high))
            case _:
                tidy.append(node)
    return tuple(tidy)


class _Translator:
    """Turns one parsed pattern of ``re`` into nodes."""

    def __init__(self, internals: Any, state: Any) -> None:
        self._re = internals
        self._plain = not state.flags & (re.IGNORECASE | re.MULTILINE | re.LOCALE | re.VERBOSE)
        self._dotall = bool(state.flags & re.DOTALL)
        self._state = state

    def sequence(self, items: Any) -> list[Node]:
        """The nodes of one concatenation."""
        nodes: list[Node] = []
        for operation, argument in items:
            nodes.extend(self._node(str(operation), argument, (operation, argument)))
        return nodes

    def _node(self, name: str, argument: Any, item: Any) -> list[Node]:
        if not self._plain:
            return [self._opaque(item)]
        match name:
            case "LITERAL":
                return [Bytes(bytes([argument]))]
            case "NOT_LITERAL":
                return [OneOf(bytes(b for b in range(256) if b != argument))]
            case "IN":
                return [OneOf(_members(argument))]
            case "ANY" if self._dotall:
                return [Gap(1, 1)]
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self._repeat(argument, item)
            case "SUBPATTERN" if not argument[1] and not argument[2]:
                return self.sequence(argument[3])
            case "BRANCH":
                return [Choice(tuple(_tidy(self.sequence(option)) for option in argument[1]))]
            case "ASSERT" | "ASSERT_NOT" if argument[0] == 1:
                return [Ahead(name == "ASSERT_NOT", _tidy(self.sequence(argument[1])))]
            case "AT" if str(argument) in ("AT_BEGINNING_STRING", "AT_END_STRING"):
                return [Edge(end=str(argument) == "AT_END_STRING")]
        return [self._opaque(item)]

    def _repeat(self, argument: Any, item: Any) -> list[Node]:
        low, high, inner = int(argument[0]), int(argument[1]), argument[2]
        limit = UNBOUNDED if high >= int(self._re.MAXREPEAT) else high
        nodes = self.sequence(inner)
        if nodes == [Gap(1, 1)]:
            return [Gap(low, limit)]
        if low == limit and low * len(nodes) <= _REPEATED_AT_MOST:
            return nodes * low
        return [self._opaque(item)]

    def _opaque(self, item: Any) -> Opaque:
        low, high = self._re.SubPattern(self._state, [item]).getwidth()
        return Opaque(int(low), UNBOUNDED if high >= int(self._re.MAXREPEAT) - 1 else int(high))


def _members(argument: Any) -> bytes:
    """The bytes of a character class."""
    chosen: set[int] = set()
    negated = False
    for name, value in ((str(op), value) for op, value in argument):
        match name:
            case "NEGATE":
                negated = True
            case "LITERAL":
                chosen.add(value)
            case "RANGE":
                chosen.update(range(value[0], value[1] + 1))
            case _:
                raise ValueError(name)
    return bytes(b for b in range(256) if (b in chosen) != negated)
