"""What a person types finds the dossiers it should, in the order of reference codes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.catalogues import DATA, aip_id, empty_catalogue, make_facts, make_file
from repository.catalogue import Catalogue, SearchUnsupported, ordering
from repository.catalogue import search as search_module
from schemas.nouns import Document, Place
from schemas.text import LANGUAGES, say


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with empty_catalogue(tmp_path) as made:
        yield made


def found(catalogue: Catalogue, query: str, **options: Any) -> list[int]:
    """The numbers of the dossiers on the first page."""
    page = catalogue.search(query, **options)
    assert page.total_capped >= len(page.rows)
    return [int(row.aip_id[:8], 16) for row in page.rows]


def titled(number: int, title: str, **other: Any) -> Any:
    return make_facts(number, title=title, documents=(), files=0, **other)


def stored_texts(folder: Path) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "catalogue.sqlite")) as connection:
        return set(connection.execute("SELECT exact, folded FROM search_text"))


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("duong", [1, 2]),
        ("dương", [1]),
        ("ĐƯỜNG", [2]),
        ("dong phong", [3]),
        ("luu tru", [3]),
        ("ủy", [4, 5]),
        ("uỷ", [4, 5]),
        ("uy ban", [4, 5]),
        ("số hóa", [3]),
        ("dat", [6]),
        ("đất", [6]),
        ("huyen huyen", [4]),
        ("ban huyện", [4]),
        ("bàn huyện", []),
        ('"ban nhan dan"', [4, 5]),
        ('"nhan ban"', []),
        ("漢", [7]),
        ("漢喃", [7]),
        ("喃漢", []),
    ],
)
def test_words_find_titles(catalogue: Catalogue, query: str, numbers: list[int]) -> None:
    titles = [
        "Hồ sơ tỉnh Bình Dương",
        "Hồ sơ đường Giải Phóng",
        "Đóng phông, số hoá tài liệu lưu trữ",
        "Uỷ ban nhân dân huyện",
        "ỦY BAN NHÂN DÂN XÃ",
        "Cấp Ðất ở",
        "Địa bạ 漢喃",
    ]
    catalogue.register_all(titled(n + 1, title) for n, title in enumerate(titles))
    assert found(catalogue, query) == numbers


@pytest.mark.parametrize(
    "query",
    [
        "02-KL/VPTW",
        "02-kl/vptw",
        "H99.10.05",
        "H99.10.05.0012",
        "204-QĐ/TW",
        "204-qd/tw",
        "kế hoạch",
        "chuyen doi so",
        "Thư mục con",
        "bao cao_2023.PDF",
        "17-CT/TU",
        "khoá XVII",
    ],
)
def test_codes_keywords_documents_and_file_names_are_found(
    catalogue: Catalogue, query: str
) -> None:
    catalogue.register(
        make_facts(
            1,
            dossier_code="H99.10.05.0012",
            title="Hồ sơ",
            fields={"keyword": "chuyển đổi số"},
            documents=(
                Document(code="02-KL/VPTW", title="Kế hoạch", fields={"KEYWORD": "khóa XVII"}),
                Document(code="204-QĐ/TW", title=""),
                Document(code="x", title="", fields={"codeNumber": "17", "codeNotation": "CT/TU"}),
            ),
            files=(make_file(f"{DATA}/Thư mục con/Báo cáo_2023.pdf"),),
        )
    )
    catalogue.register(titled(2, "khác"))
    assert found(catalogue, query) == [1]


@pytest.mark.parametrize("query", ["METS", "representations", "02 maintenance", "VPTW KL-02 x"])
def test_what_kho_added_or_nobody_wrote_is_not_found(catalogue: Catalogue, query: str) -> None:
    files = (make_file(f"{DATA}/a.pdf"), make_file("METS.xml", role="metadata"))
    catalogue.register(make_facts(1, files=files))
    assert found(catalogue, query) == []


def test_a_phrase_does_not_reach_from_one_field_into_the_next(catalogue: Catalogue) -> None:
    catalogue.register(make_facts(1, title="Ban thường", dossier_code="vụ.01"))
    assert found(catalogue, '"thuong vu"') == []
    assert found(catalogue, "thuong vu") == [1]


def test_hits_are_by_reference_code_and_not_by_arrival(catalogue: Catalogue) -> None:
    for number, code in ((1, "C"), (2, "A"), (3, "B")):
        catalogue.register(titled(number, "Hồ sơ", dossier_code=code))
    assert found(catalogue, "ho so") == [2, 3, 1]
    assert found(catalogue, "ho so", limit=2) == [2, 3]
    catalogue.register(titled(1, "Hồ sơ", dossier_code="0"))
    assert found(catalogue, "ho so") == [1, 2, 3], "a changed code changes the place"


def test_a_search_can_be_of_one_fonds(catalogue: Catalogue) -> None:
    catalogue.register_all(titled(n, "Hồ sơ", fonds=f"H{n % 3}") for n in range(9))
    assert found(catalogue, "ho so", fonds="H1") == [1, 4, 7]
    assert catalogue.search("ho so", fonds="H1").total_capped == 3
    assert found(catalogue, "ho so", fonds="absent") == []


def test_the_count_stops_at_the_cap_and_says_so(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "COUNT_CAP", 5)
    catalogue.register_all(titled(n, "Hồ sơ") for n in range(5))
    page = catalogue.search("ho", limit=2)
    assert (page.total_capped, page.more_than_cap, len(page.rows)) == (5, False, 2)
    catalogue.register(titled(6, "Hồ sơ"))
    page = catalogue.search("ho", limit=2)
    assert (page.total_capped, page.more_than_cap, len(page.rows)) == (5, True, 2)


def test_registering_again_forgets_the_words_of_before(catalogue: Catalogue) -> None:
    catalogue.register(titled(1, "Cũ"))
    catalogue.register(titled(1, "Mới"))
    assert found(catalogue, "cũ") == []
    assert found(catalogue, "mới") == [1]
    catalogue.remove(aip_id(1), Place.ARCHIVE)
    assert found(catalogue, "mới") == []


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.text()
    | st.text(st.sampled_from("\"'*^:(){}+-. ANDORTNEfoldexac\0;%_"))
    | st.sampled_from(["folded: x", "exact:(a OR b)", "NEAR(a b)", "a NOT b", "^ho", "ho*"])
)
def test_nothing_typed_is_read_as_an_operator(catalogue: Catalogue, query: str) -> None:
    if catalogue.aip(aip_id(1)) is None:
        catalogue.register(titled(1, "Hồ sơ AND OR NOT NEAR"))
    assert catalogue.search(query).total_capped in (0, 1)
    assert found(catalogue, "so NOT ho") == [1]


def test_a_query_of_a_thousand_words_is_answered(catalogue: Catalogue) -> None:
    title = " ".join(f"tu{n}" for n in range(1000))
    catalogue.register(titled(1, title))
    assert found(catalogue, title) == [1]
    assert found(catalogue, title + " khong") == []


def test_a_title_is_found_by_all_of_itself_and_by_each_word(catalogue: Catalogue) -> None:
    title = "Hồ sơ Hội nghị lần thứ 15 Ban Chấp hành Đảng bộ Thành phố khoá XVII"
    catalogue.register(titled(1, title))
    for query in (title, *title.split()):
        assert found(catalogue, query) == [1], query


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    codes=st.lists(
        st.tuples(st.sampled_from("AB"), st.text(st.sampled_from("01Đ."), max_size=3)),
        max_size=25,
    )
)
def test_hits_stay_in_order_however_tight_the_labels_get(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch, codes: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(ordering, "SPACING", 2)
    monkeypatch.setattr(ordering, "STEP", 1)
    for row in catalogue.aips():
        catalogue.remove(row.aip_id, row.place)
    expected = []
    for number, (fonds, code) in enumerate(codes):
        catalogue.register(titled(number, "Hồ sơ", fonds=fonds, dossier_code=code))
        expected.append((fonds, code, number))
    numbers = [number for _fonds, _code, number in sorted(expected)]
    assert found(catalogue, "ho so") == numbers


def test_codes_that_come_backwards_into_a_gap_stay_in_order(catalogue: Catalogue) -> None:
    catalogue.register_all(titled(n, "Hồ sơ", dossier_code=f"{n:03}") for n in (0, 200))
    catalogue.register_all(titled(n, "Hồ sơ", dossier_code=f"{n:03}") for n in range(120, 0, -1))
    assert found(catalogue, "ho so", limit=500) == [*range(121), 200]


def test_an_index_made_anew_says_what_the_old_one_said(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    catalogue.register_all(
        make_facts(
            n,
            title=f"Hồ sơ {n}",
            dossier_code=f"{n % 7}",
            fields={"keyword": f"khoá {n}"},
            documents=(Document(code=f"{n}-KL/TW", title="Đất", fields={"keyword": "x"}),),
            files=(make_file(f"{DATA}/tệp {n}.pdf"), make_file("M", role="metadata")),
        )
        for n in range(20)
    )
    before = (stored_texts(tmp_path), found(catalogue, "ho so"), found(catalogue, "tệp 7"))
    assert catalogue.reindex() == 20
    assert (stored_texts(tmp_path), found(catalogue, "ho so"), found(catalogue, "tệp 7")) == before
    catalogue.register(titled(99, "Hồ sơ", dossier_code="3x"))
    assert found(catalogue, "ho so", limit=50).index(99) == len(
        [n for n in range(20) if n % 7 < 4]
    )


def test_dossiers_with_many_files_are_indexed_anew_page_by_page(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("repository.catalogue.indexing._PAGE_FILES", 3)
    catalogue.register_all(make_facts(n, files=n) for n in range(6))
    assert catalogue.reindex() == 6
    assert found(catalogue, "000004.pdf") == [5]
    assert found(catalogue, "000000.pdf") == [1, 2, 3, 4, 5]


def test_a_rotten_index_is_a_fault_that_making_it_anew_heals(
    catalogue: Catalogue, tmp_path: Path
) -> None:
    catalogue.register(titled(1, "Hồ sơ"))
    assert catalogue.faults() == ()
    with closing(sqlite3.connect(tmp_path / "catalogue.sqlite")) as connection:
        connection.execute("UPDATE search_text_content SET c1 = 'other'")
        connection.commit()
    assert any("search_text" in fault for fault in catalogue.faults())
    catalogue.reindex()
    assert catalogue.faults() == ()
    assert found(catalogue, "ho so") == [1]


def test_an_engine_without_our_index_says_that_it_cannot_search(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(catalogue._database), "is_sqlite", property(lambda _self: False))
    for ask in (lambda: catalogue.search("x"), catalogue.reindex):
        with pytest.raises(SearchUnsupported) as caught:
            ask()
        for lang in LANGUAGES:
            assert "catalogue.sqlite" in say(caught.value.code, lang, **caught.value.fields)
