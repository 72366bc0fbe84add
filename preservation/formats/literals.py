"""The bytes a pattern cannot match without, and how far they lie from either end."""

from __future__ import annotations

from dataclasses import dataclass

from preservation.formats.regex_tree import UNBOUNDED, Bytes, Edge, Tree, width


@dataclass(frozen=True, slots=True)
class Literal:
    """A run of bytes that every match holds.

    ``first`` … ``last`` is where it may start in the buffer (``last`` is UNBOUNDED when
    nothing limits it); ``from_end`` says the same of the distance from its start to the
    buffer's end, ``(0, UNBOUNDED)`` when the pattern is not tied to the end.
    """

    content: bytes
    first: int
    last: int
    from_end: tuple[int, int] = (0, UNBOUNDED)

    @property
    def is_fixed(self) -> bool:
        """Whether it can only start at one place counted from the buffer's start."""
        return self.first == self.last


def literals_of(tree: Tree, *, anchored: bool) -> list[Literal]:
    """Every literal at the top level of ``tree``.

    ``anchored``: the pattern is matched at the buffer's start, with or without ``\\A``.
    """
    at_start = anchored or (bool(tree) and tree[0] == Edge(end=False))
    at_end = bool(tree) and tree[-1] == Edge(end=True)
    found = []
    for place, node in enumerate(tree):
        if not isinstance(node, Bytes):
            continue
        before = width(tree[:place])
        after = width(tree[place:])
        found.append(
            Literal(
                node.content,
                first=before[0],
                last=before[1] if at_start else UNBOUNDED,
                from_end=after if at_end else (after[0], UNBOUNDED),
            )
        )
    return found
