"""Writing the archival rows of one AIP, all of them, in the caller's transaction.

The rows of a content path keep their key as long as the AIP names that path: the audit state
of bytes that did not change outlives a new version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    key = _aip_key(connection, facts)
    for part in (signature, file, document, dossier_field, version):
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
    _register_files(connection, key, facts.files)
    connection.execute(delete(evidence).where(evidence.c.aip_key == key))
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


def _aip_key(connection: Connection, facts: AipFacts) -> int:
    row = aip_row(facts)
    key = connection.execute(_key_of(facts.aip_id, facts.place)).scalar_one_or_none()
    if key is None:
        inserted = connection.execute(insert(aip).returning(aip.c.aip_key), row)
        return int(inserted.scalar_one())
    connection.execute(update(aip).where(aip.c.aip_key == key), row)
    return int(key)


def _key_of(aip_id: AipId, place: Place) -> Any:
    return select(aip.c.aip_key).where(aip.c.aip_id == aip_id, aip.c.place == place.value)


def _insert(connection: Connection, table: Table, rows: Iterable[dict[str, Any]]) -> None:
    for batch in in_batches(rows):
        connection.execute(insert(table), batch)


def _register_files(connection: Connection, key: int, files: Iterable[FileFacts]) -> None:
    """Rows of ``file`` and ``content`` for every file; rows of no longer named paths are gone.

    A batch at a time: an AIP may have 200,000 files. A content path that many files share is
    met again in later batches and found in the table.
    """
    stale = set(
        connection.execute(select(content.c.content_key).where(content.c.aip_key == key)).scalars()
    )
    for batch in in_batches(files):
        keys = _content_keys(connection, key, batch, stale)
        connection.execute(
            insert(file), [file_row(key, keys[each.content_path], each) for each in batch]
        )
    _delete_content(connection, sorted(stale))


def _content_keys(
    connection: Connection, key: int, files: Sequence[FileFacts], stale: set[int]
) -> dict[str, int]:
    """The key of every content path of ``files``; what was met is no longer in ``stale``."""
    wanted = {each.content_path: (each.sha256, each.sha512) for each in files}
    known = _known_contents(connection, key, wanted)
    gone = []
    for path, row in list(known.items()):
        stale.discard(row.content_key)
        # Other digests for a path that OCFL never rewrites: other bytes, never verified.
        if wanted[path] != (row.sha256.hex(), row.sha512.hex()):
            gone.append(row.content_key)
            del known[path]
    _delete_content(connection, gone)
    missing = [
        {
            "aip_key": key,
            "content_path": path,
            "sha256": bytes.fromhex(digests[0]),
            "sha512": bytes.fromhex(digests[1]),
        }
        for path, digests in wanted.items()
        if path not in known
    ]
    if missing:
        connection.execute(insert(content), missing)
        known = _known_contents(connection, key, wanted)
    return {path: row.content_key for path, row in known.items()}


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
