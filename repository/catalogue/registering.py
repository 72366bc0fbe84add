"""Writing the archival rows of one AIP, all of them, in the caller's transaction.

The rows of a content path keep their key as long as the AIP names that path: the audit state
of bytes that did not change outlives a new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from repository.catalogue.database import BATCH_ROWS, AnyRow
from repository.catalogue.rows import (
    aip_row,
    document_row,
    evidence_rows,
    file_row,
    signature_row,
    version_row,
)
from repository.catalogue.tables import (
    aip,
    content,
    document,
    dossier_field,
    evidence,
    file,
    signature,
    version,
)
from repository.facts import AipFacts, FileFacts
from schemas.ids import AipId
from schemas.nouns import Place

_T = TypeVar("_T")


def register_facts(connection: Connection, facts: AipFacts) -> int:
    """The AIP's archival rows are exactly ``facts``; its key is returned."""
    key, known = _aip_key(connection, facts)
    if known:
        for part in (signature, file, document, dossier_field, version, evidence):
            connection.execute(delete(part).where(part.c.aip_key == key))
    _insert(connection, version, (version_row(key, each) for each in facts.versions))
    _insert(
        connection,
        dossier_field,
        ({"aip_key": key, "name": name, "value": text} for name, text in facts.fields.items()),
    )
    _insert(
        connection,
        document,
        (document_row(key, place, each) for place, each in enumerate(facts.documents)),
    )
    _register_files(connection, key, facts.files, known=known)
    _insert(connection, evidence, evidence_rows(key, facts))
    _insert(connection, signature, (signature_row(key, each) for each in facts.signatures))
    return key


def remove_aip(connection: Connection, aip_id: AipId, place: Place) -> int | None:
    """No archival row of the AIP in ``place`` is left; the key it had, or None."""
    key = connection.execute(_key_of(aip_id, place)).scalar_one_or_none()
    if key is not None:
        connection.execute(delete(aip).where(aip.c.aip_key == key))
    return key


def in_batches(rows: Iterable[_T]) -> Iterator[list[_T]]:
    """The rows in lists of at most :data:`BATCH_ROWS`; no empty list."""
    source = iter(rows)
    while batch := list(islice(source, BATCH_ROWS)):
        yield batch


def _aip_key(connection: Connection, facts: AipFacts) -> tuple[int, bool]:
    """The key of the AIP's row, and whether there was one before."""
    row = aip_row(facts)
    key = connection.execute(_key_of(facts.aip_id, facts.place)).scalar_one_or_none()
    if key is None:
        inserted = connection.execute(insert(aip).returning(aip.c.aip_key), row)
        return int(inserted.scalar_one()), False
    connection.execute(update(aip).where(aip.c.aip_key == key), row)
    return int(key), True


def _key_of(aip_id: AipId, place: Place) -> Any:
    return select(aip.c.aip_key).where(aip.c.aip_id == aip_id, aip.c.place == place.value)


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    for batch in in_batches(rows):
        connection.execute(insert(table), batch)


def _register_files(
    connection: Connection, key: int, files: Iterable[FileFacts], *, known: bool
) -> None:
    """Rows of ``file`` and ``content`` for every file; rows of no longer named paths are gone.

    A batch at a time: an AIP may have 200,000 files. A content path that many files share is
    met again in later batches and found in the table. An AIP that was not ``known`` has none
    before its first batch.
    """
    named = select(content.c.content_key).where(content.c.aip_key == key)
    stale = set(connection.execute(named).scalars()) if known else set()
    for batch in in_batches(files):
        wanted = {each.content_path: (each.sha256, each.sha512) for each in batch}
        keys = _kept_contents(connection, key, wanted, stale) if known else {}
        keys |= _new_contents(connection, key, {p: d for p, d in wanted.items() if p not in keys})
        connection.execute(
            insert(file), [file_row(key, keys[each.content_path], each) for each in batch]
        )
        known = True
    _delete_content(connection, sorted(stale))


def _kept_contents(
    connection: Connection, key: int, wanted: Mapping[str, tuple[str, str]], stale: set[int]
) -> dict[str, int]:
    """The key of every content path of ``wanted`` whose row is as wanted; what was met is no
    longer in ``stale``."""
    kept = {}
    gone = []
    for path, row in _known_contents(connection, key, wanted).items():
        stale.discard(row.content_key)
        # Other digests for a path that OCFL never rewrites: other bytes, never verified.
        if wanted[path] == (row.sha256.hex(), row.sha512.hex()):
            kept[path] = row.content_key
        else:
            gone.append(row.content_key)
    _delete_content(connection, gone)
    return kept


def _new_contents(
    connection: Connection, key: int, wanted: Mapping[str, tuple[str, str]]
) -> dict[str, int]:
    """Each content path of ``wanted`` has a row now: the rows' keys."""
    rows = [
        {
            "aip_key": key,
            "content_path": path,
            "sha256": bytes.fromhex(sha256),
            "sha512": bytes.fromhex(sha512),
        }
        for path, (sha256, sha512) in wanted.items()
    ]
    if not rows:
        return {}
    connection.execute(insert(content), rows)
    made = _known_contents(connection, key, wanted)
    return {path: row.content_key for path, row in made.items()}


def _known_contents(connection: Connection, key: int, paths: Iterable[str]) -> dict[str, AnyRow]:
    """The rows of ``content`` that the AIP has for ``paths``."""
    query = select(content).where(content.c.aip_key == key)
    found = (
        row
        for part in in_batches(paths)
        for row in connection.execute(query.where(content.c.content_path.in_(part)))
    )
    return {row.content_path: row for row in found}


def _delete_content(connection: Connection, keys: Sequence[int]) -> None:
    one = delete(content).where(content.c.content_key == bindparam("gone"))
    for batch in in_batches(keys):
        connection.execute(one, [{"gone": each} for each in batch])
