"""What the archive holds: AIPs, their documents, files and bytes. All rows are archival."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, case, func, or_, select, tuple_

from repository.catalogue.contents import ContentFacts, content_files, content_of
from repository.catalogue.database import BATCH_ROWS, AnyRow, Database
from repository.catalogue.indexing import Index
from repository.catalogue.registering import register_facts, remove_aip
from repository.catalogue.rows import (
    AipSummary,
    facts_of,
    file_of,
    id_prefix,
    signature_of,
    summary_of,
)
from repository.catalogue.summaries import REFERENCE, summaries
from repository.catalogue.tables import (
    aip,
    content,
    document,
    dossier_field,
    file,
    signature,
    version,
)
from repository.facts import AipFacts, FileFacts
from schemas.ids import AipId
from schemas.nouns import Access, Place

_MOST_FOUND = 50


@dataclass(frozen=True, slots=True)
class FondsSummary:
    """One fonds (*phông*) as its dossiers name it."""

    fonds: str
    fonds_name: str
    aips: int
    data_files: int
    data_bytes: int


class Holdings:
    """The archival rows."""

    _database: Database

    def register(self, facts: AipFacts) -> None:
        """The catalogue's archival rows of this AIP in this place are exactly ``facts``."""
        self.register_all([facts])

    def register_all(self, many: Iterable[AipFacts]) -> None:
        """Each AIP is registered, all in one transaction: the way for a batch of hundreds."""
        with self._database.write() as connection:
            index = Index(connection)
            for facts in many:
                index.put(register_facts(connection, facts), facts)

    def remove(self, aip_id: AipId, place: Place) -> None:
        """No archival row of the AIP in ``place`` is left: it moved. Nothing else is touched."""
        with self._database.write() as connection:
            index = Index(connection)
            index.forget(aip_id, place)
            remove_aip(connection, aip_id, place)

    def aip(self, aip_id: AipId, place: Place | None = None) -> AipFacts | None:
        """What was registered of the AIP; of the archive's before the holding's."""
        with self._database.read() as connection:
            row = connection.execute(_one(aip_id, place)).first()
            return None if row is None else _facts(connection, row)

    def inventories(self, aip_id: AipId, place: Place) -> tuple[str, ...]:
        """The sha256 of each version's inventory, oldest first; empty for an unknown AIP."""
        query = (
            select(version.c.inventory_sha256)
            .join_from(version, aip)
            .where(aip.c.aip_id == aip_id, aip.c.place == place.value)
            .order_by(version.c.number)
        )
        return tuple(row.inventory_sha256 for row in self._database.rows(query))

    def access_of(self, aip_id: AipId) -> Access | None:
        """The most closed level that the AIP has in any place; None for an unknown AIP."""
        levels = self._database.rows(select(aip.c.access).where(aip.c.aip_id == aip_id))
        return max((Access(row.access) for row in levels), key=lambda a: a.rank, default=None)

    def aips(
        self, *, fonds: str | None = None, place: Place | None = None
    ) -> Iterator[AipSummary]:
        """Every AIP by reference code: the fonds, then the dossier's code.

        Read page by page, so that a long list neither fills memory nor holds up writers.
        """
        wanted = summaries().limit(BATCH_ROWS)
        if fonds is not None:
            wanted = wanted.where(aip.c.fonds == fonds)
        if place is not None:
            wanted = wanted.where(aip.c.place == place.value)
        page = wanted
        while rows := self._database.rows(page):
            yield from map(summary_of, rows)
            last = rows[-1]
            page = wanted.where(
                tuple_(*REFERENCE) > (last.fonds, last.dossier_code, last.aip_id, last.place)
            )

    def find(self, text: str) -> tuple[AipSummary, ...]:
        """The AIPs that ``text`` names: by id or its start, or by exactly the dossier's code."""
        code = unicodedata.normalize("NFC", text.strip())
        named = aip.c.dossier_code.in_({code, text}) if code else aip.c.aip_key < 0
        prefix = id_prefix(text)
        if prefix is not None:
            # "g" sorts after every digit of a UUID and after the hyphen.
            starts = (aip.c.aip_id >= prefix) & (aip.c.aip_id < prefix + "g")
            named = or_(named, starts)
        return tuple(
            map(summary_of, self._database.rows(summaries().where(named).limit(_MOST_FOUND)))
        )

    def fonds(self) -> tuple[FondsSummary, ...]:
        """Every fonds of the archive, by code, with what is kept of it."""
        totals = (
            select(
                aip.c.fonds,
                func.max(aip.c.fonds_name).label("fonds_name"),
                func.count().label("aips"),
                func.sum(aip.c.data_files).label("files"),
                func.sum(aip.c.data_bytes).label("bytes"),
            )
            .where(aip.c.place == Place.ARCHIVE.value)
            .group_by(aip.c.fonds)
            .order_by(aip.c.fonds)
        )
        return tuple(
            FondsSummary(row.fonds, row.fonds_name, row.aips, int(row.files), int(row.bytes))
            for row in self._database.rows(totals)
        )

    def files(self, aip_id: AipId, place: Place | None = None) -> Iterator[FileFacts]:
        """The files of the AIP's newest version, by logical path, page by page."""
        with self._database.read() as connection:
            row = connection.execute(_one(aip_id, place)).first()
        after = ""
        while row is not None:
            page = _files_of(row.aip_key).where(file.c.logical_path > after).limit(BATCH_ROWS)
            rows = self._database.rows(page)
            if not rows:
                return
            yield from map(file_of, rows)
            after = rows[-1].logical_path

    def all_files(
        self, *, after: int = 0, limit: int = BATCH_ROWS, place: Place | None = None
    ) -> tuple[ContentFacts, ...]:
        """The next ``limit`` files that replicas must hold, after the key ``after``."""
        page = content_files().where(content.c.content_key > after)
        if place is not None:
            page = page.where(aip.c.place == place.value)
        page = page.order_by(content.c.content_key).limit(limit)
        return tuple(map(content_of, self._database.rows(page)))

    def stored_paths(self) -> Iterator[tuple[Place, AipId, str]]:
        """Where every file that replicas must hold lies: its AIP and its content path."""
        page = (
            select(content.c.content_key, content.c.content_path, aip.c.aip_id, aip.c.place)
            .join_from(content, aip)
            .order_by(content.c.content_key)
            .limit(BATCH_ROWS)
        )
        places = {place.value: place for place in Place}
        after = 0
        while rows := self._database.rows(page.where(content.c.content_key > after)):
            for _key, content_path, aip_id, place in rows:
                yield places[place], AipId(aip_id), content_path
            after = rows[-1].content_key

    def content(self, aip_id: AipId, place: Place) -> Iterator[ContentFacts]:
        """The files that replicas must hold of one AIP, by content path, page by page."""
        page = content_files().where(aip.c.aip_id == aip_id, aip.c.place == place.value)
        page = page.order_by(content.c.content_path).limit(BATCH_ROWS)
        after = ""
        while rows := self._database.rows(page.where(content.c.content_path > after)):
            yield from map(content_of, rows)
            after = rows[-1].content_path


