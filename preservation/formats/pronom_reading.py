"""Fido's translation of a pattern, put right where PRONOM's own text says otherwise.

Fido 1.6.1 translates PRONOM's ``??`` (one byte) as a byte or none, ``[!00]`` (one byte other
than 00) as a look ahead that takes no byte, and writes an offset with a smaller maximum
offset as ``.{3000,700}``, which is no regex at all. The signature files carry PRONOM's text
beside fido's regex, so the meaning is known. Everything else is taken from fido as it is.
"""

from __future__ import annotations

import re

from preservation.formats.byte_sequences import translate
from preservation.formats.regex_tree import source

_HEAD = re.compile(rb"(?P<start>\(\?s\)(?:\\A)?)(?P<gap>\.\{[0-9,]+\})?")
_TAIL = re.compile(rb"(?P<gap>\.\{[0-9,]+\})?\\Z\Z")
_MISREAD = ("??", "[!")


def reread(regex: bytes, pronom: str, position: str) -> bytes:
    """The regex that does what PRONOM's ``pronom`` says; fido's ``regex`` where they agree.

    ``pronom`` may be empty: fido's own formats have none.
    """
    regex = with_offsets_added(regex)
    if not any(sign in pronom for sign in _MISREAD):
        return regex
    head = _HEAD.match(regex)
    tail = _TAIL.search(regex)
    # A sequence that itself begins or ends with a gap cannot be told from its offset.
    if head is None or pronom[0] in "{*?" or (tail is not None and pronom[-1] in "}*?"):
        return regex
    try:
        core = source(translate(pronom))
    except ValueError:
        return regex
    start = head.group() if position == "BOF" else head["start"]
    return start + core + (tail.group() if tail else b"")


def with_offsets_added(regex: bytes) -> bytes:
    """The regex whose offset ranges that fido wrote backwards run forwards.

    PRONOM's maximum offset counts from the offset: ``.{160,100}`` means 160 to 260.
    """

    def forward(found: re.Match[bytes]) -> bytes:
        low, high = int(found[1]), int(found[2])
        return b".{%d,%d}" % (low, low + high) if low > high else found.group()

    return re.sub(rb"\.\{(\d+),(\d+)\}", forward, regex)
