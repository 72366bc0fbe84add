"""Labels that sort as reference codes do, kept while dossiers come in any order.

The full-text index gives its matches by row number. With the label as row number the first
page of half a million matches is read straight off, already by reference code; sorting them
would take a second. Labels leave gaps; where a gap is used up, the labels around are spread
again over the smallest stretch that is thin enough (Bender et al., *Two Simplified Algorithms
for Maintaining Order in a List*, 2002).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, tuple_, update

from repository.catalogue.summaries import REFERENCE
from repository.catalogue.tables import aip, search_entry

FIRST = 1 << 60
SPACING = 1 << 24
"""Between two dossiers when labels are dealt out afresh."""
STEP = 1 << 6
"""After the dossier before, in a gap: codes mostly grow, so most of the gap stays ahead."""
_THINNING = 1.3

Mover = Callable[[Sequence[tuple[int, int]]], None]
"""Moves full-text rows, each from one label to another, in the order given."""


def label_for(connection: Connection, key: int, move: Mover) -> int:
    """The AIP of this key has a label between those of its neighbours."""
    known = select(search_entry.c.label).where(search_entry.c.aip_key == key)
    here = connection.execute(select(*REFERENCE).where(aip.c.aip_key == key)).one()
    label = connection.execute(known).scalar_one_or_none()
    before = connection.execute(_neighbour(tuple(here), before=True)).scalar()
    after = connection.execute(_neighbour(tuple(here), before=False)).scalar()
    if label is not None:
        if (before is None or before < label) and (after is None or label < after):
            return int(label)
        connection.execute(search_entry.delete().where(search_entry.c.aip_key == key))
    if before is not None and after is not None and after - before < 2:
        _spread(connection, before, move)
        return label_for(connection, key, move)
    fresh = _between(before, after)
    connection.execute(insert(search_entry), {"label": fresh, "aip_key": key})
    return fresh


def label_range(connection: Connection, fonds: str) -> tuple[int, int]:
    """The smallest and largest label of a fonds; an empty range when it has none."""
    row = connection.execute(
        select(func.min(search_entry.c.label), func.max(search_entry.c.label))
        .join_from(search_entry, aip)
        .where(aip.c.fonds == fonds)
    ).one()
    return (1, 0) if row[0] is None else (row[0], row[1])


def _between(before: int | None, after: int | None) -> int:
    if before is None:
        return FIRST if after is None else after - SPACING
    if after is None:
        return before + SPACING
    return before + min(STEP, (after - before) // 2)


def _neighbour(here: tuple[Any, ...], *, before: bool) -> Select[Any]:
    place = tuple_(*REFERENCE)
    labels = select(search_entry.c.label).join_from(aip, search_entry).limit(1)
    if before:
        return labels.where(place < here).order_by(*(c.desc() for c in REFERENCE))
    return labels.where(place > here).order_by(*REFERENCE)


def _spread(connection: Connection, around: int, move: Mover) -> None:
    """The labels around have gaps again."""
    for bits in range(4, 63):
        low = around >> bits << bits
        inside = search_entry.c.label.between(low, low + (1 << bits) - 1)
        count = connection.execute(select(func.count()).where(inside)).scalar_one()
        if count < (1 << bits) / _THINNING**bits:
            break
    every = select(search_entry.c.label).where(inside).order_by(search_entry.c.label)
    old = list(connection.execute(every).scalars())
    gap = (1 << bits) // (count + 1)
    moves = [(label, low + gap * (n + 1)) for n, label in enumerate(old)]
    # Upward moves from the top, then downward moves from the bottom: no two ever meet.
    upward = [pair for pair in reversed(moves) if pair[1] > pair[0]]
    downward = [pair for pair in moves if pair[1] < pair[0]]
    for source, target in (*upward, *downward):
        connection.execute(
            update(search_entry).where(search_entry.c.label == source), {"label": target}
        )
    move((*upward, *downward))
