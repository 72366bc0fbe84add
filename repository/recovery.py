"""Recovery: what a killed writer left is finished or taken back (promise 10).

Looks only at claims on the replicas and at sealed builds in staging whose writer no longer
lives; runs under the repository lock; every action is told to the caller and the journal. What
cannot be decided now — a replica is away or fails — is left as it is for the next recovery.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from repository.aip.build import SealedBuild, is_whole, open_sealed
from repository.copying import CommittedCopy, committed_copy
from repository.locks import writer_lives
from repository.ocfl.claims import Claim, VersionRef, drop_claim, open_claims, read_claim
from repository.ocfl.inventory import INVENTORY, SIDECAR
from repository.ocfl.writer import VersionContent, finish_version, head_number, write_version
from repository.replica import Replica
from repository.staging import Staging
from schemas.errors import KhoError
from schemas.progress import NoProgress
from storage_backends.interface import ObjectNotFound


class Action(StrEnum):
    """What recovery did with one unfinished thing."""

    FINISHED = "finished"
    SIDECAR_WRITTEN = "root sidecar written"
    COMPLETED_FROM_BUILD = "completed from build"
    COMPLETED_FROM_COPY = "completed from copy"
    UPLOADS_ABANDONED = "uploads abandoned"
    MOVED_ASIDE = "moved aside"
    CONCLUDED = "concluded"
    DISCARDED = "discarded"
    POSTPONED = "postponed"


@dataclass(frozen=True, slots=True)
class RecoveryAction:
    """One thing recovery did: ``where`` is a replica's name, or ``staging``."""

    action: Action
    where: str
    aip_id: str
    version: int
    detail: str = ""


class Recovery:
    """One run of recovery over the reachable replicas and the staging area.

    ``everyone``: whether these are all replicas of the archive. One that is away may hold what
    no other does, so that nothing is given up then.
    """

    def __init__(
        self,
        replicas: Sequence[Replica],
        staging: Staging,
        writers: Path,
        *,
        everyone: bool = True,
    ) -> None:
        self._replicas = replicas
        self._staging = staging
        self._writers = writers
        self._everyone = everyone
        self.actions: list[RecoveryAction] = []
        self.postponed: dict[VersionRef, SealedBuild] = {}
        """Sealed builds that may be committed on a replica that could not be asked."""

    def run(self, conclude: Callable[[SealedBuild], None]) -> list[RecoveryAction]:
        """No claim of a dead writer is left, and every sealed build is concluded or gone.

        ``conclude`` registers a build that is committed somewhere and writes its receipt.
        """
        builds = self._dead_builds()
        whole = {build.record.inventory_sha256: build for build in builds if is_whole(build)}
        for replica in self._replicas:
            self._settle_replica(replica, whole)
        for build in builds:
            self._conclude(build, conclude)
        return self.actions

    def _dead_builds(self) -> list[SealedBuild]:
        """Sealed builds of writers that no longer live; their unsealed folders are cleaned.

        One whose payload a power cut tore is among them: it completes nothing, but what it
        was made into may be committed, and then its receipt is still owed.
        """
        builds = []
        for folder in self._staging.folders():
            owner = folder / "writer"
            if owner.exists() and writer_lives(self._writers, owner.read_text().strip()):
                continue
            build = open_sealed(folder)
            if build is None:
                self._note(Action.DISCARDED, "staging", None)
                self._staging.clean(folder)
            else:
                builds.append(build)
        return builds

    def _settle_replica(self, replica: Replica, builds: dict[str, SealedBuild]) -> None:
        """Every dead writer's claim on the replica is settled, or it fails and is left alone:
        one bad replica must not keep the archive from being written to."""
        found = False
        for ref in _claims_of(replica):
            try:
                claim = _claim_on(replica, ref)
                if claim is None or not writer_lives(self._writers, claim.writer):
                    found = True
                    self._settle_claim(replica, ref, claim, builds)
            except _ClaimGone:
                continue  # its writer finished meanwhile
            except KhoError as error:
                self._note(Action.POSTPONED, replica.name, ref, str(error))
        if found:
            try:
                replica.backend.sweep("kho/staging/")
            except KhoError as error:
                self._note(Action.POSTPONED, replica.name, None, str(error))

    def _settle_claim(
        self,
        replica: Replica,
        ref: VersionRef,
        claim: Claim | None,
        builds: dict[str, SealedBuild],
    ) -> None:
        uploads = replica.backend.abandon_uploads(ref.object_prefix)
        if uploads:
            self._note(Action.UPLOADS_ABANDONED, replica.name, ref, f"{uploads} uploads")
        head = head_number(replica.backend, ref)
        if head >= ref.number:
            self._finish(replica, ref, claim)
            return
        source, action = self._source(ref, claim, builds)
        if source is None or head != ref.number - 1:  # it lacks what this version builds on
            aside = take_back(replica, ref)
            self._note(Action.MOVED_ASIDE, replica.name, ref, aside)
            return
        self._clear_strangers(replica, ref, source)
        write_version(replica.backend, source, progress=NoProgress(), resuming=True)
        self._note(action, replica.name, ref)

    def _finish(self, replica: Replica, ref: VersionRef, claim: Claim | None) -> None:
        """A committed version loses its claim. Its sidecar is made from the inventory only when
        the claim proves the inventory: a damaged one must not be given a matching sidecar."""
        committed = committed_copy(replica, ref)
        written = False
        if (
            committed is not None
            and _is_claimed_one(committed, claim)
            and committed.inventory_json == _root_inventory(replica, ref)
        ):
            written = finish_version(replica.backend, committed)
        else:
            drop_claim(replica.backend, ref)
        if written:
            self._note(Action.SIDECAR_WRITTEN, replica.name, ref)
        self._note(Action.FINISHED, replica.name, ref)

    def _source(
        self, ref: VersionRef, claim: Claim | None, builds: dict[str, SealedBuild]
    ) -> tuple[VersionContent | None, Action]:
        for replica in self._replicas:
            try:
                copy = committed_copy(replica, ref)
            except KhoError:
                continue  # damaged or away: another one may do
            if copy is not None and _is_claimed_one(copy, claim):
                return copy, Action.COMPLETED_FROM_COPY
        build = builds.get(claim.inventory_sha256) if claim is not None else None
        return build, Action.COMPLETED_FROM_BUILD

    def _clear_strangers(self, replica: Replica, ref: VersionRef, source: VersionContent) -> None:
        """Nothing of a different, uncommitted build is left under the version."""
        wanted = {ref.object_prefix + item.path for item in source.content()}
        wanted |= {f"{ref.version_prefix}{name}" for name in (INVENTORY, SIDECAR)}
        for info in replica.backend.list(ref.version_prefix):
            if info.key not in wanted:
                replica.backend.move_aside(ref.version_prefix, reason="uncommitted")
                return

    def _conclude(self, build: SealedBuild, conclude: Callable[[SealedBuild], None]) -> None:
        """The build is registered where it is committed, and gone where it never can be."""
        standing = [_standing(replica, build.ref) for replica in self._replicas]
        try:
            if build.record.inventory_sha256 in standing:
                conclude(build)
                self._note(Action.CONCLUDED, "staging", build.ref)
            elif not any(standing) and (not self._everyone or None in standing):
                self.postponed[build.ref] = build
                self._note(Action.POSTPONED, "staging", build.ref, "a replica is away")
            else:
                self._staging.clean(build.folder)
                self._note(Action.DISCARDED, "staging", build.ref)
        except KhoError as error:
            self.postponed[build.ref] = build
            self._note(Action.POSTPONED, "staging", build.ref, str(error))

    def _note(self, action: Action, where: str, ref: VersionRef | None, detail: str = "") -> None:
        aip_id, number = (ref.aip_id, ref.number) if ref else ("", 0)
        self.actions.append(RecoveryAction(action, where, aip_id, number, detail))


