"""How Vietnamese is read: with its marks, without them, and with the tone set either way."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repository.catalogue import fold
from repository.catalogue.words import exact, has_marks, phrases, words

TITLES = st.text(st.sampled_from("aăâeêioôơuưyđĐÐð\u0300\u0301\u0303\u0309\u0323bcnghtH 19.-/"))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đường Lâm", "duong lam"),
        ("ĐẢNG ỦY", "dang uy"),
        ("Ðất (Icelandic eth, as text recognition gives it)", "dat (icelandic eth,"),
        ("ðiều", "dieu"),
        ("số hoá", "so hoa"),
        ("số hóa", "so hoa"),
        ("Uỷ ban", "uy ban"),
        ("Ủy ban", "uy ban"),
        ("Nguyễn Trường Tộ", "nguyen truong to"),
        ("270-QĐ/TW", "270-qd/tw"),
        ("İ", "i"),
        ("ẞ", "ss"),
        ("", ""),
    ],
)
def test_folding_drops_marks_and_capitals(text: str, folded: str) -> None:
    assert fold(text).startswith(folded)
    assert fold(unicodedata.normalize("NFD", text)).startswith(folded)


def test_every_vietnamese_letter_folds_to_one_plain_letter() -> None:
    vowels = "aăâeêioôơuưy"
    tones = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
    letters = [unicodedata.normalize("NFC", v + t) for v in vowels for t in tones] + ["đ"]
    assert len(set(letters)) == 12 * 6 + 1
    assert {fold(each) for each in letters + [each.upper() for each in letters]} == set("aeiouyd")


def test_folding_a_folded_character_changes_nothing() -> None:
    for code in range(0x20000):
        if not 0xD800 <= code <= 0xDFFF:
            once = fold(chr(code))
            assert fold(once) == once, hex(code)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("uỷ", "ủy"),
        ("hoá", "hóa"),
        ("Thuỷ Nguyên", "THỦY NGUYÊN"),
        ("khoẻ", "khỏe"),
        ("tuỳ", "tùy"),
        ("loè", "lòe"),
        ("Ðảng", "đảng"),
        ("Đường", unicodedata.normalize("NFD", "Đường")),
    ],
)
def test_two_spellings_of_a_word_read_the_same(one: str, other: str) -> None:
    assert exact(one) == exact(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dương", "đường"),
        ("dương", "dường"),
        ("ma", "má"),
        ("hoá", "hoà"),
        ("hoạ", "hoa"),
        ("tuần", "tuấn"),
        ("cơ", "cô"),
        ("u", "ư"),
    ],
)
def test_two_words_do_not_read_the_same_with_their_marks(one: str, other: str) -> None:
    assert exact(one) != exact(other)


@given(TITLES)
def test_both_readings_forget_the_unicode_form_and_capitals(text: str) -> None:
    for reading in (fold, exact):
        expected = reading(text)
        assert reading(unicodedata.normalize("NFD", text)) == expected
        assert reading(unicodedata.normalize("NFC", text)) == expected
        assert reading(expected) == expected
    assert fold(text.upper()) == fold(text)


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(word == word.strip() and word for word in words(fold(text)))
    assert has_marks(fold(text)) is False


@pytest.mark.parametrize(
    "text", ["Đông", "đ", "ủy", "02-QĐ/TW", unicodedata.normalize("NFD", "à")]
)
def test_a_mark_makes_a_query_exact(text: str) -> None:
    assert has_marks(text)


@pytest.mark.parametrize("text", ["Dong Anh", "02-KL/VPTW", "H99.10.05", "", "漢喃", "1945–1975"])
def test_a_text_without_marks_is_not_exact(text: str) -> None:
    assert not has_marks(text)


def test_a_code_is_one_phrase_and_words_are_their_own() -> None:
    assert list(phrases("số 02-KL/VPTW H99.10.05 so", fold)) == [
        ("so",),
        ("02", "kl", "vptw"),
        ("h99", "10", "05"),
    ]


def test_quotes_hold_words_together_and_a_stray_quote_does_no_harm() -> None:
    assert list(phrases('"ban thường vụ" huyện', exact)) == [
        tuple(words(exact("ban thường vụ"))),
        tuple(words(exact("huyện"))),
    ]
    assert list(phrases('ban "thuong vu', fold)) == [("ban",), ("thuong",), ("vu",)]


def test_han_characters_are_words_each() -> None:
    assert list(phrases("漢喃 tự điển", fold)) == [("漢", "喃"), ("tu",), ("dien",)]


def test_signs_alone_ask_for_nothing() -> None:
    assert list(phrases('- / … "" \u241e _ *', fold)) == []
