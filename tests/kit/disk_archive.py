"""An archive on real folders, for tests that edit what lies on its disks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.archives import FILES, TestBed, make_bed, store, store_next
from preservation.audit_items import AuditScope
from preservation.audit_result import AuditResult
from preservation.fixity import audit
from preservation.repair import repair
from preservation.repair_result import RepairResult
from repository.archive import Repository
from schemas.events import Agent
from schemas.ids import AipId
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import StorageBackend
from storage_backends.system import SystemCalls

OPERATOR = Agent("tester", "person")
EVERYTHING = AuditScope(everything=True)


@dataclass(frozen=True, slots=True)
class DiskArchive:
    """An archive whose replicas are folders below ``folder``, one for each name."""

    bed: TestBed
    folder: Path
    names: tuple[str, ...]

    def open(self, backends: Mapping[str, StorageBackend] | None = None) -> Repository:
        """The archive as a new process opens it."""
        return self.bed.open(backends)

    def root(self, name: str) -> Path:
        """The replica's folder."""
        return self.folder / name

    def file(self, name: str, ending: str) -> Path:
        """The one file of the replica's OCFL root whose path ends so."""
        found = [p for p in (self.root(name) / "ocfl").rglob("*") if str(p).endswith(ending)]
        assert len(found) == 1, (ending, found)
        return found[0]

    def object(self, name: str) -> Path:
        """The folder of the only object in the replica's OCFL root."""
        (declaration,) = (self.root(name) / "ocfl").rglob("0=ocfl_object_1.1")
        return declaration.parent

    def copies(self, ending: str) -> dict[str, bytes]:
        """The bytes of one file by replica."""
        return {name: self.file(name, ending).read_bytes() for name in self.names}

    def tree(self, name: str) -> dict[str, bytes]:
        """Every file in the replica's two OCFL roots, by its key."""
        root = self.root(name)
        return {
            str(path.relative_to(root)): path.read_bytes()
            for place in ("ocfl", "holding")
            for path in (root / place).rglob("*")
            if path.is_file()
        }

    def aside(self, name: str) -> list[bytes]:
        """What the replica keeps of damaged bytes, without the notes."""
        kept = (self.root(name) / "kho" / "set-aside").rglob("*")
        return [path.read_bytes() for path in kept if path.is_file() and path.suffix != ".json"]


def make_disk_archive(
    folder: Path,
    names: tuple[str, ...] = ("alpha", "beta"),
    systems: Mapping[str, SystemCalls] | None = None,
    **changes: object,
) -> DiskArchive:
    """An empty archive on folders; ``systems`` are what single replicas make their calls by."""
    made = systems or {}
    stores = {
        name: FilesystemBackend.create(name, folder / name, system=made.get(name))
        for name in names
    }
    changes.setdefault("accept_shared_failure_domain", True)
    return DiskArchive(make_bed(folder / "archive", stores, **changes), folder, names)


def filled_disk_archive(folder: Path, names: tuple[str, ...] = ("alpha", "beta")) -> DiskArchive:
    """The same with one dossier, ``kit.archives.FILES``."""
    made = make_disk_archive(folder, names)
    with made.open() as archive:
        store(archive, FILES)
    return made


def audited(archive: Repository, scope: AuditScope = EVERYTHING, seed: int = 7) -> AuditResult:
    """An audit of everything that its canaries vouch for."""
    result = audit(archive, scope, seed=seed)
    assert result.is_trustworthy, result.canaries.missed
    return result


def repaired(archive: Repository, *, forged_too: bool = False) -> RepairResult:
    """A repair by a person who has looked at the mass of damage."""
    return repair(archive, agent=OPERATOR, beyond_breaker=True, forged_too=forged_too)


def flip(path: Path) -> bytes:
    """One bit in the middle of the file is another; what it was is returned."""
    before = path.read_bytes()
    middle = len(before) // 2
    rewrite(path, before[:middle] + bytes([before[middle] ^ 1]) + before[middle + 1 :])
    return before


def rewrite(path: Path, content: bytes) -> None:
    """The file has other bytes, as whoever owns the disk can see to."""
    path.chmod(0o600)
    path.write_bytes(content)


def add_version(archive: Repository, logical_path: str, content: bytes) -> AipId:
    """The archive's only AIP has one more version, with one more file, on every replica."""
    (summary,) = archive.catalogue.aips()
    store_next(archive, summary.aip_id, {logical_path: content})
    return summary.aip_id
