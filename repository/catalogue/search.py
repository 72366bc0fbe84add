"""Finding dossiers by their words, at any size, in the order of reference codes.

A query with marks is read exactly, one without finds every marking. Nothing is ranked: over
a million dossiers that costs seconds, and archivists look by code. Counts stop at
:data:`COUNT_CAP`. SQLite's FTS5 does it; other engines say that they cannot yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Connection, select, text

from repository.catalogue.database import Database
from repository.catalogue.errors import SearchUnsupported
from repository.catalogue.ordering import label_for, label_range
from repository.catalogue.rows import AipSummary, summary_of
from repository.catalogue.summaries import summaries
from repository.catalogue.tables import aip, search_entry
from repository.catalogue.words import exact, fold, has_marks, phrases, words
from repository.facts import AipFacts
from schemas.ids import AipId
from schemas.nouns import Place

COUNT_CAP = 10_000
# A sign that no query can hold: a phrase never reaches from one field into the next.
_BORDER = "\u241e"
_KEYWORDS = frozenset({"keyword", "keywords"})

_PUT = text("INSERT INTO search_text(rowid, exact, folded) VALUES (:label, :exact, :folded)")
_DROP = text("DELETE FROM search_text WHERE rowid = :label")
_MOVE = text("UPDATE search_text SET rowid = :target WHERE rowid = :source")
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

    def search(self, query: str, *, limit: int = 50, fonds: str | None = None) -> SearchPage:
        """The dossiers that hold every word of the query, by reference code.

        Title, codes, keywords, documents' titles and file names are looked through.
        :class:`SearchUnsupported` on an engine without a full-text index of ours.
        """
        if not self._database.is_sqlite:
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


class Index:
    """The full-text index, kept, inside a transaction of the caller's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._here = connection.dialect.name == "sqlite"

    def put(self, key: int, facts: AipFacts) -> None:
        """The dossier is found by what ``facts`` say, and by nothing it said before."""
        if not self._here:
            return
        self._drop(key)
        label = label_for(self._connection, key, self._move)
        found_by = search_text(searchable(facts))
        self._connection.execute(_PUT, {"label": label, **found_by})

    def forget(self, aip_id: AipId, place: Place) -> None:
        """The dossier in ``place`` is not found any more."""
        if not self._here:
            return
        key = select(aip.c.aip_key).where(aip.c.aip_id == aip_id, aip.c.place == place.value)
        found = self._connection.execute(key).scalar_one_or_none()
        if found is not None:
            self._drop(found)

    def _drop(self, key: int) -> None:
        label = select(search_entry.c.label).where(search_entry.c.aip_key == key)
        known = self._connection.execute(label).scalar_one_or_none()
        if known is not None:
            self._connection.execute(_DROP, {"label": known})

    def _move(self, pairs: Sequence[tuple[int, int]]) -> None:
        if pairs:
            self._connection.execute(
                _MOVE, [{"source": source, "target": target} for source, target in pairs]
            )


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


def searchable(facts: AipFacts) -> Iterator[str]:
    """The texts a dossier is found by, each once."""
    texts = chain(
        (facts.title, facts.dossier_code),
        _field_texts(facts.fields),
        chain.from_iterable(
            (each.title, each.code, *_field_texts(each.fields)) for each in facts.documents
        ),
        chain.from_iterable(
            _names(each.logical_path) for each in facts.files if each.role == "data"
        ),
    )
    return iter(dict.fromkeys(each for each in texts if each))


def search_text(texts: Iterable[str]) -> dict[str, str]:
    """Both readings of the texts, as words parted by spaces and borders."""
    exacts, foldeds = [], []
    for each in texts:
        exacts.append(" ".join(words(exact(each))))
        foldeds.append(" ".join(words(fold(each))))
    border = f" {_BORDER} "
    return {"exact": border.join(exacts), "folded": border.join(foldeds)}


def _field_texts(fields: Mapping[str, str]) -> Iterator[str]:
    yield from (value for name, value in fields.items() if name.casefold() in _KEYWORDS)
    # The circular keeps number and notation apart; people ask for "02-KL/VPTW".
    if fields.get("codeNumber") and fields.get("codeNotation"):
        yield f"{fields['codeNumber']} {fields['codeNotation']}"


def _names(logical_path: str) -> Sequence[str]:
    """The file's name and its folders' below the package's own ``data``."""
    segments = logical_path.split("/")
    start = segments.index("data") + 1 if "data" in segments[:-1] else 0
    return segments[start:]
