"""Names in the encodings of old Vietnamese systems: tables, readings, ambiguity."""

from __future__ import annotations

import shutil
import subprocess
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.findings import Severity
from schemas.names_legacy import DECODERS, TCVN3, VISCII, decode_vni, vni_text
from schemas.names_propose import common_encoding, name_finding, plausibility, propose_name
from schemas.names_syllables import COMMON, is_syllable

NAMES = (
    "Quyết định số 15.pdf",
    "Hồ sơ nộp lưu/Tờ trình.docx",
    "Đơn xin nghỉ phép.doc",
    "báo cáo tổng kết năm 2019.xls",
    "Công văn đến 2020/Số 12-CV.pdf",
    "Mục lục hồ sơ.xlsx",
    "ảnh chụp.jpg",
    "thư mời.doc",
    "Biên bản họp ủy ban nhân dân tỉnh.pdf",
    "QuyếtĐịnh2010.doc",
)
VNI_SAMPLES = {
    "Quyeát ñònh soá 15 cuûa UÛy ban": "Quyết định số 15 của Ủy ban",
    "nhaân daân tænh Ñaêk Laêk": "nhân dân tỉnh Đăk Lăk",
    "ngöôøi Vieät Nam": "người Việt Nam",
    "ÑÖÔØNG PHOÁ": "ĐƯỜNG PHỐ",
    "kyõ thuaät, kyù keát": "kỹ thuật, ký kết",
    "lòch söû, yù kieán, nghó": "lịch sử, ý kiến, nghĩ",
    "aên côm baèng ñuõa": "ăn cơm bằng đũa",
}


def encoded(text: str, table: dict[int, str]) -> bytes:
    inverse = {letter: byte for byte, letter in table.items()}
    return bytes(inverse[letter] for letter in text)


def vni(text: str) -> bytes:
    """VNI's two-letter spellings, found by asking the decoder for every pair."""
    spellings: dict[str, str] = {}
    letters = [bytes([byte]).decode("cp1252", "ignore") for byte in range(0xC0, 0x100)]
    for single in filter(None, letters):
        spelt = vni_text(single)
        if spelt:
            spellings.setdefault(spelt, single)
    for base in "aeiouyAEIOUYôöÔÖ":
        for mark in letters:
            made = vni_text(base + mark)
            if made and len(made) == 1 and base.isupper() == mark.isupper():
                spellings.setdefault(made, base + mark)
    return "".join(spellings.get(letter, letter) for letter in text).encode("cp1252")


@pytest.mark.parametrize(("spelt", "meant"), VNI_SAMPLES.items())
def test_vni_is_read_as_it_was_printed(spelt: str, meant: str) -> None:
    assert decode_vni(spelt.encode("cp1252")) == meant


def test_vni_letters_that_mark_nothing_are_not_vni() -> None:
    assert decode_vni("résumé".encode("cp1252")) is None


def iconv(name: str, byte: int) -> str | None:
    done = subprocess.run(
        ["iconv", "-f", name, "-t", "UTF-8"], input=bytes([byte]), capture_output=True
    )
    return unicodedata.normalize("NFC", done.stdout.decode()) if done.returncode == 0 else None


@pytest.mark.skipif(shutil.which("iconv") is None, reason="no iconv on this machine")
def test_viscii_is_what_iconv_says() -> None:
    if iconv("VISCII", 0xF0) != "đ":
        pytest.skip("this iconv knows no VISCII")
    assert {byte: iconv("VISCII", byte) for byte in VISCII} == VISCII


@pytest.mark.skipif(shutil.which("iconv") is None, reason="no iconv on this machine")
def test_tcvn3_is_what_iconv_says_of_its_wider_sister() -> None:
    if iconv("TCVN5712-1", 0xAE) != "đ":
        pytest.skip("this iconv knows no TCVN5712-1")
    high = {byte: letter for byte, letter in TCVN3.items() if byte >= 0x80}

    assert {byte: iconv("TCVN5712-1", byte) for byte in high} == high


def test_every_vietnamese_letter_has_its_place() -> None:
    plain = "aăâeêioôơuưyđ"
    toned = {
        unicodedata.normalize("NFC", vowel + tone)
        for vowel in plain[:-1]
        for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    } | {"đ"}

    capitals = {letter.upper() for letter in toned}
    assert toned <= set(TCVN3.values())
    assert toned | capitals <= set(VISCII.values())
    assert all(decode_vni(vni(letter)) == letter for letter in toned | capitals)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("encoding", ["tcvn3", "viscii", "vni"])
def test_names_are_read_in_the_encoding_they_were_written_in(name: str, encoding: str) -> None:
    if encoding == "vni":
        raw = vni(name)
    else:
        raw = encoded(name, dict(TCVN3 if encoding == "tcvn3" else VISCII))
    proposal = propose_name(raw)

    assert (proposal.text, proposal.encoding, proposal.ambiguous) == (name, encoding, False)
    assert proposal.legacy


