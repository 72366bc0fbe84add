"""The parts of a signed ZIP container (ASiC, ODF, OOXML), read within caps and never unpacked."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath
from types import TracebackType
from typing import BinaryIO, Self

ENTRIES_CAP = 20_000
PART_CAP_BYTES = 256 * 1024 * 1024
TOTAL_CAP_BYTES = 1024 * 1024 * 1024
_ENCRYPTED = 0x1


class UnsafeContainer(ValueError):
    """The container breaks a rule that every reader must be able to rely on."""


class Parts:
    """Names and contents of a container; names are unique, sizes are counted while reading."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise UnsafeContainer(f"not a readable ZIP: {error}") from error
        self._read_bytes = 0
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        if len(entries) > ENTRIES_CAP:
            raise UnsafeContainer(f"{len(entries)} entries")
        self._entries = {entry.filename: entry for entry in entries}
        folded = {name.casefold() for name in self._entries}
        if len(folded) != len(entries):
            raise UnsafeContainer("two entries of the same name")
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise UnsafeContainer("encrypted entries")
        for name in self._entries:
            path = PurePosixPath(name)
            if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
                raise UnsafeContainer(f"an entry named {name!r}")

    @property
    def names(self) -> tuple[str, ...]:
        """All entries that are files, in the order of the directory."""
        return tuple(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        """The whole entry; UnsafeContainer beyond the caps or when it is damaged."""
        entry = self._entries[name]
        if entry.file_size > PART_CAP_BYTES:
            raise UnsafeContainer(f"{name} is larger than {PART_CAP_BYTES} bytes")
        try:
            with self._zip.open(entry) as stream:
                content = stream.read(PART_CAP_BYTES + 1)
        except (zipfile.BadZipFile, OSError, ValueError, EOFError, NotImplementedError) as error:
            raise UnsafeContainer(f"{name}: {error}") from error
        self._read_bytes += len(content)
        if len(content) > PART_CAP_BYTES or self._read_bytes > TOTAL_CAP_BYTES:
            raise UnsafeContainer("the container inflates beyond the caps")
        return content

    def close(self) -> None:
        """Let go of the directory; the file itself stays open."""
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
