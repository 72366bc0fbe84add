"""Where a signature shows itself in a PDF: on which page, in which corner, or nowhere.

A hint for people, never a fact about validity: what a signature looks like proves nothing.
"""

from __future__ import annotations

from typing import Any

from pyhanko.pdf_utils import generic

INVISIBLE = "invisible"
LATER = "later"
"""On another page than the first."""
_HIDDEN_FLAGS = 0b100010
"""Hidden and NoView (ISO 32000-2, 12.5.3)."""
_DEPTH_CAP = 32


def appearance_of(signature: Any, reader: Any) -> str:
    """``invisible``, ``later``, or ``1/top-left`` and its like; empty when it cannot be told.

    A place is told of the middle of the widget on the first page, unless that is turned.
    """
    try:
        widget = _widget(signature.sig_field)
        if widget is None:
            return INVISIBLE
        left, bottom, right, top = sorted_box(widget["/Rect"])
        if left == right or bottom == top or int(widget.get("/F", 0)) & _HIDDEN_FLAGS:
            return INVISIBLE
        page, reference = _first_page(reader)
        if not _is_on(widget, page, reference):
            return LATER
        if int(_inherited(page, "/Rotate") or 0) % 360:
            return ""
        return f"1/{_corner((left + right) / 2, (bottom + top) / 2, page)}"
    except Exception:  # noqa: BLE001  a hint is not worth a failure, whatever the file holds
        return ""


def sorted_box(numbers: Any) -> tuple[float, float, float, float]:
    """(left, bottom, right, top) of a rectangle that may name any two corners."""
    x1, y1, x2, y2 = (float(number) for number in numbers)
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _widget(field: Any) -> Any:
    """The field itself when it is its own widget, else its only kid; None without any."""
    if "/Rect" in field:
        return field
    kids = field.get("/Kids", ())
    return kids[0] if len(kids) == 1 and "/Rect" in kids[0] else None


def _first_page(reader: Any) -> tuple[Any, Any]:
    node = reader.root["/Pages"]
    reference = None
    for _depth in range(_DEPTH_CAP):
        if "/Kids" not in node:
            return node, reference
        first = node["/Kids"].raw_get(0)
        reference = first.reference if isinstance(first, generic.IndirectObject) else None
        node = node["/Kids"][0]
    raise ValueError("no first page")


def _is_on(widget: Any, page: Any, reference: Any) -> bool:
    """By the page's own list; the widget's word counts where the page has none."""
    if "/Annots" in page:
        listed = page["/Annots"]
        entries = map(listed.raw_get, range(len(listed)))
        return any(
            isinstance(entry, generic.IndirectObject) and entry.reference == widget.container_ref
            for entry in entries
        )
    said = widget.raw_get("/P") if "/P" in widget else None
    return said is not None and reference is not None and said.reference == reference


def _inherited(page: Any, name: str) -> Any:
    node = page
    for _depth in range(_DEPTH_CAP):
        if name in node:
            return node[name]
        if "/Parent" not in node:
            break
        node = node["/Parent"]
    return None


def _corner(x: float, y: float, page: Any) -> str:
    left, bottom, right, top = sorted_box(_inherited(page, "/MediaBox"))
    column = min(2, max(0, int(3 * (x - left) / (right - left))))
    row = "top" if y > (bottom + top) / 2 else "bottom"
    return f"{row}-{('left', 'middle', 'right')[column]}"
