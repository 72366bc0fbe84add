"""Proposes how bytes that are not UTF-8 should be read as a Vietnamese name.

Every decoder is tried and its text is scored by how much of what is not ASCII falls into
syllables that Vietnamese allows. The bytes stay the name; the text is a proposal, and where
two readings are about as good an officer decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.findings import Finding, Severity
from schemas.names import printable
from schemas.names_legacy import DECODERS
from schemas.names_syllables import COMMON, is_syllable

PLAUSIBLE = 0.75
"""The least score of a reading that needs no officer."""
MARGIN = 0.15
"""How much better than every other reading it must be."""
RARE = 0.8
"""The score of a syllable that is possible but not among the common ones."""
WESTERN = 0.3
"""The score of letters that are no Vietnamese syllable, in an encoding that DOS used."""

_WORDS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class NameProposal:
    """How a raw name may be read.

    ``encoding`` is ``ascii``, ``utf-8``, one of ``schemas.names_legacy.DECODERS``, or
    ``unknown`` when undecodable bytes became ``%XX``. ``alternatives`` are other
    (encoding, text) readings worth showing, best first.
    """

    text: str
    encoding: str
    ambiguous: bool = False
    alternatives: tuple[tuple[str, str], ...] = ()

    @property
    def legacy(self) -> bool:
        """Whether somebody has to confirm the reading: the bytes are not UTF-8."""
        return self.encoding not in {"ascii", "utf-8"}


def propose_name(
    raw: bytes, *, declared_utf8: bool = False, prefer: str | None = None
) -> NameProposal:
    """The best reading of ``raw``.

    ``declared_utf8``: the container said UTF-8; if the bytes are not, every other reading is
    ambiguous. ``prefer`` is the encoding that the rest of the package speaks for
    (:func:`common_encoding`): it wins where its reading is plausible.
    """
    if raw.isascii():
        return NameProposal(raw.decode("ascii"), "ascii")
    try:
        return NameProposal(raw.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        readings = _readings(raw)
    if prefer is not None:
        readings.sort(key=lambda reading: reading[1] != prefer)
        if readings and readings[0][1] == prefer and readings[0][0] >= PLAUSIBLE:
            return _proposal(readings, ambiguous=declared_utf8)
        readings.sort(key=lambda reading: -reading[0])
    if not readings or readings[0][0] <= 0:
        others = tuple((encoding, text) for _, encoding, text in readings[:3])
        return NameProposal(printable(raw), "unknown", True, others)
    best = readings[0]
    rival = any(score > best[0] - MARGIN and text != best[2] for score, _, text in readings[1:])
    return _proposal(readings, ambiguous=declared_utf8 or rival or best[0] < PLAUSIBLE)


def _proposal(readings: list[tuple[float, str, str]], *, ambiguous: bool) -> NameProposal:
    _, encoding, text = readings[0]
    seen = {text}
    others = []
    for score, other, reading in readings[1:]:
        if score > 0 and reading not in seen:
            seen.add(reading)
            others.append((other, reading))
    return NameProposal(text, encoding, ambiguous, tuple(others[:3]))


def common_encoding(raws: Iterable[bytes]) -> str | None:
    """The encoding that the non-UTF-8 names among ``raws`` speak for together, if one does."""
    totals = dict.fromkeys(DECODERS, 0.0)
    names = 0
    for raw in raws:
        if raw.isascii() or _is_utf8(raw):
            continue
        names += 1
        for score, encoding, _ in _readings(raw):
            totals[encoding] += score
    ranked = sorted(totals.items(), key=lambda item: -item[1])
    (best, first), (_, second) = ranked[:2]
    clear = names > 0 and first / names >= PLAUSIBLE and first - second > MARGIN * names
    return best if clear else None


def name_finding(raw: bytes, proposal: NameProposal) -> Finding | None:
    """What an officer must be told about the reading of ``raw``; None for ASCII and UTF-8."""
    if not proposal.legacy:
        return None
    code = "NAME-ENCODING-AMBIGUOUS" if proposal.ambiguous else "NAME-ENCODING-PROPOSED"
    others = "; ".join(f"{encoding}: {text}" for encoding, text in proposal.alternatives)
    fields = {"text": proposal.text, "encoding": proposal.encoding, "others": others or "-"}
    return Finding(code, Severity.ERROR, printable(raw), fields)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _readings(raw: bytes) -> list[tuple[float, str, str]]:
    """(score, encoding, text) of every decoder that can read ``raw``, best first."""
    readings = []
    for encoding, decoder in DECODERS.items():
        text = decoder(raw)
        if text is not None and encoding != "utf-8":
            readings.append((plausibility(text, encoding), encoding, text))
    readings.sort(key=lambda reading: -reading[0])
    return readings


def plausibility(text: str, encoding: str = "") -> float:
    """0…1: how much of the text's non-ASCII letters stands in Vietnamese syllables."""
    capitals_lost = encoding.startswith("tcvn3")
    good = total = 0.0
    covered = 0
    for word in _WORDS.findall(text):
        for syllable in _split_at_capitals(word, capitals_lost):
            marked = sum(not letter.isascii() for letter in syllable)
            covered += marked
            total += marked
            if marked and syllable in COMMON:
                good += marked
            elif marked and is_syllable(syllable):
                good += marked * RARE
            elif marked and encoding == "cp437":
                good += marked * WESTERN
    strange = sum(not sign.isascii() or sign < " " for sign in text) - covered
    return good / (total + strange) if total + strange else 0.0


def _split_at_capitals(word: str, capitals_lost: bool) -> list[str]:
    """``QuyếtĐịnh`` as two syllables; words in one case stay whole."""
    plain = [letter for letter in word if letter.isascii()]
    if word.isupper() or word.islower():
        return [word.lower()]
    if capitals_lost and len(plain) > 1 and all(letter.isupper() for letter in plain):
        return [word.lower()]
    parts: list[str] = []
    for letter in word:
        if not parts or letter.isupper():
            parts.append(letter.lower())
        else:
            parts[-1] += letter
    return parts if all(len(part) > 1 for part in parts) else [word.lower()]
