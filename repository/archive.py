"""The archive: one object through which everything above stores, finds and records.

``Repository.open`` is given everything it touches — settings, stores, clock — so that two
archives live in one process. Opening reads nothing but the catalogue; replicas are attached
when first needed; only :meth:`Repository.prepare_to_write` recovers and may write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType

import msgspec

from repository.aip.build import SealedBuild, is_whole
from repository.aip.builder import build_aip
from repository.aip.plan import AipPlan
from repository.catalogue import Catalogue, sqlite_url
from repository.discretion import completed
from repository.entries import copy_body, event_body, recovery_events
from repository.journal import Journal
from repository.locks import WriterLock, held
from repository.ocfl.claims import Claim, VersionRef, VersionTaken
from repository.ocfl.writer import VersionContent
from repository.recovery import Recovery, RecoveryAction, take_back
from repository.replica import (
    Replica,
    attach_replica,
    failure_domains,
    require_distinct,
)
from repository.replication import (
    CopyOutcome,
    claim_everywhere,
    replicate,
    storage_state,
    verify_copies,
)
from repository.rulings import receipt_entries
from repository.settings import RepositorySettings
from repository.staging import Staging
from repository.versions import copy_of_build, facts_of_build, version_event
from schemas.errors import KhoError, RepositoryError
from schemas.events import Event
from schemas.ids import AipId, RepositoryId
from schemas.moments import Clock, format_moment, utc_now
from schemas.nouns import Access
from schemas.progress import NoProgress, Progress
from schemas.records import CopyRecord, Receipt
from storage_backends.interface import AccessDenied, BackendUnavailable, StorageBackend
from storage_backends.registry import open_backend

CATALOGUE_FILE = "catalogue.sqlite"


class NothingStored(RepositoryError):
    """No replica took the AIP; the submission is as it was before."""

    code = "REPO-NOTHING-STORED"
    exit_code = 4


class NoReplicaAllowed(RepositoryError):
    """The dossier's access level may be stored on too few replicas (secrecy gates)."""

    code = "REPO-NO-REPLICA-ALLOWED"
    exit_code = 4