def _one(aip_id: AipId, place: Place | None) -> Select[Any]:
    found = select(aip).where(aip.c.aip_id == aip_id)
    if place is not None:
        return found.where(aip.c.place == place.value)
    return found.order_by(case((aip.c.place == Place.ARCHIVE.value, 0), else_=1)).limit(1)


def _files_of(key: int) -> Select[Any]:
    return (
        select(file, content.c.content_path, content.c.sha256, content.c.sha512)
        .join_from(file, content)
        .where(file.c.aip_key == key)
        .order_by(file.c.logical_path)
    )


def _facts(connection: Connection, row: AnyRow) -> AipFacts:
    key = row.aip_key
    versions = select(version).where(version.c.aip_key == key).order_by(version.c.number)
    fields = select(dossier_field.c.name, dossier_field.c.value).where(
        dossier_field.c.aip_key == key
    )
    signatures = (
        select(signature)
        .where(signature.c.aip_key == key)
        .order_by(signature.c.logical_path, signature.c.position)
    )
    documents = select(document).where(document.c.aip_key == key).order_by(document.c.position)
    return facts_of(
        row,
        versions=connection.execute(versions).all(),
        fields={each.name: each.value for each in connection.execute(fields)},
        documents=connection.execute(documents).all(),
        files=tuple(file_of(each) for each in connection.execute(_files_of(key))),
        signatures=tuple(signature_of(each) for each in connection.execute(signatures)),
    )
