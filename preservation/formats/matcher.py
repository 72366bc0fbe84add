"""One byte pattern, compiled once and held: ``re``'s own cache is too small for a set."""

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

    __slots__ = ("_anchored", "_compiled", "_from_end")

    def __init__(self, regex: bytes, tree: Tree | None, *, anchored: bool, ends: bool) -> None:
        self._anchored = anchored
        self._from_end = 0
        self._compiled: re.Pattern[bytes] | GapMatcher
        if tree is not None and needs_care(tree, anchored=anchored):
            self._compiled = GapMatcher(tree)
        else:
            self._compiled = re.compile(regex)
            if ends and tree is not None:
                self._from_end = width(tree)[1] + _LOOKAHEAD_SLACK

    def found_in(self, buffer: bytes) -> bool:
        """Whether the pattern is there."""
        compiled = self._compiled
        if isinstance(compiled, GapMatcher):
            return compiled.found_in(buffer)
        if self._anchored:
            return compiled.match(buffer) is not None
        if self._from_end:
            return compiled.search(buffer, max(0, len(buffer) - self._from_end)) is not None
        return compiled.search(buffer) is not None
