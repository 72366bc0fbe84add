"""Identifiers: minted once, opaque, printable (design §4 *Identity*)."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from typing import NewType

RepositoryId = NewType("RepositoryId", str)
ReplicaId = NewType("ReplicaId", str)
AipId = NewType("AipId", str)
"""The lower-case UUID of an AIP, without ``urn:uuid:``."""
SubmissionDigest = NewType("SubmissionDigest", str)
"""sha256 over the sorted (raw path, size, sha256) of a submission's content."""


def new_uuid() -> str:
    """A fresh random UUID, lower case."""
    return str(uuid.uuid4())


def submission_digest(entries: Iterable[tuple[bytes, int, str]]) -> SubmissionDigest:
    """The digest that names a submission: same content, same digest, whatever the container.

    ``entries`` are (raw path, size in bytes, sha256 hex) of every file, in any order.
    """
    total = hashlib.sha256()
    for raw_path, size_bytes, sha256 in sorted(entries):
        total.update(len(raw_path).to_bytes(4, "big") + raw_path)
        total.update(size_bytes.to_bytes(8, "big") + bytes.fromhex(sha256))
    return SubmissionDigest(total.hexdigest())


def aip_id_for(repository: RepositoryId, submission: SubmissionDigest) -> AipId:
    """UUIDv5(repository, submission digest): the same submission is the same AIP."""
    return AipId(str(uuid.uuid5(uuid.UUID(repository), submission)))


def ocfl_id(aip: AipId) -> str:
    """The OCFL object id of an AIP: ``urn:uuid:`` and the lower-case UUID, always."""
    return f"urn:uuid:{aip}"


def aip_of_ocfl_id(identifier: str) -> AipId | None:
    """The AIP that an OCFL id of ours names, or None for a foreign object."""
    prefix = "urn:uuid:"
    if not identifier.startswith(prefix):
        return None
    try:
        return AipId(str(uuid.UUID(identifier.removeprefix(prefix))))
    except ValueError:
        return None
