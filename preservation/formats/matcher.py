"""One byte pattern, ready to be looked for; compiled when first needed."""

from __future__ import annotations

import re

from preservation.formats.gap_matcher import GapMatcher, needs_care
from preservation.formats.regex_tree import Tree, width

_LOOKAHEAD_SLACK = 64


class Matcher:
    """Looks for one pattern in one buffer, with ``re`` or, where that could explode, without.

    ``anchored``: the match must begin at the buffer's start. ``ends``: the pattern is tied to
    the buffer's end, so that only as much of the end is searched as it can take up.
    """

    __slots__ = ("_anchored", "_compiled", "_ends", "_from_end", "_regex", "_tree")

    def __init__(self, regex: bytes, tree: Tree | None, *, anchored: bool, ends: bool) -> None:
        self._regex = regex
        self._tree = tree
        self._anchored = anchored
        self._ends = ends
        self._from_end = 0
        self._compiled: re.Pattern[bytes] | GapMatcher | None = None

    def found_in(self, buffer: bytes) -> bool:
        """Whether the pattern is there."""
        compiled = self._compiled
        if compiled is None:
            compiled = self._compile()
        if isinstance(compiled, GapMatcher):
            return compiled.found_in(buffer)
        if self._anchored:
            return compiled.match(buffer) is not None
        if self._from_end:
            return compiled.search(buffer, max(0, len(buffer) - self._from_end)) is not None
        return compiled.search(buffer) is not None

    def _compile(self) -> re.Pattern[bytes] | GapMatcher:
        compiled: re.Pattern[bytes] | GapMatcher
        if self._tree is not None and needs_care(self._tree, anchored=self._anchored):
            compiled = GapMatcher(self._tree)
        else:
            compiled = re.compile(self._regex)
            if self._ends and self._tree is not None:
                self._from_end = width(self._tree)[1] + _LOOKAHEAD_SLACK
        self._compiled = compiled
        return compiled
