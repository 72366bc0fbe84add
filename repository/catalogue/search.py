"""Finding dossiers by their words, at any size, in the order of reference codes.

A query with marks is read exactly, one without finds every marking. Nothing is ranked: over
a million dossiers that costs seconds, and archivists look by code. Counts stop at
:data:`COUNT_CAP`. SQLite's FTS5 does it; other engines say that they cannot yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from repository.catalogue.database import Database
from repository.catalogue.errors import SearchUnsupported
from repository.catalogue.ordering import label_range
from repository.catalogue.rows import AipSummary, summary_of
from repository.catalogue.summaries import summaries
from repository.catalogue.tables import aip, search_entry
from repository.catalogue.words import exact, fold, has_marks, phrases

COUNT_CAP = 10_000

_MATCH = "FROM search_text WHERE search_text MATCH :query AND rowid BETWEEN :low AND :high"
_PAGE = text(f"SELECT rowid {_MATCH} ORDER BY rowid LIMIT :limit")
_COUNT = text(f"SELECT count(*) FROM (SELECT 1 {_MATCH} LIMIT :limit)")  # noqa: S608 constants
_EVERYWHERE = (-(1 << 63), (1 << 63) - 1)


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The first matches by reference code. ``total_capped`` stops at :data:`COUNT_CAP`."""

    total_capped: int
    more_than_cap: bool
    rows: tuple[AipSummary, ...]


class Search:
    """The full-text index, asked."""

    _database: Database

    @property
    def can_search(self) -> bool:
        """Whether this engine has a full-text index of ours."""
        return self._database.is_sqlite

    def search(self, query: str, *, limit: int = 50, fonds: str | None = None) -> SearchPage:
        """The dossiers that hold every word of the query, by reference code.

        Title, codes, keywords, documents' titles and file names are looked through.
        :class:`SearchUnsupported` on an engine without a full-text index of ours.
        """
        if not self.can_search:
            raise SearchUnsupported(where=self._database.where)
        match = fts_query(query)
        if match is None:
            return SearchPage(0, more_than_cap=False, rows=())
        with self._database.read() as connection:
            low, high = _EVERYWHERE if fonds is None else label_range(connection, fonds)
            asked = {"query": match, "low": low, "high": high}
            page = connection.execute(_PAGE, {**asked, "limit": limit}).scalars().all()
            count = len(page)
            if count == limit:
                count = connection.execute(_COUNT, {**asked, "limit": COUNT_CAP + 1}).scalar_one()
            rows = connection.execute(
                summaries()
                .join(search_entry, search_entry.c.aip_key == aip.c.aip_key)
                .where(search_entry.c.label.in_(page))
            )
            found = tuple(map(summary_of, rows))
        return SearchPage(min(count, COUNT_CAP), count > COUNT_CAP, found)


def fts_query(query: str) -> str | None:
    """The query in FTS5's language, or None when no word is in it.

    Only words come through, so nothing typed is ever read as an operator.
    """
    marked = has_marks(query)
    wanted = phrases(query, exact if marked else fold)
    parts = [f'"{" ".join(phrase)}"' for phrase in wanted]
    if not parts:
        return None
    return f"{'exact' if marked else 'folded'} : ({' AND '.join(parts)})"
