"""The bytes that replicas must hold: one record per content path of an object."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Select, func, select

from repository.catalogue.database import AnyRow
from repository.catalogue.tables import aip, content, file
from schemas.ids import AipId
from schemas.nouns import Place


class ContentFacts(msgspec.Struct, frozen=True, gc=False):
    """One file that every replica of an AIP must hold: its path in the object, its digests.

    ``key`` is this catalogue's own number: good for paging on, worthless once it is rebuilt.
    ``size_bytes`` is known for submitted files only.
    """

    key: int
    aip_id: AipId
    place: Place
    content_path: str
    sha256: str
    sha512: str
    size_bytes: int | None


_COLUMNS = 7
_PLACES = {place.value: place for place in Place}


def content_files() -> Select[Any]:
    """Every file that replicas must hold, whatever number of logical files name it."""
    size = (
        select(func.max(file.c.size_bytes))
        .where(file.c.content_key == content.c.content_key)
        .scalar_subquery()
    )
    c = content.c
    return select(
        c.content_key, aip.c.aip_id, aip.c.place, c.content_path, c.sha256, c.sha512,
        size.label("size_bytes"),
    ).join_from(content, aip)  # fmt: skip


def content_of(row: AnyRow) -> ContentFacts:
    """The facts that one row of :func:`content_files` holds, whatever columns were added.

    By position: an audit asks for every file, and names cost more than the query.
    """
    key, aip_id, place, content_path, sha256, sha512, size_bytes = row[:_COLUMNS]
    return ContentFacts(
        key, aip_id, _PLACES[place], content_path, sha256.hex(), sha512.hex(), size_bytes
    )
