"""PRONOM's own notation for byte sequences, as it stands in container signatures.

Hex pairs, ``'text'``, ``[01:0F]`` and ``['6'-'7']`` ranges, ``[22 27]`` sets, ``!`` or ``^``
negation, ``[!4001]`` (so many bytes, but not these), ``[&01]`` bit masks, ``(22|27)``
alternatives, ``??``, ``{4}``, ``{2-8}``, ``*``. Blanks mean nothing outside text. Anything
else is refused, so that a signature we would misread is reported instead of used. Source:
the PRONOM/DROID signature syntax as container signature files of schema version 1.0 use it.
"""

from __future__ import annotations

import re

from preservation.formats.regex_tree import UNBOUNDED, Ahead, Bytes, Choice, Gap, Node, OneOf, Tree

_TOKENS = re.compile(
    r"\s+|(?P<hex>[0-9A-Fa-f]{2})|'(?P<text>[^']*)'|\[(?P<set>(?:'[^']*'|[^\]'])+)\]"
    r"|\((?P<alternatives>[^()]*)\)|(?P<any>\?\?)|\{(?P<gap>[^}]*)\}|(?P<star>\*)"
)
_MEMBERS = re.compile(
    r"\s+|(?P<first>[0-9A-Fa-f]{2}|'[^']+')(?:\s*[:-]\s*(?P<last>[0-9A-Fa-f]{2}|'[^']+'))?"
    r"|&(?P<mask>[0-9A-Fa-f]{2})"
)


def translate(sequence: str) -> Tree:
    """The tree of one sequence; ValueError for anything not understood."""
    nodes: list[Node] = []
    place = 0
    while place < len(sequence):
        token = _TOKENS.match(sequence, place)
        if token is None:
            raise ValueError(f"not understood at {place}: {sequence[place : place + 20]!r}")
        place = token.end()
        for node in _nodes(token):
            if isinstance(node, Bytes) and nodes and isinstance(nodes[-1], Bytes):
                nodes[-1] = Bytes(nodes[-1].content + node.content)
            else:
                nodes.append(node)
    if not nodes:
        raise ValueError("empty sequence")
    return tuple(nodes)


def _nodes(token: re.Match[str]) -> list[Node]:
    match token.lastgroup:
        case "hex":
            return [Bytes(bytes.fromhex(token["hex"]))]
        case "text":
            return [Bytes(token["text"].encode())] if token["text"] else []
        case "set" if refused := re.fullmatch(r"!((?:[0-9A-Fa-f]{2}){2,})", token["set"]):
            content = bytes.fromhex(refused[1])
            return [Ahead(negative=True, inner=(Bytes(content),)), Gap(len(content), len(content))]
        case "set":
            return [OneOf(_members(token["set"]))]
        case "alternatives":
            options = token["alternatives"].split("|")
            return [Choice(tuple(translate(option) for option in options))]
        case "any":
            return [Gap(1, 1)]
        case "star":
            return [Gap(0, UNBOUNDED)]
        case "gap":
            return [_gap(token["gap"])]
    return []


def _gap(text: str) -> Gap:
    low, dash, high = text.partition("-")
    if not dash:
        return Gap(int(low), int(low))
    limit = UNBOUNDED if high.strip() == "*" else int(high)
    if int(low) > limit:
        raise ValueError(f"gap {text!r}")
    return Gap(int(low), limit)


def _members(text: str) -> bytes:
    """The bytes of ``[...]``."""
    inner = text.lstrip("!^ ")
    negated = inner != text.lstrip()
    chosen: set[int] = set()
    place = 0
    while place < len(inner):
        token = _MEMBERS.match(inner, place)
        if token is None:
            raise ValueError(f"set {text!r}")
        place = token.end()
        if token["mask"]:
            mask = int(token["mask"], 16)
            chosen.update(byte for byte in range(256) if byte & mask == mask)
        elif token["last"]:
            chosen.update(range(_byte(token["first"]), _byte(token["last"]) + 1))
        elif token["first"]:
            chosen.update(_bytes(token["first"]))
    if not chosen:
        raise ValueError(f"set {text!r}")
    return bytes(byte for byte in range(256) if (byte in chosen) != negated)


def _bytes(text: str) -> bytes:
    return text[1:-1].encode() if text.startswith("'") else bytes.fromhex(text)


def _byte(text: str) -> int:
    (only,) = _bytes(text)
    return only
