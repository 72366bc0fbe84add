"""Vietnamese words as people type them: with marks, without, and with the mark elsewhere.

Two readings of every text are indexed. *Exact* keeps the marks, so that ``dương`` does not
find ``đường``; *folded* drops them, for the many who type without. The database folds
nothing, so every engine answers alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

_FOLDED_D = str.maketrans("đĐðÐ", "dddd")
# Text recognition returns the Icelandic eth for the Vietnamese letter.
_ETH = str.maketrans("ðÐ", "đđ")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")

_HAN = "\u2e80-\u2fdf\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Han script is written without spaces: each character is a word, a run of them a phrase.
_WORD = re.compile(rf"[{_HAN}]|(?:(?![{_HAN}])[^\W_]|[\u0300-\u036f])+")


def fold(text: str) -> str:
    """The text without marks and capitals: ``Đường`` and ``DUONG`` are both ``duong``."""
    # Twice: a few capitals only fall apart into letter and mark once they are small.
    small = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text.casefold()).casefold())
    bare = "".join(c for c in small if not unicodedata.category(c).startswith("M"))
    return unicodedata.normalize("NFC", bare.translate(_FOLDED_D))


def exact(text: str) -> str:
    """The text in small letters with its marks, wherever a tone was put in its syllable.

    ``uỷ`` and ``ủy``, ``hoá`` and ``hóa`` become one spelling, which is for comparing and
    not for showing: the tone goes to the end of the word.
    """
    small = unicodedata.normalize("NFD", text.casefold().translate(_ETH))
    return _WORD.sub(lambda word: _tone_last(word.group()), unicodedata.normalize("NFC", small))


def has_marks(text: str) -> bool:
    """Whether the text has a mark that folding would drop."""
    return fold(text) != unicodedata.normalize("NFC", text.casefold())


def words(text: str) -> list[str]:
    """The words of a text that :func:`fold` or :func:`exact` made, in order."""
    return _WORD.findall(text)


def phrases(query: str, reading: Callable[[str], str]) -> Iterator[tuple[str, ...]]:
    """What a query asks for, each once: words, and runs of words that belong together.

    Signs inside a word (``02-KL/VPTW``, ``H99.10.05``) and double quotes hold words together.
    """
    seen = set()
    for quoted, plain in re.findall(r'"([^"]*)"|([^\s"]+)', query):
        phrase = tuple(words(reading(quoted or plain)))
        if phrase and phrase not in seen:
            seen.add(phrase)
            yield phrase


def _tone_last(word: str) -> str:
    if word.isascii():
        return word
    apart = unicodedata.normalize("NFD", word)
    letters = "".join(c for c in apart if c not in _TONES)
    return unicodedata.normalize("NFC", letters + "".join(c for c in apart if c in _TONES))
