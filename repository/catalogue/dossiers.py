"""Dossiers counted, for reports: by fonds, place and access; by year; copies by age."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Integer, cast, func, select

from repository.catalogue.database import Database
from repository.catalogue.tables import aip, copy
from schemas.nouns import Access, Place


@dataclass(frozen=True, slots=True)
class DossierCount:
    """The dossiers of one fonds in one place with one access level; ``backlog`` of them wait
    to be arranged, ``warned`` were received with warnings."""

    fonds: str
    fonds_name: str
    place: Place
    access: Access
    aips: int
    backlog: int
    warned: int
    data_files: int
    data_bytes: int


class DossierCensus:
    """Counts over all dossiers."""

    _database: Database

    def dossier_counts(self) -> tuple[DossierCount, ...]:
        """Every fonds, split by place and access level, in that order."""
        parts = (aip.c.fonds, aip.c.place, aip.c.access)
        counted = (
            select(
                *parts,
                func.max(aip.c.fonds_name).label("fonds_name"),
                func.count().label("aips"),
                func.sum(cast(aip.c.backlog, Integer)).label("backlog"),
                func.sum(cast(aip.c.warnings > 0, Integer)).label("warned"),
                func.sum(aip.c.data_files).label("data_files"),
                func.sum(aip.c.data_bytes).label("data_bytes"),
            )
            .group_by(*parts)
            .order_by(*parts)
        )
        return tuple(
            DossierCount(
                fonds=row.fonds,
                fonds_name=row.fonds_name,
                place=Place(row.place),
                access=Access(row.access),
                aips=row.aips,
                backlog=int(row.backlog),
                warned=int(row.warned),
                data_files=int(row.data_files),
                data_bytes=int(row.data_bytes),
            )
            for row in self._database.rows(counted)
        )

    def dossier_years(self) -> tuple[tuple[str, int], ...]:
        """How many of the archive's dossiers begin in each year; ``""`` where none is stated."""
        year = func.substr(aip.c.date_from, 1, 4)
        counted = (
            select(year.label("year"), func.count().label("aips"))
            .where(aip.c.place == Place.ARCHIVE.value)
            .group_by(year)
            .order_by(year)
        )
        return tuple((row.year, row.aips) for row in self._database.rows(counted))

    def last_read_back(self, replica: str) -> str:
        """When a copy on the replica was last read back after writing; empty for never."""
        newest = select(func.max(copy.c.verified_at).label("newest"))
        (row,) = self._database.rows(newest.where(copy.c.replica == replica))
        return row.newest or ""
