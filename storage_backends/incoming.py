"""What comes in from a source for a store that cannot stage: checked before its last piece.

Nothing of a source that fits into one piece is sent before all of it was found right; of a
larger one the last piece is held back, so that what was sent can still be abandoned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from typing import BinaryIO

from storage_backends.interface import DigestMismatch, Source, SourceFailed, StorageError


def incoming(
    source: Source, *, backend: str, key: str, size_bytes: int, sha256: str, piece_bytes: int
) -> Generator[bytes, None, None]:
    """The source's bytes in full pieces and a rest; at least one piece, which may be empty.

    :class:`DigestMismatch` before the last piece when they are not the named bytes,
    :class:`SourceFailed` when they cannot be read. An endless source costs one piece more.
    """
    found = hashlib.sha256()
    found_bytes = 0
    held: bytes | None = None
    try:
        with source.open() as stream:
            while piece := _piece(stream, min(piece_bytes, size_bytes + 1 - found_bytes)):
                found_bytes += len(piece)
                found.update(piece)
                if held is not None:
                    yield held
                held = piece
    except (OSError, StorageError) as error:
        raise SourceFailed(backend=backend, key=key, reason=str(error)) from error
    if found_bytes != size_bytes or found.hexdigest() != sha256:
        raise DigestMismatch(
            backend=backend,
            key=key,
            expected=sha256,
            found=found.hexdigest(),
            expected_bytes=size_bytes,
            found_bytes=found_bytes,
        )
    yield held or b""


def _piece(stream: BinaryIO, size_bytes: int) -> bytes:
    """``size_bytes`` from the stream, fewer only at its end."""
    first = stream.read(size_bytes)
    if len(first) == size_bytes or not first:
        return first
    pieces = [first]
    missing = size_bytes - len(first)
    while missing and (more := stream.read(missing)):
        pieces.append(more)
        missing -= len(more)
    return b"".join(pieces)
