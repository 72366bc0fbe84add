"""A report as one self-contained HTML page, as CSV, and as cells for a terminal."""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from kho.reports.heading import Heading
from kho.reports.sheet import Bars, Cell, Sheet, Table
from kho.reports.svg import bars_svg, curves_svg
from schemas.text import Language, say

_FORMULA = ("=", "+", "-", "@", "\t", "\n")
"""What makes a spreadsheet take a cell for a formula, or skip to one."""


def page_of(sheet: Sheet, heading: Heading, lang: Language) -> str:
    """The whole page; what dossiers and settings say is escaped, and nothing is fetched."""
    # Drawn by us with every text escaped: the only values that the template takes as they are.
    charts = [
        (chart.title, bars_svg(chart) if isinstance(chart, Bars) else curves_svg(chart))
        for chart in sheet.charts
    ]
    return _template().render(
        lang=lang,
        sheet=sheet,
        charts=charts,
        archive=heading.archive or say("REPORT-ARCHIVE-UNNAMED", lang),
        head=heading.told(lang),
        shown=lambda cell: shown(cell, lang),
        nothing=say("REPORT-NOTHING", lang),
        signs=say("REPORT-SIGNS", lang),
    )


def csv_of(table: Table) -> str:
    """The table as CSV with a head; what a spreadsheet would take for a formula is quoted."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.head)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return out.getvalue()


def shown(cell: Cell, lang: Language) -> str:
    """The cell as people write it: a dash for the unknown, groups of three digits."""
    if cell is None:
        return "–"
    if isinstance(cell, int | float):
        text = f"{cell:,.1f}" if isinstance(cell, float) else f"{cell:,}"
        return text.translate(str.maketrans(",.", ".,")) if lang == "vi" else text
    return cell


def _plain(cell: Cell) -> str | int | float:
    if cell is None:
        return ""
    if not isinstance(cell, str):
        return cell
    # The writer leaves a bare CR unquoted, and readers begin a new row there.
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text[:1] in _FORMULA else text


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = files("kho.reports").joinpath("page.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)