class Repository:
    """One archive, open."""

    def __init__(
        self,
        settings: RepositorySettings,
        catalogue: Catalogue,
        backends: Mapping[str, StorageBackend],
        now: Clock,
    ) -> None:
        self.settings = settings
        self.id = RepositoryId(settings.id)
        self.root = Path(settings.root)
        self.catalogue = catalogue
        self.now = now
        self.staging = Staging(self.root / "staging")
        self._backends = dict(backends)
        self._journal = Journal(catalogue, self.root / "locks" / "journal.lock", now)
        self._writer: WriterLock | None = None
        self._postponed: Mapping[VersionRef, SealedBuild] = {}
        self.unreachable: dict[str, KhoError] = {}
        self.behind: dict[str, KhoError] = {}
        """Replicas that answer, but whose journal could not be brought level, and why."""

    @classmethod
    def open(
        cls,
        settings: RepositorySettings,
        *,
        backends: Mapping[str, StorageBackend] | None = None,
        now: Clock = utc_now,
    ) -> Repository:
        """The archive that ``settings`` describe, with its catalogue.

        ``backends`` by replica name replace the stores that the settings' URLs name.
        """
        catalogue = Catalogue.open(catalogue_url(settings))
        return cls(settings, catalogue, backends or {}, now)

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Connections are closed and this process's claims may be taken over."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None
        for backend in self._backends.values():
            backend.close()
        self.catalogue.close()

    @cached_property
    def replicas(self) -> tuple[Replica, ...]:
        """Every replica that answers, each recognised by its marker.

        One that cannot be asked is named in ``unreachable``; one that is not what the
        settings say stops everything (:class:`repository.replica.ReplicaError`).
        """
        reached = []
        for replica in self.settings.replicas:
            try:
                backend = self._backends.get(replica.name)
                if backend is None:
                    backend = open_backend(replica.name, replica.url, replica.options)
                    self._backends[replica.name] = backend
                reached.append(attach_replica(replica, backend, repository=self.id))
            except (BackendUnavailable, AccessDenied) as error:
                self.unreachable[replica.name] = error
        require_distinct(reached, accept_shared=self.settings.accept_shared_failure_domain)
        return tuple(reached)

    def replica(self, name: str) -> Replica:
        """The reachable replica of that name; KeyError otherwise."""
        return next(r for r in self.replicas if r.name == name)

    @property
    def shared_failure_domain(self) -> bool:
        """Whether one accident could take several replicas; receipts and reports say so."""
        return any(len(names) > 1 for names in failure_domains(list(self.replicas)).values())

    def prepare_to_write(self) -> list[RecoveryAction]:
        """Whatever a killed writer left is finished or taken back, journals are level, and
        this process is known as a living writer. Safe to call again."""
        if self._writer is not None:
            return []
        writers = self.root / "locks" / "writers"
        with held(self.root / "locks" / "repository.lock"):
            self._writer = WriterLock(writers)
            for name, error in self._journal.bring_level(self.replicas).items():
                away = isinstance(error, BackendUnavailable)
                (self.unreachable if away else self.behind).setdefault(name, error)
            everyone = len(self.replicas) == len(self.settings.replicas)
            recovery = Recovery(self.replicas, self.staging, writers, everyone=everyone)
            actions = recovery.run(self._conclude_found)
            self._postponed = recovery.postponed
            if actions:
                self.record(*recovery_events(actions, self.now))
            return actions

    @property
    def _writer_id(self) -> str:
        if self._writer is None:
            self.prepare_to_write()
        assert self._writer is not None  # noqa: S101 - prepare_to_write sets it
        return self._writer.writer

    @contextmanager
    def submission_folder(self) -> Iterator[Path]:
        """A private staging folder, known to be this process's; cleaned when the block ends
        without an error. After an error the next recovery decides from what is in it."""
        folder = self.staging.new_folder()
        (folder / "writer").write_text(self._writer_id)
        yield folder
        self.staging.clean(folder)

    def build(self, plan: AipPlan, folder: Path) -> SealedBuild:
        """The planned AIP is complete and sealed in its submission's staging folder."""
        return build_aip(plan, folder, repository_id=self.id)

    def store(self, build: SealedBuild, *, progress: Progress | None = None) -> Receipt:
        """The sealed AIP is on every replica that may and can hold it, read back; it is
        registered and its receipt is in the journal.

        :class:`VersionTaken` when another writer stores the same AIP; :class:`NothingStored`
        when no replica took it (whatever was written is moved aside).
        """
        self.prepare_to_write()
        earlier = self._postponed.get(build.ref)
        if earlier is not None and is_whole(earlier):
            build = earlier  # a replica that is away may hold these very bytes as the version
        progress = progress or NoProgress()
        copies = len(allowed := self._allowed(build.access))
        progress.phase(
            "PROGRESS-STORE",
            files_total=2 * build.record.files * copies,
            bytes_total=2 * build.record.bytes * copies,
        )
        if build.ref.number > 1:
            # What cannot be registered afterwards, for damage elsewhere, is not written at all.
            facts_of_build(build, self.replicas, self._known_inventories(build))
        receipt = self._conclude(build, self._write(build, allowed, progress))
        if earlier is not None:
            self.staging.clean(earlier.folder)
        return receipt

    def _write(
        self, version: VersionContent, replicas: Sequence[Replica], progress: Progress
    ) -> list[CopyOutcome]:
        """The version is claimed, written and read back on each of ``replicas``, or its outcome
        says why not, and nothing half written is left there."""
        claimed, failures = claim_everywhere(version, replicas, self.claim_for(version))
        outcomes = replicate(version, claimed, now=self.now, progress=progress) + failures
        for outcome in outcomes:
            if outcome.error is None or outcome.replica not in claimed:
                continue
            if not outcome.stalled:
                self._take_back(outcome.replica, version)
        return outcomes

    def claim_for(self, version: VersionContent) -> Claim:
        """This process's claim on a version."""
        return Claim(
            writer=self._writer_id,
            inventory_sha256=version.inventory_text.sha256,
            moment=format_moment(self.now()),
        )

    def record(self, *events: Event) -> None:
        """The events are in the journal of every reachable replica and in the catalogue."""
        self._journal.append([("event", event_body(event)) for event in events], self.replicas)

    def record_entries(self, entries: Sequence[tuple[str, dict[str, object]]]) -> None:
        """Journal entries of other kinds (``audit``, ``rejection``) are on every replica."""
        self._journal.append(entries, self.replicas)

    def level_journals(self, replicas: Sequence[Replica]) -> None:
        """The catalogue and the journals of ``replicas`` hold the same lines."""
        self._journal.bring_level(replicas)

    def rewrite_journal(self, replica: Replica) -> str:
        """The replica's journal is made of the catalogue's lines; the prefix that the old one
        was moved to. For :mod:`repository.ledger_repair`, which proves these lines first."""
        return self._journal.write_anew(replica)

    def ledger_head(self) -> str:
        """The hash of the newest journal line, for outsiders to hold."""
        return self.catalogue.ledger_head()[1]

    def receipt_for(self, aip_id: AipId) -> Receipt | None:
        """The receipt that was given when the AIP came in."""
        receipt = self.catalogue.receipt_for(aip_id)
        if receipt is None or not receipt.withheld:
            return receipt
        (summary,) = self.catalogue.find(aip_id)[:1] or (None,)
        return receipt if summary is None else completed(receipt, summary)

    def _allowed(self, access: Access) -> list[Replica]:
        allowed = [replica for replica in self.replicas if replica.may_hold(access)]
        refused = [replica.name for replica in self.replicas if replica not in allowed]
        if len(self.settings.replicas) - len(refused) < self.settings.min_copies and refused:
            raise NoReplicaAllowed(
                access=access.value,
                min_copies=self.settings.min_copies,
                replicas=", ".join(refused),
            )
        return allowed

    def _take_back(self, replica: Replica, version: VersionContent) -> None:
        """Nothing half written is left on a replica that failed but still answers."""
        try:
            take_back(replica, version.ref)
        except KhoError as error:
            self.unreachable.setdefault(replica.name, error)

    def _conclude(self, build: SealedBuild, outcomes: Sequence[CopyOutcome]) -> Receipt:
        verified = [o for o in outcomes if o.verified_at is not None]
        errors = {o.replica.name: o.error for o in outcomes if o.error is not None}
        if not verified:
            conflict = next((e for e in errors.values() if isinstance(e, VersionTaken)), None)
            if conflict is not None:
                raise conflict
            first = next(iter({**errors, **self.unreachable}.items()), None)
            raise NothingStored(
                aip_id=build.ref.aip_id,
                replica=first[0] if first else "",
                reason=str(first and first[1]),
            )
        self.unreachable.update(errors)
        known = self._known_inventories(build)
        self.catalogue.register(facts_of_build(build, self.replicas, known))
        receipt = self._receipt(build, verified)
        entries = [("copy", copy_body(build.ref, outcome)) for outcome in verified]
        if build.ref.number == 1:
            entries += receipt_entries(receipt)
        else:
            entries.append(("event", event_body(version_event(build, self.now))))
        self._journal.append(entries, self.replicas)
        return receipt

    def _known_inventories(self, build: SealedBuild) -> Sequence[str]:
        return self.catalogue.inventories(build.ref.aip_id, build.ref.place)

    def _conclude_found(self, build: SealedBuild) -> None:
        """A build that recovery found committed gets its registration and its receipt.

        What replicas lack is written from a committed copy: the build's own payload may be torn.
        """
        ref = build.ref
        recorded = any(
            (copy.place, copy.version) == (ref.place, ref.number)
            for copy in self.catalogue.copies(ref.aip_id)
        )
        if not recorded:
            there = {r.name: c for r in self.replicas if (c := copy_of_build(r, build))}
            holding = [r for r in self.replicas if r.name in there]
            outcomes = verify_copies(build, holding, now=self.now)
            missing = [r for r in self._allowed(build.access) if r not in holding]
            source = next((there[o.replica.name] for o in outcomes if o.error is None), None)
            if source is not None:
                with suppress(VersionTaken):  # what exists is owed its receipt all the same
                    outcomes += self._write(source, missing, NoProgress())
            self._conclude(build, outcomes)
        self.staging.clean(build.folder)

    def _receipt(self, build: SealedBuild, verified: Sequence[CopyOutcome]) -> Receipt:
        state = storage_state(
            [outcome.replica for outcome in verified],
            min_copies=self.settings.min_copies,
            accept_shared=self.settings.accept_shared_failure_domain,
        )
        return msgspec.structs.replace(
            build.record.receipt,
            state=state.value,
            finished=format_moment(self.now()),
            copies=tuple(
                CopyRecord(replica=o.replica.name, verified_at=format_moment(o.verified_at))
                for o in sorted(verified, key=lambda o: o.replica.name)
                if o.verified_at is not None
            ),
            shared_failure_domain=self.shared_failure_domain,
            ledger_head=self.ledger_head(),
        )


def catalogue_url(settings: RepositorySettings) -> str:
    """The SQLAlchemy URL of the archive's catalogue."""
    return settings.catalogue or sqlite_url(Path(settings.root) / CATALOGUE_FILE)