def pending_claims(replicas: Sequence[Replica]) -> list[tuple[str, VersionRef]]:
    """What readers report: claims that stand, by replica."""
    return [(r.name, ref) for r in replicas for ref in open_claims(r.backend)]


def take_back(replica: Replica, ref: VersionRef) -> str:
    """Nothing of an uncommitted version is left in the replica's root, and no claim on it;
    where its bytes are now.

    A version that is committed after all (by us or by another writer) stays, and so does the
    claim on it, for recovery to finish.
    """
    if head_number(replica.backend, ref) >= ref.number:
        return ""
    prefix = ref.object_prefix if ref.number == 1 else ref.version_prefix
    aside = replica.backend.move_aside(prefix, reason="uncommitted")
    drop_claim(replica.backend, ref)
    return aside


class _ClaimGone(Exception):
    """The claim that was listed is not there any more."""


def _claim_on(replica: Replica, ref: VersionRef) -> Claim | None:
    try:
        return read_claim(replica.backend, ref)
    except ObjectNotFound as error:
        raise _ClaimGone from error


def _claims_of(replica: Replica) -> list[VersionRef]:
    try:
        return list(open_claims(replica.backend))
    except KhoError:
        return []  # it stopped answering since it was attached


def _is_claimed_one(copy: CommittedCopy, claim: Claim | None) -> bool:
    """Whether a committed copy is the version that was claimed; unknown claims claim nothing."""
    if claim is None:
        return False
    return hashlib.sha256(copy.inventory_json).hexdigest() == claim.inventory_sha256


def _standing(replica: Replica, ref: VersionRef) -> str | None:
    """The digest of the inventory that commits the version there; empty where none does, None
    where nobody can tell."""
    try:
        copy = committed_copy(replica, ref)
    except KhoError:
        return None
    return hashlib.sha256(copy.inventory_json).hexdigest() if copy is not None else ""


def _root_inventory(replica: Replica, ref: VersionRef) -> bytes | None:
    try:
        return replica.backend.read_head(f"{ref.object_prefix}{INVENTORY}")[0]
    except ObjectNotFound:
        return None
