"""Further versions of an AIP: what is added beside what is there, and how it is registered.

A version never takes anything away and never replaces a file of the version before: events of
an AIP's content, derivatives and reports are added under paths of their own (design §5, §6).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from repository.aip.build import CONTENT, INVENTORY_FILE, ContentLine, SealedBuild, seal
from repository.aip.facts_reader import first_facts, read_facts
from repository.aip.generated import GeneratedFile, GeneratedFiles
from repository.copying import CommittedCopy, committed_copy
from repository.facts import AipFacts
from repository.ocfl.claims import VersionRef
from repository.ocfl.inventory import (
    INVENTORY,
    ContentFile,
    Inventory,
    User,
    decode_inventory,
    encode_inventory,
    next_inventory,
)
from repository.replica import Replica
from schemas.errors import KhoError, RepositoryError
from schemas.events import Agent, Event, EventOutcome, EventType
from schemas.ids import AipId, new_uuid
from schemas.moments import Clock, format_moment
from schemas.nouns import Place
from schemas.records import encode_line
from storage_backends.keys import content_paths
from storage_backends.sources import BytesSource

if TYPE_CHECKING:
    from repository.archive import Repository

SOFTWARE = "Kho"


class VersionRefused(RepositoryError):
    """A new version cannot be made of this, for the ``reason`` given; nothing was written."""

    code = "REPO-VERSION-REFUSED"
    exit_code = 2


def build_next(
    archive: Repository,
    aip_id: AipId,
    files: Mapping[str, bytes],
    folder: Path,
    *,
    message: str,
    place: Place = Place.ARCHIVE,
) -> SealedBuild:
    """The AIP's next version, with ``files`` (by logical path) beside all it had, is sealed in
    ``folder``; ``Repository.store`` takes it from there.

    :class:`VersionRefused` for an AIP that is not known, without files, for a path that is
    taken, and when no reachable replica holds the newest version's inventory whole.
    """
    facts = archive.catalogue.aip(aip_id, place)
    receipt = archive.receipt_for(aip_id)
    if facts is None or receipt is None:
        raise VersionRefused(aip_id=aip_id, reason="the archive holds no such AIP")
    taken = {file.logical_path for file in facts.files}
    wrong = sorted(path for path in files if path in taken)
    if wrong or not files:
        raise VersionRefused(aip_id=aip_id, reason=f"taken: {wrong[0]}" if wrong else "no files")
    previous = _newest_inventory(archive.replicas, facts)
    generated = GeneratedFiles(folder)
    for path, content in sorted(files.items()):
        generated.write(path, partial(_put, content=content))
    ref = VersionRef(place, aip_id, previous.head_number + 1)
    added = _write_content(generated.all(), previous, ref, folder)
    created = format_moment(archive.now())
    inventory = next_inventory(
        previous,
        _state(previous, added),
        added,
        created=created,
        message=message,
        user=User(name=SOFTWARE, address=f"urn:uuid:{archive.id}"),
    )
    (folder / INVENTORY_FILE).write_bytes(encode_inventory(inventory))
    return seal(
        folder,
        ref=ref,
        access=facts.access,
        created=created,
        message=message,
        receipt=receipt,
    )


def copy_of_build(replica: Replica, build: SealedBuild) -> CommittedCopy | None:
    """The build as committed on the replica; None when it is not, or another one is."""
    try:
        copy = committed_copy(replica, build.ref)
    except KhoError:
        return None
    if copy is None or copy.inventory_json != build.inventory_json:
        return None
    return copy


def facts_of_build(
    build: SealedBuild, replicas: Sequence[Replica], known: Sequence[str]
) -> AipFacts:
    """What the catalogue keeps of the AIP at the build's version.

    A first version speaks for itself while it is whole. Anything else is read from whichever
    replica has the right bytes, file by file: content by the inventory's digests, older
    inventories by ``known``, the sha256 that the catalogue has of them. Damage is never learnt.
    """
    if build.ref.number == 1:
        try:
            return first_facts(build)
        except (KhoError, OSError, KeyError, msgspec.MsgspecError):
            pass  # torn by a power cut; what was made of it is committed all the same
    return read_facts(_UnionView(build, replicas, known))


class _UnionView:
    """The AIP at the build's version, put together from replicas that may each be damaged."""

    def __init__(
        self, build: SealedBuild, replicas: Sequence[Replica], known: Sequence[str]
    ) -> None:
        self._ref = build.ref
        self._replicas = replicas
        self._known = known
        self.place = build.ref.place
        self.inventory_json = build.inventory_json
        self.inventory = decode_inventory(build.inventory_json, where=str(build.folder))
        self._sha512 = dict(self.inventory.content_files())
        self._staged = {item.path: item.source for item in build.content()}

    def version_inventory_json(self, number: int) -> bytes:
        """The inventory that was written with version ``number``, as the catalogue knows it."""
        if number == self._ref.number:
            return self.inventory_json
        path, wanted = f"v{number}/{INVENTORY}", self._known[number - 1]
        return self._first(path, lambda content: hashlib.sha256(content).hexdigest() == wanted)

    def open(self, content_path: str) -> AbstractContextManager[BinaryIO]:
        """The true bytes of a content path, from the first replica that has them."""
        wanted = self._sha512[content_path]
        if content_path in self._staged:
            with suppress(OSError), self._staged[content_path].open() as stream:
                content = stream.read()
                if hashlib.sha512(content).hexdigest() == wanted:
                    return BytesSource(content).open()
        return BytesSource(
            self._first(
                content_path, lambda content: hashlib.sha512(content).hexdigest() == wanted
            )
        ).open()

    def _first(self, path: str, is_true: Callable[[bytes], bool]) -> bytes:
        for replica in self._replicas:
            try:
                content = replica.backend.read_head(self._ref.object_prefix + path)[0]
            except KhoError:
                continue
            if is_true(content):
                return content
        raise VersionRefused(aip_id=self._ref.aip_id, reason=f"no replica holds {path} whole")


