"""A file in ``kho/staging/`` that becomes visible whole or not at all.

The file is locked as long as its writer lives, so that a sweep by another process leaves it
alone; a lock that outlived its process is impossible, the kernel drops it.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from uuid import uuid4

from storage_backends.interface import DigestMismatch, Source, SourceFailed, StorageError
from storage_backends.system import SystemCalls

_CHUNK_BYTES = 1024 * 1024
_NO_HARD_LINKS = frozenset(
    [errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK]
)
_STAGED_MODE = 0o644
"""The folder is closed to others (0700); once published, other tools may read the file."""


class StagedFile:
    """Bytes on their way: written, hashed and made durable here, then published once."""

    def __init__(self, system: SystemCalls, path: str, descriptor: int) -> None:
        self._system = system
        self._path = path
        self._descriptor = descriptor
        self._gone = False
        self._sha256 = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """The digest of everything written so far."""
        return self._sha256.hexdigest()

    def write(self, content: bytes | memoryview) -> None:
        """``content`` follows what was written before; OSError when the store fails."""
        self._sha256.update(content)
        self.size_bytes += len(content)
        rest = memoryview(content)
        while rest:
            rest = rest[self._system.write(self._descriptor, rest) :]

    def fill(
        self, source: Source, *, backend: str, key: str, size_bytes: int, sha256: str
    ) -> None:
        """As :meth:`take`, durably."""
        self.take(source, backend=backend, key=key, size_bytes=size_bytes, sha256=sha256)
        self.make_durable()

    def take(
        self, source: Source, *, backend: str, key: str, size_bytes: int, sha256: str
    ) -> None:
        """Holds exactly the named bytes; :class:`DigestMismatch` for any others.

        A source that goes on for ever costs one chunk more than ``size_bytes``.
        """
        chunks = _chunks(source, backend=backend, key=key, size_bytes=size_bytes)
        with closing(chunks):
            for chunk in chunks:
                self.write(chunk)
        if self.size_bytes != size_bytes or self.sha256 != sha256:
            raise DigestMismatch(
                backend=backend,
                key=key,
                expected=sha256,
                found=self.sha256,
                expected_bytes=size_bytes,
                found_bytes=self.size_bytes,
            )

    def start_writing(self) -> None:
        """The bytes are on their way to the medium; nothing waits for them yet."""
        # Linux starts to write what it is told that nobody will read soon.
        self._system.drop_cache(self._descriptor)

    def make_durable(self) -> None:
        """The bytes survive a power cut; their name does not yet."""
        self._system.fsync(self._descriptor)

    def publish_new(self, target: str) -> None:
        """The bytes stand at ``target``, which did not exist; FileExistsError when it did."""
        try:
            self._system.link(self._path, target)
        except FileExistsError:
            # NFS may lose the answer to a link that was made; our own link count tells.
            if self._system.fstat(self._descriptor).st_nlink != 2:
                raise
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            self._system.rename_new(self._path, target)
            self._gone = True

    def publish_over(self, target: str) -> None:
        """The bytes stand at ``target``; readers saw the old bytes until this instant."""
        self._system.rename(self._path, target)
        self._gone = True

    def discard(self) -> None:
        """Nothing of this file is left in staging."""
        if not self._gone:
            with suppress(FileNotFoundError):
                self._system.unlink(self._path)


@contextmanager
def staged_file(system: SystemCalls, folder: str) -> Iterator[StagedFile]:
    """A fresh file in the staging ``folder``; afterwards staging holds nothing of it."""
    path = f"{folder}/put-{uuid4().hex}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
    with locked_descriptor(system, path, flags, _STAGED_MODE) as descriptor:
        staged = StagedFile(system, path, descriptor)
        try:
            yield staged
        finally:
            staged.discard()


@contextmanager
def locked_descriptor(system: SystemCalls, path: str, flags: int, mode: int) -> Iterator[int]:
    """The file at ``path``, opened and locked by us alone; it is closed whatever happens.

    Between opening and locking a sweep or the lock's last holder may have removed the name:
    then we would hold a file that nobody else can see, and begin again.
    """
    while True:
        descriptor = system.open(path, flags, mode)
        try:
            system.lock(descriptor, wait=True)
            if system.fstat(descriptor).st_nlink:
                yield descriptor
                return
        finally:
            system.close(descriptor)


def _chunks(
    source: Source, *, backend: str, key: str, size_bytes: int
) -> Generator[bytes, None, None]:
    """The source's bytes up to one more than ``size_bytes``; its errors as SourceFailed."""
    missing = size_bytes + 1
    try:
        with source.open() as stream:
            while missing and (chunk := stream.read(min(missing, _CHUNK_BYTES))):
                missing -= len(chunk)
                yield chunk
    except (OSError, StorageError) as error:
        raise SourceFailed(backend=backend, key=key, reason=str(error)) from error
