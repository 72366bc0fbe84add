"""What any report is to a reader: facts, notes, charts and tables, all texts ready to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

Cell: TypeAlias = str | int | float | None
"""None is *unknown*: shown as a dash in tables, as nothing in CSV, never as zero."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under one head. ``name`` is its short name in any language, for CSV files."""

    name: str
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: ``value`` of at most ``whole``; ``text`` says it in words."""

    label: str
    value: float
    whole: float
    text: str


@dataclass(frozen=True, slots=True)
class Bars:
    """Shares or counts side by side."""

    title: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """One line over time: ``points`` are (day ``YYYY-MM-DD``, share from 0 to 1)."""

    label: str
    points: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """Several lines over the same days."""

    title: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One report, ready for a page, a terminal or a CSV file; the first table is the main one."""

    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    charts: tuple[Bars | Curves, ...] = ()
    notes: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    """Who signs the printed page by hand: a place for each."""
