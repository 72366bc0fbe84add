"""The query behind every list of dossiers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, func, select

from repository.catalogue.tables import aip, copy

REFERENCE = (aip.c.fonds, aip.c.dossier_code, aip.c.aip_id, aip.c.place)
"""The order of lists: the reference code, and the id where codes are equal."""


def summaries() -> Select[Any]:
    """Every AIP with the number of its copies, by reference code."""
    mine = (
        (copy.c.aip_id == aip.c.aip_id)
        & (copy.c.place == aip.c.place)
        & (copy.c.version == aip.c.version)
    )
    count = select(func.count()).select_from(copy)
    copies = count.where(mine, copy.c.state == "verified").scalar_subquery()
    broken = count.where(mine, copy.c.state != "verified").scalar_subquery()
    return select(aip, copies.label("copies"), broken.label("broken_copies")).order_by(*REFERENCE)
