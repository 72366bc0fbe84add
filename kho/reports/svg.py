"""Charts as inline SVG: no script, no font, no file but the page itself.

Colours differ in lightness as well, and every bar says its value in words, so that a grey
print and a colour-blind reader lose nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from kho.reports.sheet import Bars, Curves

WIDTH, LABEL, ROW = 720, 190, 26
PLOT_HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 200, 44, 12, 12, 26
COLOURS = ("#1b4f72", "#b9770e", "#1e8449", "#7d3c98", "#922b21", "#5d6d7e")


def bars_svg(chart: Bars) -> str:
    """Horizontal bars, one in each row, on a common scale."""
    most = max((bar.whole for bar in chart.bars), default=0) or 1
    room = WIDTH - LABEL - 150
    parts = []
    for row, bar in enumerate(chart.bars):
        top = row * ROW
        whole, part = room * bar.whole / most, room * bar.value / most
        parts.append(_text(0, top + 17, bar.label))
        parts.append(_rect(LABEL, top + 4, whole, "#e5e8e8"))
        parts.append(_rect(LABEL, top + 4, part, COLOURS[0]))
        parts.append(_text(LABEL + whole + 6, top + 17, bar.text))
    return _svg(chart.title, max(1, len(chart.bars)) * ROW, parts)


def curves_svg(chart: Curves) -> str:
    """Lines over days, from 0 to 100 %, with a legend."""
    days = sorted({day for curve in chart.curves for day, _share in curve.points})
    parts = list(_grid())
    for number, curve in enumerate(chart.curves):
        colour = COLOURS[number % len(COLOURS)]
        dash = "" if number == 0 else f' stroke-dasharray="{2 + 3 * number} 3"'
        points = " ".join(f"{_x(days, day):.1f},{_y(share):.1f}" for day, share in curve.points)
        parts.append(
            f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dash} points="{points}"/>'
        )
        parts += [
            f'<circle cx="{_x(days, day):.1f}" cy="{_y(share):.1f}" r="2.5" fill="{colour}"/>'
            for day, share in curve.points
        ]
        parts.append(_text(LEFT + 8 + 150 * number, PLOT_HEIGHT + 36, curve.label, colour))
    if days:
        parts.append(_text(LEFT, PLOT_HEIGHT + 16, days[0]))
        parts.append(_text(WIDTH - RIGHT - 70, PLOT_HEIGHT + 16, days[-1]))
    return _svg(chart.title, PLOT_HEIGHT + 46, parts)


def _grid() -> Iterator[str]:
    for percent in (0, 25, 50, 75, 100):
        y = _y(percent / 100)
        ends = f'x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"'
        yield f'<line {ends} stroke="#ccd1d1"/>'
        yield _text(0, y + 4, f"{percent} %")


def _x(days: list[str], day: str) -> float:
    last = max(1, len(days) - 1)
    return LEFT + (WIDTH - LEFT - RIGHT) * days.index(day) / last


def _y(share: float) -> float:
    return TOP + (PLOT_HEIGHT - TOP - BOTTOM) * (1 - min(1.0, max(0.0, share)))


def _rect(x: float, y: float, width: float, colour: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="16" fill="{colour}"/>'


def _text(x: float, y: float, text: str, colour: str = "#17202a") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="12" fill="{colour}">{escape(text)}</text>'


def _svg(title: str, height: float, parts: list[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}"'
        f' role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>'
    )
    return head + "".join(parts) + "</svg>"
