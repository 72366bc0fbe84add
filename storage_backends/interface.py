"""The backend contract: bytes at keys. A backend knows nothing of packages.

What must hold, on every backend and every wrapper (the suite in
``storage_backends.conformance`` is this text as behaviours):

* **Writes create.** ``put_new`` makes a key that did not exist, whole or not at all: after it
  returns the bytes are durable and equal to the ``sha256`` and ``size_bytes`` named; after it
  raises, or the process dies, a reader sees no such key. An existing key is never changed:
  :class:`ObjectExists`. Bytes that do not match what the caller named: :class:`DigestMismatch`.
* **Names become durable in** ``settle``: after it returns, every key under the prefix survives
  a power cut. It may be called for prefixes without keys.
* **One mutation.** ``put_head`` replaces a small object by compare-and-set. ``replaces`` is the
  token that ``read_head`` gave, or None for "must not exist"; anything else there is
  :class:`HeadConflict`, and the old content stays. It is durable on return.
* **Reading never lies by omission.** ``open`` and ``stat`` of a missing key raise
  :class:`ObjectNotFound`, and only for a missing key; a store that cannot be asked raises
  :class:`BackendUnavailable`, refused credentials :class:`AccessDenied`. A directory, link or
  device where a file should be is :class:`WrongEntryType`.
* **Listing is complete and unordered.** ``list(prefix)`` gives each object whose key starts
  with the prefix once; a missing prefix gives nothing. Prefixes end at a segment boundary
  (``ocfl/a18/``) or are empty.
* **Damage is kept.** ``replace_damaged`` needs a ``set_aside`` of the same key before it; the
  key is never empty in between: a reader sees the old or the new bytes. ``observed`` is the
  sha256 of the damaged bytes or None when they could not be read; when the key has changed
  since (its bytes hash to neither), :class:`HeadConflict`. An absent key may be replaced too.
* **Moving aside**: ``move_aside`` takes an uncommitted version out of an OCFL root: every
  object under the prefix is afterwards under ``kho/set-aside/…`` with its bytes, and no longer
  under the prefix (on stores with directories, empty ones go too). Interrupted, it can be
  repeated. It works on a full store. The caller answers for the version being uncommitted.
* **Unfinished uploads.** What a dead writer began to send is never visible; where a store keeps
  it all the same (the parts of S3 multipart uploads), ``abandon_uploads`` removes what was begun
  under the prefix and tells how many. 0 on stores that stage under ``kho/staging/``.
* **Removal** exists only in ``sweep`` and only under ``kho/staging/`` and ``kho/claims/``, and
  as the second half of ``move_aside``.
* Backends are safe to call from several threads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NewType, Protocol, runtime_checkable

from schemas.errors import KhoError

HeadToken = NewType("HeadToken", str)
"""Opaque state of a head object, for compare-and-set."""

HEAD_LIMIT_BYTES = 512 * 1024 * 1024
"""A head is read whole; a larger one is refused (an inventory of 200,000 files is 80 MB)."""


class StorageError(KhoError):
    """A store said no, or could not be asked. Always names ``backend`` and ``key``."""

    code = "STORAGE"
    exit_code = 4


class ObjectNotFound(StorageError):
    """There is no object at the key."""

    code = "STORAGE-NOT-FOUND"


class ObjectExists(StorageError):
    """The key is taken; nothing was written."""

    code = "STORAGE-EXISTS"


class DigestMismatch(StorageError):
    """The bytes are not those that were named; nothing was made visible."""

    code = "STORAGE-DIGEST-MISMATCH"


class HeadConflict(StorageError):
    """Somebody else changed the head; nothing was written."""

    code = "STORAGE-HEAD-CONFLICT"


class WrongEntryType(StorageError):
    """A directory, link or device stands where a file should be."""

    code = "STORAGE-WRONG-ENTRY"


class AccessDenied(StorageError):
    """The store refuses us: credentials or permissions, never damage."""

    code = "STORAGE-DENIED"


class NoSpace(StorageError):
    """The store is full; nothing was made visible."""

    code = "STORAGE-FULL"


class BackendUnavailable(StorageError):
    """The store cannot be asked now. The only error worth retrying."""

    code = "STORAGE-UNAVAILABLE"


class MediumFailed(StorageError):
    """The medium failed under these bytes (EIO); asking again proves nothing."""

    code = "STORAGE-MEDIUM"


class SourceFailed(StorageError):
    """The bytes to be written could not be read from their source; the store is not at fault."""

    code = "STORAGE-SOURCE"
    exit_code = 1


class NotSetAside(StorageError):
    """Damaged bytes may be replaced only after they were set aside; nothing was written."""

    code = "STORAGE-NOT-SET-ASIDE"
    exit_code = 1


class HeadTooLarge(StorageError):
    """An object of more than ``HEAD_LIMIT_BYTES`` is not read or written whole."""

    code = "STORAGE-HEAD-TOO-LARGE"


class RemovalRefused(StorageError):
    """Nothing is ever removed there; nothing was."""

    code = "STORAGE-REMOVAL-REFUSED"
    exit_code = 1


class InvalidKey(StorageError):
    """A key that some store could not hold; refused on all of them."""

    code = "STORAGE-INVALID-KEY"
    exit_code = 1


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a store can do beyond the contract's minimum."""

    conditional_head: bool = True
    """``put_head`` is atomic against other writers in the store itself."""
    server_digest: bool = False
    """The store checks a sha256 of what it receives."""
    object_lock: bool = False
    local_files: bool = False
    """``open`` yields an unbuffered file with a real descriptor."""
    read_threads: int = 8
    """How many parallel readers and writers serve it well."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One listed object. ``kind`` is ``file``, or ``directory|link|special`` for strays."""

    key: str
    size_bytes: int
    kind: str = "file"


