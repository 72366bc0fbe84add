"""Keeping the full-text index: dossier by dossier, or all of it anew from archival rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, insert, select, text, tuple_

from repository.catalogue.database import AnyRow, Database
from repository.catalogue.errors import SearchUnsupported
from repository.catalogue.ordering import FIRST, SPACING, label_for
from repository.catalogue.summaries import REFERENCE
from repository.catalogue.tables import (
    MAKE_SEARCH_TEXT,
    aip,
    document,
    dossier_field,
    file,
    search_entry,
)
from repository.catalogue.words import exact, fold, words
from repository.facts import AipFacts
from schemas.ids import AipId
from schemas.nouns import Document, Place

# A sign that no query can hold: a phrase never reaches from one field into the next.
_BORDER = " \u241e "
_KEYWORDS = frozenset({"keyword", "keywords", "objid"})
_PAGE_DOSSIERS = 500
_PAGE_FILES = 20_000

_PUT = text("INSERT INTO search_text(rowid, exact, folded) VALUES (:label, :exact, :folded)")
_DROP = text("DELETE FROM search_text WHERE rowid = :label")
_MOVE = text("UPDATE search_text SET rowid = :target WHERE rowid = :source")
_COMPACT = text("INSERT INTO search_text(search_text) VALUES ('optimize')")


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
        paths = (each.logical_path for each in facts.files if each.role == "data")
        texts = searchable(facts.title, facts.dossier_code, facts.fields, facts.documents, paths)
        self._connection.execute(_PUT, {"label": label, **readings(texts)})

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


class Indexing:
    """The whole index, made anew."""

    _database: Database

    def reindex(self) -> int:
        """The full-text index says what the archival rows say; the number of dossiers.

        All or nothing, in one long transaction: half an index would hide dossiers. For the
        time when the index is suspected, or how words are read has changed.
        """
        if not self._database.is_sqlite:
            raise SearchUnsupported(where=self._database.where)
        count = 0
        with self._database.write() as connection:
            # Not emptied: FTS5 unlearns a row by its text, and it is the text we suspect.
            connection.execute(text("DROP TABLE search_text"))
            connection.execute(text(MAKE_SEARCH_TEXT))
            connection.execute(delete(search_entry))
            for page in _pages(connection):
                labels = [FIRST + (count + n) * SPACING for n in range(len(page))]
                entries = [
                    {"label": label, "aip_key": row.aip_key}
                    for label, row in zip(labels, page, strict=True)
                ]
                connection.execute(insert(search_entry), entries)
                texts = (readings(each) for each in _page_texts(connection, page))
                connection.execute(
                    _PUT, [{"label": n, **each} for n, each in zip(labels, texts, strict=True)]
                )
                count += len(page)
            connection.execute(_COMPACT)
        return count


def searchable(
    title: str,
    dossier_code: str,
    fields: Mapping[str, str],
    documents: Iterable[Document],
    paths: Iterable[str],
) -> Iterator[str]:
    """The texts a dossier is found by, each once; ``paths`` are those of its data files."""
    texts = chain(
        (title, dossier_code),
        _field_texts(fields),
        chain.from_iterable(
            (each.title, each.code, *_field_texts(each.fields)) for each in documents
        ),
        chain.from_iterable(map(_names, paths)),
    )
    return iter(dict.fromkeys(each for each in texts if each))


def readings(texts: Iterable[str]) -> dict[str, str]:
    """Both readings of the texts, as words parted by spaces and borders."""
    exacts, foldeds = [], []
    for each in texts:
        exacts.append(" ".join(words(exact(each))))
        foldeds.append(" ".join(words(fold(each))))
    return {"exact": _BORDER.join(exacts), "folded": _BORDER.join(foldeds)}


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


def _pages(connection: Connection) -> Iterator[Sequence[AnyRow]]:
    """Every AIP by reference code, in pages small enough for all their files."""
    every = select(aip).order_by(*REFERENCE).limit(_PAGE_DOSSIERS)
    rows = connection.execute(every).all()
    while rows:
        files, size = 0, 0
        while size < len(rows) and (not size or files + rows[size].data_files <= _PAGE_FILES):
            files += rows[size].data_files
            size += 1
        yield rows[:size]
        last = rows[size - 1]
        after = (last.fonds, last.dossier_code, last.aip_id, last.place)
        rows = connection.execute(every.where(tuple_(*REFERENCE) > after)).all()


def _page_texts(connection: Connection, page: Sequence[AnyRow]) -> Iterator[Iterator[str]]:
    keys = [row.aip_key for row in page]
    fields: dict[int, dict[str, str]] = {}
    for row in _of(connection, select(dossier_field).where(dossier_field.c.aip_key.in_(keys))):
        fields.setdefault(row.aip_key, {})[row.name] = row.value
    documents: dict[int, list[Document]] = {}
    described = select(document).where(document.c.aip_key.in_(keys))
    for row in _of(connection, described.order_by(document.c.aip_key, document.c.position)):
        documents.setdefault(row.aip_key, []).append(
            Document(code=row.code, title=row.title, fields=msgspec.json.decode(row.fields))
        )
    paths: dict[int, list[str]] = {}
    data = select(file.c.aip_key, file.c.logical_path).where(
        file.c.aip_key.in_(keys), file.c.role == "data"
    )
    for row in _of(connection, data):
        paths.setdefault(row.aip_key, []).append(row.logical_path)
    for row in page:
        key = row.aip_key
        yield searchable(
            row.title,
            row.dossier_code,
            fields.get(key, {}),
            documents.get(key, ()),
            paths.get(key, ()),
        )


def _of(connection: Connection, query: Select[Any]) -> Iterable[AnyRow]:
    return connection.execute(query)
