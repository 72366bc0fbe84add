"""An archive on real folders, for tests that edit what lies on its disks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kit.archives import FILES, TestBed, make_bed, store
from preservation.audit_items import AuditScope
from preservation.audit_result import AuditResult
from preservation.fixity import audit
from preservation.repair import repair
from preservation.repair_result import RepairResult
from repository.aip.facts_reader import read_facts
from repository.aip.views import CopyView
from repository.archive import Repository
from repository.entries import copy_body
from repository.ocfl.claims import VersionRef, take_claim
from repository.ocfl.inventory import ContentFile, User, encode_inventory, next_inventory
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import read_object
from repository.ocfl.writer import ContentItem, write_version
from repository.replication import CopyOutcome
from schemas.digests import digests_of
from schemas.events import Agent
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Place
from schemas.progress import NoProgress
from storage_backends.filesystem import FilesystemBackend
from storage_backends.interface import StorageBackend
from storage_backends.sources import BytesSource
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


@dataclass(frozen=True, slots=True)
class _LaterVersion:
    ref: VersionRef
    inventory_json: bytes
    items: list[ContentItem] = field(default_factory=list)

    def content(self) -> Iterator[ContentItem]:
        yield from self.items


def add_version(archive: Repository, logical_path: str, content: bytes) -> AipId:
    """The archive's only AIP has one more version, with one more file, on every replica."""
    archive.prepare_to_write()
    (summary,) = archive.catalogue.aips()
    aip_id, prefix = summary.aip_id, object_prefix(Place.ARCHIVE, ocfl_id(summary.aip_id))
    previous = read_object(archive.replicas[0].backend, prefix).inventory
    ref = VersionRef(Place.ARCHIVE, aip_id, previous.head_number + 1)
    digests = digests_of(content)
    path = f"v{ref.number}/content/{logical_path}"
    state = {d: list(paths) for d, paths in previous.versions[previous.head].state.items()}
    state.setdefault(digests.sha512, []).append(logical_path)
    inventory = next_inventory(
        previous,
        state,
        [ContentFile(logical_path, path, digests.sha256, digests.sha512)],
        created="2026-11-22T10:00:00Z",
        message="a later event",
        user=User(name="tester"),
    )
    item = ContentItem(path, BytesSource(content), len(content), digests.sha256)
    version = _LaterVersion(ref, encode_inventory(inventory), [item])
    for replica in archive.replicas:
        take_claim(replica.backend, ref, archive.claim_for(version))
        write_version(replica.backend, version, progress=NoProgress())
    archive.catalogue.register(
        read_facts(CopyView(read_object(archive.replicas[0].backend, prefix)))
    )
    archive.record_entries(
        [
            ("copy", copy_body(ref, CopyOutcome(replica, verified_at=archive.now())))
            for replica in archive.replicas
        ]
    )
    return aip_id
