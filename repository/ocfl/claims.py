"""Claims: who is writing which version, on each replica (design §4 *Write order*).

A claim is created before the first byte of a version and swept after the version is committed
or moved aside. Creating it is the mutual exclusion between writers; only recovery takes one
over, and only from a writer that no longer lives.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from repository.ocfl.layout import object_prefix
from schemas.digests import digests_of
from schemas.errors import RepositoryError
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Place
from schemas.records import Record, decode, encode
from storage_backends.interface import ObjectExists, StorageBackend
from storage_backends.sources import BytesSource

CLAIMS = "kho/claims/"
_KEY = re.compile(r"kho/claims/(ocfl|holding)-([0-9a-f-]{36})/v([1-9][0-9]*)/claim\Z")


class VersionTaken(RepositoryError):
    """Another writer is writing, or has written, this version; nothing was written."""

    code = "REPO-VERSION-TAKEN"
    exit_code = 11


class Claim(Record, frozen=True, kw_only=True):
    """The written form of a claim."""

    format: str = "kho.claim/1"
    writer: str
    inventory_sha256: str
    """Names the build: the digest of the version's inventory."""
    moment: str


@dataclass(frozen=True, slots=True)
class VersionRef:
    """One version of one object in one of a replica's roots."""

    place: Place
    aip_id: AipId
    number: int

    @property
    def claim_key(self) -> str:
        """Where its claim stands."""
        return f"{self.claim_prefix}claim"

    @property
    def claim_prefix(self) -> str:
        """The claim's own folder: dropping it must not drop a claim on a later version."""
        return f"{CLAIMS}{self.place.value}-{self.aip_id}/v{self.number}/"

    @property
    def object_prefix(self) -> str:
        """The object's key prefix, with a final slash."""
        return object_prefix(self.place, ocfl_id(self.aip_id))

    @property
    def version_prefix(self) -> str:
        """The version folder's key prefix, with a final slash."""
        return f"{self.object_prefix}v{self.number}/"


def take_claim(backend: StorageBackend, ref: VersionRef, claim: Claim) -> None:
    """The claim is ours; :class:`VersionTaken` when it is somebody else's."""
    content = encode(claim)
    digest = hashlib.sha256(content).hexdigest()
    try:
        backend.put_new(
            ref.claim_key, BytesSource(content), size_bytes=len(content), sha256=digest
        )
    except ObjectExists as error:
        raise VersionTaken(aip_id=ref.aip_id, version=ref.number, replica=backend.name) from error


def read_claim(backend: StorageBackend, ref: VersionRef) -> Claim | None:
    """The claim on a version as written; None for one that cannot be understood."""
    with backend.open(ref.claim_key) as stream:
        content = stream.read(64 * 1024)
    try:
        return decode(content, Claim)
    except msgspec.MsgspecError:
        return None


def drop_claim(backend: StorageBackend, ref: VersionRef) -> None:
    """No claim stands on the version any more."""
    backend.sweep(ref.claim_prefix)


def open_claims(backend: StorageBackend) -> Iterator[VersionRef]:
    """Every version that somebody claims on this replica."""
    for info in backend.list(CLAIMS):
        match = _KEY.match(info.key)
        if match is not None:
            yield VersionRef(Place(match[1]), AipId(match[2]), int(match[3]))


def put_small(backend: StorageBackend, key: str, content: bytes) -> None:
    """A small object exists at ``key`` with this content; ObjectExists when it did before."""
    backend.put_new(
        key, BytesSource(content), size_bytes=len(content), sha256=digests_of(content).sha256
    )
