"""Archives as submissions arrive in them: what a reader yields, and the caps it obeys.

The readers (:mod:`schemas.archives_zip`, :mod:`schemas.archives_tar`) parse the format
themselves, so that nothing is trusted that was not compared: they list and stream members and
never write. A hazard becomes a finding; a member with a hazard is not yielded; a hazard that
makes the rest unreadable or endless ends the stream by :class:`ArchiveStopped`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from enum import StrEnum
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self

from schemas.errors import PackageError
from schemas.findings import Finding, Severity

if TYPE_CHECKING:
    from schemas.archives_paths import TakenPaths

Report = Callable[[Finding], None]
"""Takes one finding; the collector decides how many of a kind it keeps."""

ArchiveKind = Literal["zip", "tar", "tar.gz"]

CHUNK_BYTES = 256 * 1024
VIETNAM = timezone(timedelta(hours=7))


class MemberKind(StrEnum):
    """What a yielded member is; links and devices are reported and never yielded."""

    FILE = "file"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How much one submission may cost (design §8). All are inclusive.

    A ratio is judged once more than ``ratio_from_bytes`` came out: small files of one repeated
    byte are common and harmless. ``nested_levels`` counts archives inside the submitted one;
    ``nested_budget_bytes`` is how much of them may be unpacked only to look.
    """

    total_bytes: int = 1 << 40
    entries: int = 1_000_000
    ratio: int = 250
    ratio_from_bytes: int = 64 << 20
    folder_depth: int = 128
    path_bytes: int = 900
    segment_bytes: int = 255
    header_bytes: int = 1 << 20
    """Longest extended header of one tar member."""
    nested_levels: int = 3
    nested_budget_bytes: int = 256 << 20
    zone: tzinfo = VIETNAM
    """The zone assumed for the times in a zip that carry none."""


class ArchiveStopped(PackageError):
    """The archive cannot, or must not, be read further; the reason was reported before."""

    code = "ARCHIVE-STOPPED"


class ArchiveMember(Protocol):
    """One file or folder of an archive, readable while it is the newest one yielded.

    ``raw_path`` is relative, ``/`` separated, without ``.``, ``..`` and empty segments.
    ``mode`` holds permission bits only; ``modified`` is RFC 3339 with ``Z``, or ``""``.
    """

    @property
    def raw_path(self) -> bytes: ...
    @property
    def kind(self) -> MemberKind: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def mode(self) -> int | None: ...
    @property
    def modified(self) -> str: ...
    @property
    def declared_utf8(self) -> bool:
        """Whether the archive says that the path is UTF-8."""

    def chunks(self) -> Iterator[bytes]:
        """The member's bytes, once. Ends by :class:`MemberDamaged` when they are not whole."""


class Archive(Protocol):
    """An open archive, a context manager; its members may be gone through once."""

    size_bytes: int
    taken: TakenPaths
    """Every path that was yielded, and the folders they imply."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...
    def prepare(self) -> None:
        """What can be known before the members was read and judged."""

    def names(self) -> Iterator[bytes]:
        """The raw paths that are known beforehand; none where only reading would tell."""

    def declared_bytes(self) -> int:
        """The sum of the sizes known beforehand."""

    def members(self) -> Iterator[ArchiveMember]:
        """Every harmless member, once; what is wrong with the others is reported."""

    def sha256(self) -> str:
        """The digest of the container itself."""

    def changed(self) -> bool:
        """Whether the container is no longer what it was when it was opened."""


class MemberDamaged(PackageError):
    """A member's bytes contradict what the archive says of them; already reported."""

    code = "ARCHIVE-MEMBER-DAMAGED"


def rejected(code: str, where: str = "", **fields: str | int) -> Finding:
    """A finding that refuses the submission: the container is unsafe or unreadable."""
    return Finding(code, Severity.REJECT, where, fields)


_MAGICS: tuple[tuple[bytes, int, ArchiveKind], ...] = (
    (b"PK\x03\x04", 0, "zip"),
    (b"PK\x05\x06", 0, "zip"),
    (b"PK\x06\x06", 0, "zip"),
    (b"\x1f\x8b", 0, "tar.gz"),
    (b"ustar", 257, "tar"),
)
_BY_NAME: tuple[tuple[str, ArchiveKind], ...] = (
    (".zip", "zip"),
    (".tar", "tar"),
    (".tar.gz", "tar.gz"),
    (".tgz", "tar.gz"),
)


def archive_kind(head: bytes, name: str) -> ArchiveKind | None:
    """Which reader a file is for, by its first 512 bytes, else by its name; None for none.

    The name decides only where the content says nothing: a zip behind a foreign prefix, an
    old tar without a mark, a damaged archive.
    """
    for magic, offset, kind in _MAGICS:
        if head.startswith(magic, offset):
            return kind
    lowered = name.lower()
    return next((kind for suffix, kind in _BY_NAME if lowered.endswith(suffix)), None)


class ByteBudget:
    """Counts what comes out of an archive and stops it at the caps."""

    def __init__(self, caps: Caps, report: Report) -> None:
        self._caps = caps
        self._report = report
        self.unpacked_bytes = 0
        self.entries = 0

    def entry(self, where: str) -> None:
        """One more entry; stops when there are too many."""
        self.entries += 1
        if self.entries > self._caps.entries:
            self._report(rejected("ARCHIVE-TOO-MANY", where, cap=self._caps.entries))
            raise ArchiveStopped(where=where)

    def foresee(self, declared_bytes: int, packed_bytes: int) -> None:
        """Stops before anything is unpacked when what is declared breaks a cap already."""
        if declared_bytes > self._caps.total_bytes:
            self._report(rejected("ARCHIVE-TOO-LARGE", "", cap=self._caps.total_bytes))
            raise ArchiveStopped
        self.check_ratio(declared_bytes, packed_bytes, "")

    def take(self, size_bytes: int, packed_bytes: int | None, where: str) -> None:
        """So many more bytes came out of ``packed_bytes`` in all; None: nothing is packed."""
        self.unpacked_bytes += size_bytes
        if self.unpacked_bytes > self._caps.total_bytes:
            self._report(rejected("ARCHIVE-TOO-LARGE", where, cap=self._caps.total_bytes))
            raise ArchiveStopped(where=where)
        if packed_bytes is not None:
            self.check_ratio(self.unpacked_bytes, packed_bytes, where)

    def check_ratio(self, unpacked_bytes: int, packed_bytes: int, where: str) -> None:
        """Stops when so much came out of so little."""
        if unpacked_bytes <= self._caps.ratio_from_bytes:
            return
        if unpacked_bytes > self._caps.ratio * max(packed_bytes, 1):
            self._report(rejected("ARCHIVE-RATIO", where, cap=self._caps.ratio))
            raise ArchiveStopped(where=where)


def permissions(mode: int) -> tuple[int, bool]:
    """The permission bits of a mode, and whether set-id or sticky bits were dropped."""
    return mode & 0o777, bool(mode & 0o7000)
