"""Keys every store can hold, and content paths that never meet."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage_backends.interface import InvalidKey
from storage_backends.keys import (
    KEY_LIMIT_BYTES,
    OBJECT_ROOT_ALLOWANCE_BYTES,
    check_key,
    check_prefix,
    content_paths,
)

_AWKWARD = st.sampled_from(
    ["A.pdf", "a.pdf", "a.PDF", "CON", "con.txt", "lpt9", "~long", "~" + "0" * 32, "a.", ".a",
     "..a", "K", "\u212a", "ß", "ss", "Đ", "đ", "e\u0301", "é", "x" * 101, "ọ" * 90 + ".docx",
     "a b", "a%b", "v1", "content", "a=b", "x.toolongext", "x.mp3", "\n", '"'],
)  # fmt: skip
_SEGMENTS = (
    _AWKWARD
    | st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1)
).filter(lambda name: name not in {".", ".."})
_PATHS = st.lists(_SEGMENTS, min_size=1, max_size=7).map("/".join)


def _tree(paths: list[str]) -> list[str]:
    """Without the paths that use another one as a folder."""
    folders = {"/".join(p.split("/")[:n]) for p in paths for n in range(1, p.count("/") + 1)}
    return [path for path in dict.fromkeys(paths) if path not in folders]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "slashes"),
        ("a//b", "slashes"),
        ("/a", "slashes"),
        ("a/", "slashes"),
        ("a/.", "final-dot"),
        ("a/../b", "final-dot"),
        ("a./b", "final-dot"),
        ("hồ sơ", "characters"),
        ("a\\b", "characters"),
        ("a\n", "characters"),
        ("CON", "device-name"),
        ("a/nul.txt", "device-name"),
        ("a/b/Lpt1.tar.gz", "device-name"),
        ("x" * 101, "segment-too-long"),
        ("/".join(["x" * 99] * 8), "too-long"),
    ],
)
def test_a_key_that_some_store_cannot_hold_is_refused_with_its_reason(
    key: str, reason: str
) -> None:
    with pytest.raises(InvalidKey) as refusal:
        check_key(key)
    assert refusal.value.fields["reason"] == reason


@pytest.mark.parametrize(
    "key",
    ["0=ocfl_1.1", "ocfl/a18/9ab/acd/urn%3auuid%3aaa-bb/v1/content/~long/ab.pdf", "a/...b",
     "console", "com10.txt", "nulls", "a.con", "x" * 100, "-", "~", "%", "lux", "pun"],
)  # fmt: skip
def test_a_key_that_every_store_holds_is_taken(key: str) -> None:
    check_key(key)


def test_a_prefix_is_empty_or_ends_with_one_slash() -> None:
    check_prefix("")
    check_prefix("ocfl/a/")
    for prefix in ("ocfl", "/", "ocfl//", "ocfl/./", "hồ/"):
        with pytest.raises(InvalidKey):
            check_prefix(prefix)


@given(st.lists(_PATHS, max_size=12).map(_tree))
def test_no_two_logical_paths_share_a_place_even_where_case_is_ignored(paths: list[str]) -> None:
    places = content_paths(paths, version=1)
    assert set(places) == set(paths)
    assert len({place.casefold() for place in places.values()}) == len(paths)


@given(st.lists(_PATHS, max_size=12).map(_tree))
def test_every_content_path_is_a_key_that_fits_below_an_object_root(paths: list[str]) -> None:
    root = "r" * 60 + "/" + "r" * (OBJECT_ROOT_ALLOWANCE_BYTES - 62) + "/"
    for place in content_paths(paths, version=3).values():
        assert place.startswith("v3/content/")
        check_key(root + place)
        assert len(root + place) <= KEY_LIMIT_BYTES


@given(st.lists(_PATHS, max_size=12).map(_tree), st.randoms(use_true_random=False))
def test_content_paths_depend_on_the_set_of_paths_and_not_on_their_order(
    paths: list[str], chance: object
) -> None:
    shuffled = list(paths)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis gives a random.Random
    assert content_paths(paths, version=1) == content_paths(shuffled, version=1)


@given(st.lists(_PATHS, max_size=12).map(_tree))
def test_no_content_path_is_a_folder_of_another(paths: list[str]) -> None:
    places = {place.casefold() for place in content_paths(paths, version=1).values()}
    for place in places:
        parents = {place[: match.start()] for match in re.finditer("/", place)}
        assert not parents & places


def test_plain_names_stay_as_they_are() -> None:
    path = "representations/rep1/data/So-12_2026.final.pdf"
    assert content_paths([path], version=1) == {path: f"v1/content/{path}"}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("Công văn.pdf", r"~[0-9a-f]{32}\.pdf"),
        ("CON", r"~[0-9a-f]{32}"),
        ("~0123456789abcdef.pdf", r"~[0-9a-f]{32}\.pdf"),
        (".hidden", r"~[0-9a-f]{32}\.hidden"),
        ("a=b.docx", r"~[0-9a-f]{32}\.docx"),
        ("a.", r"~[0-9a-f]{32}"),
        ("a b.mp3", r"~[0-9a-f]{32}"),
        ("a b.morethan8", r"~[0-9a-f]{32}"),
        ("x" * 101 + ".TIFF", r"~[0-9a-f]{32}\.TIFF"),
    ],
)
def test_other_names_become_their_hash_and_keep_a_short_extension(name: str, place: str) -> None:
    found = content_paths([name], version=1)[name]
    assert re.fullmatch("v1/content/" + place, found)


def test_siblings_that_differ_in_case_are_both_hashed_and_others_are_not() -> None:
    places = content_paths(["d/A.pdf", "d/a.pdf", "d/b.pdf", "e/a.pdf"], version=1)
    assert places["d/A.pdf"].startswith("v1/content/d/~")
    assert places["d/a.pdf"].startswith("v1/content/d/~")
    assert places["d/b.pdf"] == "v1/content/d/b.pdf"
    assert places["e/a.pdf"] == "v1/content/e/a.pdf"


def test_a_folder_and_a_file_that_differ_in_case_are_both_hashed() -> None:
    places = content_paths(["Docs/x", "Docs/y", "docs"], version=1)
    assert places["Docs/x"].rpartition("/")[0] == places["Docs/y"].rpartition("/")[0]
    assert all(place.startswith("v1/content/~") for place in places.values())


def test_a_path_that_stays_too_long_becomes_one_hash() -> None:
    path = "/".join(["thu-muc-" + "x" * 90] * 8) + "/file.pdf"
    assert re.fullmatch(
        r"v2/content/~long/[0-9a-f]{64}\.pdf", content_paths([path], version=2)[path]
    )


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", ".", "a/..", "../a", "a\ud800"])
def test_a_logical_path_that_ocfl_forbids_is_refused(path: str) -> None:
    with pytest.raises(InvalidKey):
        content_paths([path], version=1)


def test_one_path_cannot_be_file_and_folder() -> None:
    with pytest.raises(InvalidKey):
        content_paths(["a", "a/b"], version=1)


@given(st.text(max_size=30))
def test_whatever_is_checked_is_taken_or_refused_by_name(text: str) -> None:
    try:
        check_key(text)
    except InvalidKey as refusal:
        assert refusal.fields["reason"]  # noqa: PT017  # either way out is right here
    else:
        assert text.isascii()