def test_capitals_that_tcvn3_leaves_to_its_fonts_do_not_spoil_a_reading() -> None:
    raw = b"QUY\xd5T \xa7\xdeNH KH\xa4NG S\xe8.DOC"
    proposal = propose_name(raw)

    assert (proposal.text, proposal.encoding) == ("QUYếT ĐịNH KHÔNG Số.DOC", "tcvn3")
    assert not proposal.ambiguous


def test_tcvn3_that_a_zip_program_took_for_western_letters_is_read() -> None:
    raw = encoded("Mục lục hồ sơ.xlsx", dict(TCVN3)).decode("cp1252").encode("cp437")
    proposal = propose_name(raw)

    assert (proposal.text, proposal.encoding) == ("Mục lục hồ sơ.xlsx", "tcvn3-in-cp437")


def test_windows_own_vietnamese_code_page_is_read() -> None:
    proposal = propose_name(b"Quy\xec 4 - B\xe1o c\xe1o")

    assert (proposal.text, proposal.encoding) == ("Quý 4 - Báo cáo", "cp1258")


def test_western_names_from_dos_are_proposed_but_not_taken_for_granted() -> None:
    proposal = propose_name("Müller.txt".encode("cp437"))

    assert (proposal.text, proposal.encoding) == ("Müller.txt", "cp437")
    assert proposal.ambiguous


@pytest.mark.parametrize("name", ["plain.txt", "Quyết định.pdf", "cafe\u0301"])
def test_utf8_is_taken_as_it_is(name: str) -> None:
    proposal = propose_name(name.encode())

    assert proposal.text == name
    assert not proposal.legacy
    assert name_finding(name.encode(), proposal) is None


def test_bytes_that_no_encoding_explains_become_percent_signs() -> None:
    proposal = propose_name(b"a\xb0\xb1\xb2.txt")

    assert proposal.ambiguous
    assert (proposal.text, proposal.encoding) == ("a%B0%B1%B2.txt", "unknown")


def test_a_container_that_says_utf8_and_is_not_makes_every_reading_ambiguous() -> None:
    raw = encoded("Quyết định số 15.pdf", dict(TCVN3))

    assert propose_name(raw, declared_utf8=True).ambiguous


def test_an_officer_is_told_every_reading() -> None:
    raw = encoded("ý kiến.txt", dict(VISCII))
    finding = name_finding(raw, propose_name(raw))

    assert finding is not None
    assert (finding.code, finding.severity) == ("NAME-ENCODING-AMBIGUOUS", Severity.ERROR)
    assert finding.where == "%FD ki%AAn.txt"
    assert finding.fields["text"] == "ý kiến.txt"
    assert "tcvn3: ý kiên.txt" in str(finding.fields["others"])


def test_a_clear_reading_still_waits_for_an_officer() -> None:
    raw = encoded("Quyết định số 15.pdf", dict(TCVN3))
    finding = name_finding(raw, propose_name(raw))

    assert finding is not None
    assert (finding.code, finding.severity) == ("NAME-ENCODING-PROPOSED", Severity.ERROR)


def test_the_other_names_of_a_package_settle_a_short_one() -> None:
    names = [encoded(name, dict(VISCII)) for name in NAMES]
    short = encoded("ý kiến.txt", dict(VISCII))
    common = common_encoding([*names, b"plain.txt", "Hồ sơ".encode(), short])

    assert common == "viscii"
    assert propose_name(short).ambiguous
    assert not propose_name(short, prefer=common).ambiguous
    assert propose_name(short, prefer=common).text == "ý kiến.txt"


def test_what_the_package_speaks_for_wins_where_it_is_plausible() -> None:
    raw = encoded("ý kiến.txt", dict(VISCII))

    assert propose_name(raw, prefer="tcvn3").text == "ý kiên.txt"
    assert propose_name(raw, prefer="vni").text == "ý kiến.txt"


def test_names_in_unicode_speak_for_no_encoding() -> None:
    assert common_encoding([b"plain", "Hồ sơ".encode()]) is None


@given(st.binary(max_size=60))
def test_any_bytes_have_a_reading_that_can_be_shown(raw: bytes) -> None:
    proposal = propose_name(raw)

    assert proposal.text.encode("utf-8").decode("utf-8") == proposal.text
    assert bool(proposal.text) is bool(raw)
    assert proposal.encoding in {*DECODERS, "ascii", "unknown"}


def test_every_common_syllable_has_the_shape_of_one() -> None:
    assert [word for word in sorted(COMMON) if not is_syllable(word)] == []


@pytest.mark.parametrize(
    "word",
    [
        "ệệ",
        "quyết định",
        "bnạ",
        "ngành́",
        "tìt",
        "zá",
        "mẩch",
        "ánk",
        "aỹ",
        "lỏuu",
        "bịo",
        "hoaỳ",
        "bìy",
        "tươ",
    ],
)
def test_what_vietnamese_cannot_say_is_no_syllable(word: str) -> None:
    assert not is_syllable(word)


def test_plausibility_counts_marked_letters_only() -> None:
    assert plausibility("Hồ sơ plain.txt") == 1.0
    assert plausibility("plain.txt") == 0.0
    assert plausibility("Hồ sơ ▒▒") == 0.5
