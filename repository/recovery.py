"""Recovery: what a killed writer left is finished or taken back (promise 10).

Looks only at claims on the replicas and at sealed builds in staging whose writer no longer
lives; runs under the repository lock; every action is told to the caller and the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from repository.aip.build import SealedBuild, is_whole, open_sealed
from repository.copying import committed_copy
from repository.locks import writer_lives
from repository.ocfl.claims import Claim, VersionRef, drop_claim, open_claims, read_claim
from repository.ocfl.inventory import INVENTORY, decode_inventory
from repository.ocfl.writer import VersionContent, finish_version, write_version
from repository.replica import Replica
from repository.staging import Staging
from schemas.progress import NoProgress
from storage_backends.interface import ObjectNotFound


class Action(StrEnum):
    """What recovery did with one unfinished thing."""

    FINISHED = "finished"
    COMPLETED_FROM_BUILD = "completed from build"
    COMPLETED_FROM_COPY = "completed from copy"
    MOVED_ASIDE = "moved aside"
    CONCLUDED = "concluded"
    DISCARDED = "discarded"


@dataclass(frozen=True, slots=True)
class RecoveryAction:
    """One thing recovery did: ``where`` is a replica's name, or ``staging``."""

    action: Action
    where: str
    aip_id: str
    version: int
    detail: str = ""


class Recovery:
    """One run of recovery over the reachable replicas and the staging area."""

    def __init__(self, replicas: Sequence[Replica], staging: Staging, writers: Path) -> None:
        self._replicas = replicas
        self._staging = staging
        self._writers = writers
        self.actions: list[RecoveryAction] = []

    def run(self, conclude: Callable[[SealedBuild], None]) -> list[RecoveryAction]:
        """No claim of a dead writer is left, and every sealed build is concluded or gone.

        ``conclude`` registers a build that is committed somewhere and writes its receipt.
        """
        builds = self._dead_builds()
        for replica in self._replicas:
            for ref in list(open_claims(replica.backend)):
                claim = read_claim(replica.backend, ref)
                if claim is None or not writer_lives(self._writers, claim.writer):
                    self._settle_claim(replica, ref, claim, builds)
        for build in builds.values():
            self._conclude(build, conclude)
        return self.actions

    def _dead_builds(self) -> dict[str, SealedBuild]:
        """Whole sealed builds of writers that no longer live, by inventory digest; unsealed
        folders of dead writers are cleaned."""
        builds: dict[str, SealedBuild] = {}
        for folder in self._staging.folders():
            owner = folder / "writer"
            if owner.exists() and writer_lives(self._writers, owner.read_text().strip()):
                continue
            build = open_sealed(folder)
            if build is None or not is_whole(build):
                self._note(Action.DISCARDED, "staging", build.ref if build else None)
                self._staging.clean(folder)
            else:
                builds[build.record.inventory_sha256] = build
        return builds

    def _settle_claim(
        self,
        replica: Replica,
        ref: VersionRef,
        claim: Claim | None,
        builds: dict[str, SealedBuild],
    ) -> None:
        committed = committed_copy(replica, ref)
        if committed is not None:
            if committed.inventory_json == _root_inventory(replica, ref):
                finish_version(replica.backend, committed)
            else:
                drop_claim(replica.backend, ref)
            self._note(Action.FINISHED, replica.name, ref)
            return
        source, action = self._source(ref, claim, builds)
        if source is None:
            take_back(replica, ref)
            self._note(Action.MOVED_ASIDE, replica.name, ref)
            return
        self._clear_strangers(replica, ref, source)
        write_version(replica.backend, source, progress=NoProgress(), resuming=True)
        self._note(action, replica.name, ref)

    def _source(
        self, ref: VersionRef, claim: Claim | None, builds: dict[str, SealedBuild]
    ) -> tuple[VersionContent | None, Action]:
        for replica in self._replicas:
            copy = committed_copy(replica, ref)
            if copy is not None:
                return copy, Action.COMPLETED_FROM_COPY
        build = builds.get(claim.inventory_sha256) if claim is not None else None
        return build, Action.COMPLETED_FROM_BUILD

    def _clear_strangers(self, replica: Replica, ref: VersionRef, source: VersionContent) -> None:
        """Nothing of a different, uncommitted build is left under the version."""
        wanted = {ref.object_prefix + item.path for item in source.content()}
        wanted |= {f"{ref.version_prefix}{name}" for name in (INVENTORY, f"{INVENTORY}.sha512")}
        for info in replica.backend.list(ref.version_prefix):
            if info.key not in wanted:
                replica.backend.move_aside(ref.version_prefix, reason="uncommitted")
                return

    def _conclude(self, build: SealedBuild, conclude: Callable[[SealedBuild], None]) -> None:
        if any(committed_copy(replica, build.ref) for replica in self._replicas):
            conclude(build)
            self._note(Action.CONCLUDED, "staging", build.ref)
        else:
            self._staging.clean(build.folder)
            self._note(Action.DISCARDED, "staging", build.ref)

    def _note(self, action: Action, where: str, ref: VersionRef | None) -> None:
        self.actions.append(
            RecoveryAction(action, where, ref.aip_id if ref else "", ref.number if ref else 0)
        )


def pending_claims(replicas: Sequence[Replica]) -> list[tuple[str, VersionRef]]:
    """What readers report: claims that stand, by replica."""
    return [(r.name, ref) for r in replicas for ref in open_claims(r.backend)]


def take_back(replica: Replica, ref: VersionRef) -> None:
    """Nothing of an uncommitted version is left in the replica's root, and no claim on it.

    A version that is committed after all (by us or by another writer) stays, and so does the
    claim on it, for recovery to finish.
    """
    if _head_number(replica, ref) >= ref.number:
        return
    prefix = ref.object_prefix if ref.number == 1 else ref.version_prefix
    replica.backend.move_aside(prefix, reason="uncommitted")
    drop_claim(replica.backend, ref)


def _head_number(replica: Replica, ref: VersionRef) -> int:
    content = _root_inventory(replica, ref)
    if content is None:
        return 0
    return decode_inventory(content, where=f"{replica.name}:{ref.object_prefix}").head_number


def _root_inventory(replica: Replica, ref: VersionRef) -> bytes | None:
    try:
        return replica.backend.read_head(f"{ref.object_prefix}{INVENTORY}")[0]
    except ObjectNotFound:
        return None
