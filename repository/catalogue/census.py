"""The formats of the holdings: what there is to look after, counted."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from repository.catalogue.database import Database
from repository.catalogue.tables import aip, file


@dataclass(frozen=True, slots=True)
class FormatCount:
    """One format, or one set of formats that identification could not choose from."""

    puids: tuple[str, ...]
    files: int
    size_bytes: int


class FormatCensus:
    """The submitted files by format."""

    _database: Database

    def formats(self, *, fonds: str | None = None) -> tuple[FormatCount, ...]:
        """Every format that data files were identified as, most frequent first."""
        counted = (
            select(
                file.c.puids,
                func.count().label("files"),
                func.coalesce(func.sum(file.c.size_bytes), 0).label("size_bytes"),
            )
            .join_from(file, aip)
            .where(file.c.role == "data")
            .group_by(file.c.puids)
            .order_by(func.count().desc(), file.c.puids)
        )
        if fonds is not None:
            counted = counted.where(aip.c.fonds == fonds)
        return tuple(
            FormatCount(tuple(row.puids.split()), row.files, int(row.size_bytes))
            for row in self._database.rows(counted)
        )
