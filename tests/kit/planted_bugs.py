"""Bugs that the replica machine must catch, each planted at the seam where it would be made.

A machine that was never seen failing proves nothing. Every bug here has a name that says what
is wrong, and is one that somebody could write: most were written somewhere, by somebody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from preservation import audit_items, fixity
from preservation import repair as healing
from preservation.examine import Examined, Item
from preservation.repair_result import Healing, RepairedFile
from preservation.repair_wounds import Wound, line_of
from repository import archive as archives
from repository import fill as filling
from repository import recovery, replication
from repository.copying import CommittedCopy, committed_copy
from repository.ocfl import claims, writer
from repository.ocfl.claims import Claim, VersionRef
from repository.ocfl.inventory import INVENTORY
from repository.ocfl.writer import ContentItem, VersionContent
from repository.replica import Replica
from schemas.digests import Algorithm
from schemas.nouns import Verdict
from schemas.progress import Progress
from storage_backends.interface import ObjectNotFound, StorageBackend
from storage_backends.sources import BytesSource, StoredSource

Patch = pytest.MonkeyPatch


def acknowledges_before_read_back(patch: Patch) -> None:
    patch.setattr(writer, "read_back", lambda *_args, **_kwargs: None)


def recovery_commits_before_the_content_is_there(patch: Patch) -> None:
    """A sealed build is as good as a stored one: its inventory is put in place, and no more."""

    def commit(backend: StorageBackend, version: VersionContent, **_more: Any) -> None:
        _put_over(backend, f"{version.ref.object_prefix}{INVENTORY}", version.inventory_json)
        writer.finish_version(backend, version)

    patch.setattr(recovery, "write_version", commit)


def recovery_leaves_what_it_cannot_finish(patch: Patch) -> None:
    """The claim is dropped, the files of the half version stay where they are."""

    def forget(replica: Replica, ref: VersionRef) -> str:
        claims.drop_claim(replica.backend, ref)
        return ""

    patch.setattr(recovery, "take_back", forget)


def fill_copies_without_hashing(patch: Patch) -> None:
    """Whatever the source gives is what was wanted."""

    def trusting(self: CommittedCopy) -> Iterator[ContentItem]:
        for path, _sha512 in self.inventory.content_files():
            if path.startswith(f"v{self.ref.number}/"):
                content = self.replica.backend.read_head(self.ref.object_prefix + path)[0]
                digest = hashlib.sha256(content).hexdigest()
                yield ContentItem(path, BytesSource(content), len(content), digest)

    patch.setattr(CommittedCopy, "content", trusting)


def fill_takes_any_inventory(patch: Patch) -> None:
    """A damaged inventory is copied, and gets a sidecar that agrees with it."""
    patch.setattr(filling, "_is_expected", lambda *_args: True)


def repair_takes_its_source_unverified(patch: Patch) -> None:
    """The next replica's bytes are right, because this one's are wrong."""

    def heal(archive: archives.Repository, wound: Wound, *, dry_run: bool) -> RepairedFile:
        backend = wound.replica.backend
        now = healing._look(wound.replica, wound.item)
        for other in archive.replicas:
            if other.name == wound.replica.name:
                continue
            try:
                content = other.backend.read_head(wound.key)[0]
            except ObjectNotFound:
                continue
            if now.verdict is not Verdict.ABSENT:
                backend.set_aside(wound.key, reason="planted")
            backend.replace_damaged(
                wound.key,
                StoredSource(other.backend, wound.key),
                size_bytes=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
                observed=now.found or None,
            )
            break
        return line_of(wound.damage, Healing.HEALED)

    patch.setattr(healing, "_heal", heal)


def audit_trusts_the_size(patch: Patch) -> None:
    """A file of the right size is the right file; canaries of the run are not fooled."""

    def look(
        backend: StorageBackend, items: Sequence[Item], *, algorithm: Algorithm = "sha256"
    ) -> Iterator[Examined]:
        for item in items:
            try:
                size_bytes = backend.stat(item.key).size_bytes
            except ObjectNotFound:
                yield Examined(item, Verdict.ABSENT)
            else:
                same = item.size_bytes in (None, size_bytes)
                yield Examined(item, Verdict.INTACT if same else Verdict.ALTERED, size_bytes)

    defaults = fixity.audit.__kwdefaults__
    assert defaults is not None
    patch.setitem(defaults, "examiner", look)


def audit_skips_the_last_file(patch: Patch) -> None:
    """The work list lacks its last file: no canary can be planted there."""
    real = audit_items.due_items

    def short(*args: Any) -> Iterator[Item]:
        yield from list(real(*args))[:-1]

    patch.setattr(fixity, "due_items", short)


def audit_takes_an_outage_for_loss(patch: Patch) -> None:
    """What a lagging replica never got is reported absent."""
    from preservation import lagging

    patch.setattr(lagging.Lagging, "held", lambda _self, items, *_rest: iter(items))


def head_is_written_before_content(patch: Patch) -> None:
    real = writer.write_content

    def eager(
        backend: StorageBackend,
        version: VersionContent,
        *,
        progress: Progress,
        resuming: bool,
    ) -> None:
        token = writer._expect_predecessor(backend, version, resuming=resuming)
        if token != writer._COMMITTED:
            writer._commit(backend, version, token)
        real(backend, version, progress=progress, resuming=resuming)

    patch.setattr(writer, "write_content", eager)


def a_claim_is_ignored(patch: Patch) -> None:
    """Two writers of one version both go on."""

    def take(backend: StorageBackend, ref: VersionRef, claim: Claim) -> None:
        return None

    patch.setattr(replication, "take_claim", take)


def an_outage_counts_as_a_copy(patch: Patch) -> None:
    """A replica that did not answer is taken for one that has nothing to complain of."""
    real = replication.replicate

    def lenient(version: VersionContent, replicas: Sequence[Replica], **more: Any) -> Any:
        return [
            replace(outcome, verified_at=outcome.verified_at or more["now"](), error=None)
            for outcome in real(version, replicas, **more)
        ]

    patch.setattr(archives, "replicate", lenient)


def a_lower_version_is_taken_for_a_copy(patch: Patch) -> None:
    """Whatever object stands there is a copy of the version that is asked for."""

    def any_version(replica: Replica, ref: VersionRef) -> CommittedCopy | None:
        for number in range(ref.number, 0, -1):
            found = committed_copy(replica, replace(ref, number=number))
            if found is not None:
                return found
        return None

    patch.setattr(filling, "committed_copy", any_version)


def _put_over(backend: StorageBackend, key: str, content: bytes) -> None:
    try:
        token = backend.read_head(key)[1]
    except ObjectNotFound:
        backend.put_head(key, content, replaces=None)
    else:
        backend.put_head(key, content, replaces=token)


Story = Callable[[Any], None]
"""What happens to the machine's archive: calls of its rules, in the order of their names."""


