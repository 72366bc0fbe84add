"""Decoders for the encodings in which old Vietnamese systems wrote names; Python has none.

TCVN3 (the *ABC* fonts, TCVN 5712 set 3) and VISCII (RFC 1456) are one byte per letter; VNI is
windows-1252 text in which a letter with marks is written as two. A decoder answers with NFC
text, or with None when a byte has no meaning in its encoding.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping

Decoder = Callable[[bytes], str | None]

_ASCII = {byte: chr(byte) for byte in range(0x80)}


def _row(start: int, letters: str) -> dict[int, str]:
    """One letter per byte from ``start``; a dot stands for a byte without meaning."""
    return {start + at: letter for at, letter in enumerate(letters) if letter != "."}


TCVN3: Mapping[int, str] = (
    _ASCII
    | _row(0xA0, "\u00a0ĂÂÊÔƠƯĐăâêôơưđ.")
    | _row(0xB0, ".....àảãáạ.ằẳẵắ.")
    | _row(0xC0, "......ặầẩẫấậè.ẻẽ")
    | _row(0xD0, "éẹềểễếệìỉ...ĩíịò")
    | _row(0xE0, ".ỏõóọồổỗốộờởỡớợù")
    | _row(0xF0, ".ủũúụừửữứựỳỷỹýỵ.")
)

VISCII: Mapping[int, str] = (
    _ASCII
    | {0x02: "Ẳ", 0x05: "Ẵ", 0x06: "Ẫ", 0x14: "Ỷ", 0x19: "Ỹ", 0x1E: "Ỵ"}
    | _row(0x80, "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐ")
    | _row(0x90, "ỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ")
    | _row(0xA0, "Õắằặấầẩậẽẹếềểễệố")
    | _row(0xB0, "ồổỗỠƠộờởịỰỨỪỬơớƯ")
    | _row(0xC0, "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳ")
    | _row(0xD0, "ĐứÒÓÔạỷừửÙÚỹỵÝỡư")
    | _row(0xE0, "àáâãảăữẫèéêẻìíĩỉ")
    | _row(0xF0, "đựòóôõỏọụùúũủýợỮ")
)

_VNI_LETTERS = dict(zip("ñôöæóòîíìÑÔÖÆÓÒÎÍÌ", "đơưỉĩịỵíìĐƠƯỈĨỊỴÍÌ", strict=True))
_GRAVE, _ACUTE, _CIRCUMFLEX, _TILDE = "\u0300", "\u0301", "\u0302", "\u0303"
_BREVE, _HOOK, _DOT = "\u0306", "\u0309", "\u0323"
_VNI_MARKS = {
    "ù": _ACUTE, "ø": _GRAVE, "û": _HOOK, "õ": _TILDE, "ï": _DOT,
    "â": _CIRCUMFLEX, "á": _CIRCUMFLEX + _ACUTE, "à": _CIRCUMFLEX + _GRAVE,
    "å": _CIRCUMFLEX + _HOOK, "ã": _CIRCUMFLEX + _TILDE, "ä": _DOT + _CIRCUMFLEX,
    "ê": _BREVE, "é": _BREVE + _ACUTE, "è": _BREVE + _GRAVE,
    "ú": _BREVE + _HOOK, "ü": _BREVE + _TILDE, "ë": _DOT + _BREVE,
}  # fmt: skip
_VNI_VOWELS = {mark: "aeo" if _CIRCUMFLEX in seq else "a" for mark, seq in _VNI_MARKS.items()}
_VNI_VOWELS |= dict.fromkeys("ùøûõï", "aeiouyôö")


def decode_tcvn3(raw: bytes) -> str | None:
    """The text of TCVN3 bytes. Its capitals with tones are small letters in another font."""
    return _by_table(raw, TCVN3)


def decode_viscii(raw: bytes) -> str | None:
    """The text of VISCII bytes."""
    return _by_table(raw, VISCII)


def _by_table(raw: bytes, table: Mapping[int, str]) -> str | None:
    try:
        return "".join([table[byte] for byte in raw])
    except KeyError:
        return None


def decode_vni(raw: bytes) -> str | None:
    """The text of VNI bytes."""
    return _codec("cp1252", vni_text)(raw)


def vni_text(text: str) -> str | None:
    """What the windows-1252 letters of VNI stand for; None when one stands for nothing."""
    out: list[str] = []
    before = ""
    for letter in text:
        mark = _VNI_MARKS.get(letter.lower())
        if mark and before and before in _VNI_VOWELS[letter.lower()]:
            out.append(mark)
            before = ""
            continue
        if not letter.isascii() and letter not in _VNI_LETTERS:
            return None
        out.append(_VNI_LETTERS.get(letter, letter))
        before = letter.lower()
    return unicodedata.normalize("NFC", "".join(out))


def _codec(name: str, then: Callable[[str], str | None]) -> Decoder:
    def decode(raw: bytes) -> str | None:
        try:
            return then(raw.decode(name))
        except UnicodeDecodeError:
            return None

    return decode


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _again(decoder: Decoder) -> Callable[[str], str | None]:
    """Letters that a zip program took for Western ones and wrote in the DOS code page."""

    def then(text: str) -> str | None:
        try:
            return decoder(text.encode("cp1252"))
        except UnicodeEncodeError:
            return None

    return then


DECODERS: Mapping[str, Decoder] = {
    "utf-8": _codec("utf-8", lambda text: text),
    "tcvn3": decode_tcvn3,
    "vni": decode_vni,
    "viscii": decode_viscii,
    "cp1258": _codec("cp1258", _nfc),
    "cp437": _codec("cp437", _nfc),
    "tcvn3-in-cp437": _codec("cp437", _again(decode_tcvn3)),
    "vni-in-cp437": _codec("cp437", vni_text),
}
"""Every encoding we can propose, by the name that findings use."""
