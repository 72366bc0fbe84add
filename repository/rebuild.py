"""Rebuilding the catalogue from the replicas: it is a cache (promise 3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from repository.aip.facts_reader import read_facts
from repository.aip.views import CopyView
from repository.archive import CATALOGUE_FILE
from repository.catalogue import Catalogue, CatalogueUnsupported, sqlite_url
from repository.facts import AipFacts
from repository.journal_files import JOURNAL, LedgerBroken, last_line, read_lines
from repository.ledger_sealed import sealed_lines
from repository.locks import held
from repository.ocfl.reader import list_objects, read_object
from repository.replica import Replica, attach_replica
from repository.settings import RepositorySettings
from schemas.errors import KhoError
from schemas.ids import RepositoryId
from schemas.nouns import Place
from schemas.progress import Progress
from schemas.records import LedgerLine
from storage_backends.interface import StorageBackend
from storage_backends.registry import open_backend

_LINES_PER_TRANSACTION = 500
_AIPS_PER_TRANSACTION = 100


@dataclass(slots=True)
class RebuildReport:
    """What a rebuild found. ``unreadable`` are (replica, object prefix, reason): damaged there
    and on no other replica whole, or not ours; a person should look."""

    aips: int = 0
    files: int = 0
    ledger_lines: int = 0
    unreadable: list[tuple[str, str, str]] = field(default_factory=list)


def rebuild_catalogue(
    catalogue: Catalogue, replicas: Sequence[Replica], *, progress: Progress
) -> RebuildReport:
    """The empty ``catalogue`` holds what the replicas hold: each AIP at its newest version,
    and the longest journal. A damaged copy is passed over when another replica has a whole
    one."""
    report = RebuildReport()
    failures: dict[str, tuple[str, str, str]] = {}
    whole: set[str] = set()
    pending: list[AipFacts] = []
    best: dict[tuple[Place, str], int] = {}
    progress.phase("PROGRESS-REBUILD")
    for replica in replicas:
        for prefix, facts, reason in _facts_on(replica):
            if facts is None:
                failures.setdefault(prefix, (replica.name, prefix, reason))
                continue
            whole.add(prefix)
            key = (facts.place, facts.aip_id)
            if best.get(key, 0) < facts.version:
                report.aips += key not in best
                best[key] = facts.version
                pending.append(facts)
                if len(pending) == _AIPS_PER_TRANSACTION:
                    catalogue.register_all(pending)
                    pending = []
                report.files += sum(1 for _ in facts.files)
            progress.advance(files=1)
    catalogue.register_all(pending)
    report.unreadable = [row for prefix, row in failures.items() if prefix not in whole]
    for lines in _batches(_journal(replicas, report.unreadable)):
        catalogue.apply_all(lines)
        report.ledger_lines += len(lines)
    return report


def _facts_on(replica: Replica) -> Iterator[tuple[str, AipFacts | None, str]]:
    for place in Place:
        for prefix in list_objects(replica.backend, place):
            try:
                view = CopyView(read_object(replica.backend, prefix))
                yield prefix, read_facts(view), ""
            except KhoError as error:
                yield prefix, None, str(error)


def _journal(
    replicas: Sequence[Replica], broken: list[tuple[str, str, str]]
) -> Iterator[LedgerLine]:
    """The lines of the newest journal; where its chain breaks, the next newest goes on with
    what follows the last good line, and ``broken`` names the first. Where no journal has a
    line, what the ledger AIPs of a replica tell."""
    seq, prev = 0, ""
    for replica in sorted(replicas, key=_newest_line, reverse=True):
        try:
            for line in read_lines(replica.backend, after_seq=seq, prev=prev):
                yield line
                seq, prev = line.seq, line.hash
            if seq:
                return
        except LedgerBroken as error:
            broken.append((replica.name, JOURNAL, str(error)))
    if seq:
        return
    for replica in replicas:
        lines = list(sealed_lines(replica))
        if lines:
            yield from lines
            return


def _newest_line(replica: Replica) -> int:
    try:
        last = last_line(replica.backend)
    except LedgerBroken:
        return 0
    return last.seq if last is not None else 0


def _batches(lines: Iterator[LedgerLine]) -> Iterator[list[LedgerLine]]:
    batch: list[LedgerLine] = []
    for line in lines:
        batch.append(line)
        if len(batch) == _LINES_PER_TRANSACTION:
            yield batch
            batch = []
    if batch:
        yield batch


def rebuild_archive_catalogue(
    settings: RepositorySettings,
    *,
    backends: Mapping[str, StorageBackend] | None = None,
    only: Sequence[str] = (),
    progress: Progress,
) -> RebuildReport:
    """The archive's embedded catalogue is new, made from its replicas (or those in ``only``).

    The new one is built beside the old and takes its place in one rename, so that a rebuild
    that fails leaves what was there. Needs the repository lock.
    """
    root = Path(settings.root)
    target = root / CATALOGUE_FILE
    if settings.catalogue and settings.catalogue != sqlite_url(target):
        raise CatalogueUnsupported(
            where=settings.catalogue, reason="only the embedded catalogue is rebuilt in place"
        )
    opened: list[StorageBackend] = []
    with held(root / "locks" / "repository.lock"):
        try:
            replicas = _attach(settings, backends or {}, only, opened)
            fresh = root / f"{CATALOGUE_FILE}.rebuilding"
            _forget(fresh)
            catalogue = Catalogue.open(sqlite_url(fresh), create=True)
            try:
                report = rebuild_catalogue(catalogue, replicas, progress=progress)
            finally:
                catalogue.close()
            _forget(target)
            fresh.rename(target)
        finally:
            for backend in opened:
                backend.close()
    return report


def _attach(
    settings: RepositorySettings,
    backends: Mapping[str, StorageBackend],
    only: Sequence[str],
    opened: list[StorageBackend],
) -> list[Replica]:
    replicas = []
    for replica in settings.replicas:
        if only and replica.name not in only:
            continue
        backend = backends.get(replica.name)
        if backend is None:
            backend = open_backend(replica.name, replica.url, replica.options)
            opened.append(backend)
        replicas.append(attach_replica(replica, backend, repository=RepositoryId(settings.id)))
    return replicas


def _forget(database: Path) -> None:
    """No file of the SQLite database at ``database`` is left: it is a cache."""
    for suffix in ("-wal", "-shm", ""):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
