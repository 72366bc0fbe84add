"""The linear matcher gives the answers of ``re``, where ``re`` can give one at all."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from preservation.formats.gap_matcher import GapMatcher, needs_care
from preservation.formats.regex_tree import parse, source

REGEXES = [
    rb"(?s)\Aab.*c.{2,9}d",
    rb"(?s)\A.{0,9}a(?:b|bc).{1,}d.{0,3}\Z",
    rb"(?s)a.{3,12}[bc].{0,12}(?!d)..c",
    rb"(?s)(?:a.{1,9}b|cd).*a{2}.{0,12}d",
    rb"(?s)a.{1,30}b.{1,30}\Z",
]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(REGEXES), st.text(alphabet="abcd", max_size=60))
def test_it_finds_what_re_finds(regex: bytes, text: str) -> None:
    tree = parse(regex)
    assert tree is not None
    buffer = text.encode()
    assert GapMatcher(tree).found_in(buffer) == bool(re.search(regex, buffer))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(REGEXES), st.text(alphabet="abcd", max_size=60))
def test_a_tree_written_out_again_means_the_same(regex: bytes, text: str) -> None:
    tree = parse(regex)
    assert tree is not None
    again = b"(?s)" + source(tree)
    assert bool(re.search(again, text.encode())) == bool(re.search(regex, text.encode()))


def test_eleven_frames_that_never_come_are_refused_without_trying_every_way() -> None:
    """Ten blocks of sixteen headers: a backtracking matcher tries 16**10 ways."""
    frame = rb"\xff\xfb[\x10-\xeb]"
    tree = parse(rb"(?s)\A.{0,1795}" + (frame + rb".{46,1439}") * 10 + frame)
    assert tree is not None
    block = (b"\xff\xfb\x90" * 16).ljust(1000, b"\0")
    assert not GapMatcher(tree).found_in(block * 10)
    assert GapMatcher(tree).found_in(block * 11)


def test_only_patterns_that_could_explode_are_taken_from_re() -> None:
    def careful(regex: bytes, *, anchored: bool) -> bool:
        tree = parse(regex)
        assert tree is not None
        return needs_care(tree, anchored=anchored)

    assert not careful(rb"(?s)\AGIF8.{0,4000}x", anchored=True)
    assert careful(rb"(?s)\Aa.*b.*c", anchored=True)
    assert careful(rb"(?s)a.{0,100}b", anchored=False)
    assert not careful(rb"(?s)a.{0,2}b", anchored=False)


def test_without_the_private_parser_a_pattern_has_no_tree_and_is_still_checked() -> None:
    assert parse(rb"(?s)\Aabc", internals=None) is None
    try:
        parse(rb"(?s).{5,2}", internals=None)
    except re.error:
        return
    raise AssertionError("an invalid regex was let through")
