"""The pages of a PDF: each loads; text layer, resolution and depth of page images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]  # ships no types
import pypdfium2.raw as pdfium_raw  # type: ignore[import-untyped]

from preservation.formats.validate.result import Fact, error, warning
from schemas.findings import Finding

PAGES_CAP = 2000
OBJECTS_CAP = 2000
"""Pages of a file, and objects of a page, that are looked at."""

_WHOLE_PAGE = 0.5
"""An image is the page's scan when it covers so much of the page."""


def look_at_pages(
    document: pdfium.PdfDocument, wanted: Mapping[str, Any], facts: dict[str, Fact]
) -> Iterator[Finding]:
    """Loads the pages and fills ``facts``; a page that does not load is an error."""
    count = len(document)
    facts["pages"] = count
    looked = min(count, PAGES_CAP)
    facts["pages_looked_at"] = looked
    with_text = scans = 0
    dpis: list[int] = []
    depths: list[int] = []
    for number in range(looked):
        try:
            page = document[number]
        except pdfium.PdfiumError:
            yield error("PDF-PAGE-DAMAGED", page=number + 1)
            continue
        try:
            with_text += _has_text(page)
            scan = _scan_of(page)
        finally:
            page.close()
        if scan is not None:
            scans += 1
            dpis.append(scan[0])
            depths.append(scan[1])
    facts |= {
        "pages_with_text": with_text,
        "scanned_pages": scans,
        "dpi": min(dpis, default=None),
        "bits": min(depths, default=None),
    }
    if not count:
        yield error("PDF-NO-PAGES")
    yield from _shortfalls(wanted, facts, dpis, depths)


def _shortfalls(
    wanted: Mapping[str, Any], facts: Mapping[str, Fact], dpis: list[int], depths: list[int]
) -> Iterator[Finding]:
    least_dpi, least_bits = int(wanted.get("min_dpi", 0)), int(wanted.get("min_bits", 0))
    if low := [dpi for dpi in dpis if dpi < least_dpi]:
        yield warning("IMAGE-RESOLUTION-LOW", found=min(low), needed=least_dpi)
    if shallow := [bits for bits in depths if bits < least_bits]:
        yield warning("IMAGE-DEPTH-LOW", found=min(shallow), needed=least_bits)
    if wanted.get("text_layer") and facts["pages_with_text"] != facts["pages_looked_at"]:
        yield warning("PDF-NO-TEXT-LAYER", pages=_text_missing(facts))


def _text_missing(facts: Mapping[str, Fact]) -> int:
    looked, with_text = facts["pages_looked_at"], facts["pages_with_text"]
    return int(looked or 0) - int(with_text or 0)


def _has_text(page: pdfium.PdfPage) -> bool:
    text = page.get_textpage()
    try:
        return bool(text.count_chars() > 0)
    finally:
        text.close()


def _scan_of(page: pdfium.PdfPage) -> tuple[int, int] | None:
    """(dots per inch, bits per pixel) of the image that covers the page; None without one."""
    area = page.get_width() * page.get_height()
    kinds = [pdfium_raw.FPDF_PAGEOBJ_IMAGE]
    for number, image in enumerate(page.get_objects(filter=kinds, max_depth=2)):
        if number >= OBJECTS_CAP or not isinstance(image, pdfium.PdfImage):
            return None
        left, bottom, right, top = image.get_bounds()
        if area <= 0 or (right - left) * (top - bottom) < _WHOLE_PAGE * area:
            continue
        facts = image.get_metadata()
        return round(min(facts.horizontal_dpi, facts.vertical_dpi)), facts.bits_per_pixel
    return None