def version_event(build: SealedBuild, now: Clock) -> Event:
    """The event of a further version: which one, and why it was made."""
    return Event(
        id=new_uuid(),
        type=EventType.PACKAGE_CREATION,
        moment=now(),
        outcome=EventOutcome.SUCCESS,
        detail=f"v{build.ref.number}: {build.record.message}",
        agents=(Agent(SOFTWARE),),
        aip_id=build.ref.aip_id,
        facts={"version": build.ref.number, "files": build.record.files},
    )


def expected_inventory(archive: Repository, ref: VersionRef) -> str:
    """sha256 of the inventory that the catalogue knows for the version; empty for unknown."""
    known = archive.catalogue.inventories(ref.aip_id, ref.place)
    return known[ref.number - 1] if ref.number <= len(known) else ""


def _newest_inventory(replicas: Sequence[Replica], facts: AipFacts) -> Inventory:
    ref = VersionRef(facts.place, facts.aip_id, facts.version)
    wanted = facts.versions[-1].inventory_sha256
    for replica in replicas:
        try:
            copy = committed_copy(replica, ref)
        except KhoError:
            continue
        if copy and hashlib.sha256(copy.inventory_json).hexdigest() == wanted:
            return copy.inventory
    raise VersionRefused(aip_id=facts.aip_id, reason="no replica holds its inventory whole")


def _write_content(
    files: Sequence[GeneratedFile], previous: Inventory, ref: VersionRef, folder: Path
) -> list[ContentFile]:
    """``content.ndjson`` lists each content that the AIP had not; all files, for the state."""
    paths = content_paths([file.logical_path for file in files], version=ref.number)
    known = set(previous.manifest)
    added = []
    with (folder / CONTENT).open("wb") as out:
        for file in files:
            path = paths[file.logical_path]
            added.append(
                ContentFile(file.logical_path, path, file.digests.sha256, file.digests.sha512)
            )
            if file.digests.sha512 not in known:
                known.add(file.digests.sha512)
                line = ContentLine(
                    content_path=path,
                    staged=file.staged,
                    start=file.start,
                    size=file.size_bytes,
                    sha256=file.digests.sha256,
                )
                out.write(encode_line(line))
    return added


def _state(previous: Inventory, added: Sequence[ContentFile]) -> dict[str, list[str]]:
    newest = previous.versions[previous.head].state
    state = {digest: list(paths) for digest, paths in newest.items()}
    for file in added:
        state.setdefault(file.sha512, []).append(file.logical_path)
    return state


def _put(out: BinaryIO, content: bytes) -> None:
    out.write(content)