@runtime_checkable
class Source(Protocol):
    """Re-openable content, so that a retry is possible."""

    @property
    def local_path(self) -> Path | None:
        """A plain local file with exactly these bytes, or None."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """A fresh stream from the first byte."""


@dataclass(frozen=True, slots=True)
class NewObject:
    """One object to create: what ``put_new`` is told of it."""

    key: str
    source: Source
    size_bytes: int
    sha256: str


class PutEach(Protocol):
    """How a store creates many small objects at once, where it can: its ``put_each``.

    Each is created as ``put_new`` does it. The first error is raised; then any of them may have
    been created.
    """

    def __call__(self, objects: Sequence[NewObject], /) -> None: ...


class StorageBackend(Protocol):
    """A named place for bytes at keys; the module's docstring is the contract."""

    @property
    def name(self) -> str:
        """The replica's name, for messages."""

    @property
    def url(self) -> str:
        """Where the store is, without secrets."""

    @property
    def failure_domain(self) -> str:
        """Equal for stores that one accident can take together (device, endpoint, host)."""

    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""

    def put_new(self, key: str, source: Source, *, size_bytes: int, sha256: str) -> None: ...

    def settle(self, prefix: str) -> None: ...

    def read_head(self, key: str) -> tuple[bytes, HeadToken]: ...

    def put_head(self, key: str, content: bytes, *, replaces: HeadToken | None) -> None: ...

    def open(self, key: str, *, offset: int = 0) -> AbstractContextManager[BinaryIO]: ...

    def stat(self, key: str) -> ObjectInfo: ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]: ...

    def set_aside(self, key: str, *, reason: str) -> str:
        """Copies the bytes at ``key`` to ``kho/set-aside/…`` (returned); the key stays."""

    def replace_damaged(
        self, key: str, source: Source, *, size_bytes: int, sha256: str, observed: str | None
    ) -> None: ...

    def move_aside(self, prefix: str, *, reason: str) -> str:
        """Moves what is under ``prefix`` to ``kho/set-aside/…/`` (returned)."""

    def abandon_uploads(self, prefix: str) -> int:
        """No upload that was begun under ``prefix`` is unfinished; how many there were."""

    def sweep(self, prefix: str) -> None: ...

    def close(self) -> None:
        """Releases connections; the backend is not used afterwards."""