@dataclass(frozen=True)
class Planted:
    """A bug, and the shortest story in which it does harm; without the bug it does none."""

    bug: Callable[[Patch], None]
    story: Story


def a_store_forgets_a_file(machine: Any) -> None:
    machine.store_on_a_store_that_forgets(name="alpha", nth=4)


def writers_die_at_many_calls(machine: Any) -> None:
    for crash_at in range(24, 110, 9):
        machine.store_and_die(crash_at=crash_at, torn=True)
        machine.audit_finds_exactly_the_damage(away=None)


def a_replica_comes_back_while_its_sources_are_damaged(machine: Any) -> None:
    machine.store(away="gamma")
    for which in range(len(machine.model.truth)):
        for pick in range(4, 10):  # content files; a damaged inventory would be noticed
            machine.damage(which=which, name="alpha", pick=pick, how="flip")
    machine.fill_one(name="gamma")


def a_replica_comes_back_while_an_inventory_is_reworded(machine: Any) -> None:
    machine.store(away="gamma")
    for which in range(len(machine.model.truth)):
        machine.damage_an_inventory(which=which, name="alpha", how="reword")
    machine.fill_one(name="gamma")


def all_copies_but_one_are_damaged_and_mended(machine: Any) -> None:
    machine.damage_all_but_one(which=0, spared="gamma", pick=5, how="flip")
    machine.mend_everything()


def every_file_of_a_copy_is_damaged(machine: Any) -> None:
    for pick in range(30):
        machine.damage(which=0, name="beta", pick=pick, how="flip")
    machine.audit_finds_exactly_the_damage(away=None)
    machine.mend_everything()


def a_version_comes_while_a_replica_is_away(machine: Any) -> None:
    machine.store_a_version(which=0, away="gamma")
    machine.audit_finds_exactly_the_damage(away=None)
    machine.mend_everything()


def two_writers_meet_at_many_calls(machine: Any) -> None:
    for at in range(1, 40, 3):
        machine.two_writers(which=0, at=at)
    machine.mend_everything()


def a_replica_drops_out_in_the_middle(machine: Any) -> None:
    machine.store_while_a_replica_drops_out(name="beta", after=6)


PLANTED = (
    Planted(acknowledges_before_read_back, a_store_forgets_a_file),
    Planted(recovery_commits_before_the_content_is_there, writers_die_at_many_calls),
    Planted(recovery_leaves_what_it_cannot_finish, writers_die_at_many_calls),
    Planted(head_is_written_before_content, writers_die_at_many_calls),
    Planted(fill_copies_without_hashing, a_replica_comes_back_while_its_sources_are_damaged),
    Planted(fill_takes_any_inventory, a_replica_comes_back_while_an_inventory_is_reworded),
    Planted(a_lower_version_is_taken_for_a_copy, a_version_comes_while_a_replica_is_away),
    Planted(repair_takes_its_source_unverified, all_copies_but_one_are_damaged_and_mended),
    Planted(audit_trusts_the_size, every_file_of_a_copy_is_damaged),
    Planted(audit_skips_the_last_file, every_file_of_a_copy_is_damaged),
    Planted(audit_takes_an_outage_for_loss, a_version_comes_while_a_replica_is_away),
    Planted(a_claim_is_ignored, two_writers_meet_at_many_calls),
    Planted(an_outage_counts_as_a_copy, a_replica_drops_out_in_the_middle),
)
