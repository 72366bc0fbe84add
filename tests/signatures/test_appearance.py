"""Where a PDF shows a signature, which is a hint to the officer and nothing more."""

from __future__ import annotations

import pytest

from kit.signatures import judged
from kit.signed_pdfs import assemble, plain_pdf, signed_pdf

A4 = b"/MediaBox[0 0 595 842]"


def pages(*more: bytes) -> bytes:
    """Two pages; the first with ``more`` in its dictionary."""
    first = b"".join(more)
    return assemble(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2" + A4 + b">>",
            b"<</Type/Page/Parent 2 0 R" + first + b">>",
            b"<</Type/Page/Parent 2 0 R>>",
        ]
    )


def shown(content: bytes) -> list[str]:
    return [result.appearance for result in judged(content).results]


@pytest.mark.parametrize(
    ("box", "corner"),
    [
        ((420, 760, 570, 820), "1/top-right"),
        ((20, 760, 120, 820), "1/top-left"),
        ((250, 760, 340, 820), "1/top-middle"),
        ((420, 20, 570, 80), "1/bottom-right"),
        ((20, 20, 120, 80), "1/bottom-left"),
    ],
)
def test_the_corner_of_the_first_page_is_told(box: tuple[int, int, int, int], corner: str) -> None:
    assert shown(signed_pdf("organ", "B-B", box=box)) == [corner]
    assert shown(signed_pdf("organ", "B-B", content=pages(), box=box)) == [corner]


def test_a_signature_without_a_box_is_invisible() -> None:
    assert shown(signed_pdf("organ", "B-B")) == ["invisible"]


def test_another_page_than_the_first_is_told_as_such() -> None:
    signed = signed_pdf("organ", "B-B", content=pages(), box=(420, 760, 570, 820), page=1)
    assert shown(signed) == ["later"]


def test_the_corner_of_a_turned_page_is_not_guessed() -> None:
    turned = pages(b"/Rotate 90")
    assert shown(signed_pdf("organ", "B-B", content=turned, box=(420, 760, 570, 820))) == [""]


def test_a_time_stamp_has_no_place() -> None:
    told = shown(signed_pdf("organ", "B-LTA", box=(420, 760, 570, 820)))
    assert sorted(told) == ["", "1/top-right"]


def test_each_of_two_signatures_has_its_own_place() -> None:
    first = signed_pdf("leader", "B-B", content=plain_pdf(), box=(20, 20, 120, 80), field="A")
    both = signed_pdf("organ", "B-B", content=first, box=(420, 760, 570, 820), field="B")
    assert sorted(shown(both)) == ["1/bottom-left", "1/top-right"]
