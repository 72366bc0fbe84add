"""Receptions that are cut off at any step: backend calls and looks at the clock are counted,
and at the Nth the process is dead; the pipeline looks at the clock at each of its stops."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from ingest.desk import Desk, open_desk
from ingest.pipeline import ingest
from ingest.settings import IngestSettings
from kit.archives import TestBed, make_bed
from kit.crashing import Fuse, fused
from kit.desk import OPERATOR, SOFTWARE, write_files
from kit.held import RECORDS, bag
from kit.tt05_packages import ARCHIVE, identifier, sip
from repository.archive import Repository
from repository.ocfl.claims import open_claims
from repository.ocfl.reader import list_objects
from schemas.nouns import Outcome, Place
from schemas.records import Receipt
from storage_backends.faulty import Call, SimulatedCrash
from storage_backends.interface import StorageBackend
from storage_backends.memory import MemoryBackend

SOURCES = ("folder", "bag", "zip", "tt05")
OUTCOMES = ("accepted", "held", "rejected", "duplicate")
_HOLDING = """
format = "kho.policy/1"
name = "holds what describes nothing"
version = 1

[severity]
PROFILE-NO-METADATA = "error"
"""


def source_of(kind: str, outcome: str, folder: Path) -> Path:
    """A submission of this kind that will have this outcome."""
    folder.mkdir(parents=True)
    if kind == "tt05":
        sip().folder(folder / "nop")
        if outcome == "held":
            (damaged,) = (folder / "nop").rglob("*.0000001.pdf")
            damaged.write_bytes(damaged.read_bytes() + b"\n")
    elif kind == "bag":
        bag(folder / "nop", damaged=outcome == "held")
    else:
        write_files(folder / "nop", RECORDS)
    if outcome == "rejected" and kind != "zip":
        (folder / "nop" / "link").symlink_to("/etc/passwd")
    if kind != "zip":
        return folder / "nop"
    zipped = Path(shutil.make_archive(str(folder / "nop"), "zip", folder / "nop"))
    if outcome == "rejected":
        zipped.write_bytes(zipped.read_bytes()[:-30])
    return zipped


def settings_of(kind: str, outcome: str, folder: Path) -> IngestSettings:
    """Settings under which a submission without errors of its own is held when it must be."""
    policy = ""
    if outcome == "held" and kind in {"folder", "zip"}:
        path = folder / "policy.toml"
        path.write_text(_HOLDING, encoding="utf-8")
        policy = str(path)
    return IngestSettings(workers=1, archive_code=ARCHIVE, policy=policy)


Act = Callable[[Desk], object]


@dataclass
class Scene:
    """An archive on memory replicas, and one command that is run on it again and again."""

    bed: TestBed
    settings: IngestSettings
    act: Act

    def copied(self, folder: Path) -> Scene:
        """The same archive as it is now, again, for another run of the command."""
        shutil.copytree(self.bed.settings.root, folder)
        settings = msgspec.structs.replace(self.bed.settings, root=str(folder))
        stores = {name: _copy_of(store) for name, store in self.bed.backends.items()}
        return Scene(TestBed(settings, stores, self.bed.clock), self.settings, self.act)

    def run(self) -> object:
        """The command as a new process runs it, undisturbed."""
        with (
            self.bed.open() as archive,
            self._desk(archive) as desk,
        ):
            return self.act(desk)

    def steps(self) -> int:
        """How many steps there are to be killed at."""
        fuse = Fuse()
        self._run_fused(fuse)
        return fuse.calls

    def killed_at(self, step: int) -> None:
        """The command as a process runs it that dies at ``step``."""
        with suppress(SimulatedCrash):
            self._run_fused(Fuse(step))

    def _run_fused(self, fuse: Fuse) -> None:
        bed = self.bed

        def now() -> datetime:
            fuse(Call(0, "now", ""))
            return bed.clock()

        archive = Repository.open(bed.settings, backends=fused(bed.backends, fuse), now=now)
        try:
            with self._desk(archive) as desk:
                self.act(desk)
        finally:
            # The kernel takes a dead process's locks and connections; nothing else is tidied.
            if archive._writer is not None:
                archive._writer.release()
            archive.catalogue.close()

    def _desk(self, archive: Repository):  # type: ignore[no-untyped-def]  # a context manager
        return open_desk(
            archive,
            self.settings,
            operator=OPERATOR,
            software=SOFTWARE,
            identifier=identifier(),
        )

    def nothing_is_left_over(self) -> None:
        """No claim, no staging folder: the archive is at rest."""
        for backend in self.bed.backends.values():
            assert not list(open_claims(backend))
        assert not list((Path(self.bed.settings.root) / "staging").iterdir())

    def receipts(self) -> list[Receipt]:
        """Every answer that the journal holds."""
        with self.bed.open() as archive:
            return list(archive.catalogue.receipts())

    def objects(self, place: Place) -> set[int]:
        """How many objects each replica has in this place."""
        return {len(list(list_objects(b, place))) for b in self.bed.backends.values()}


def _copy_of(store: StorageBackend) -> StorageBackend:
    assert isinstance(store, MemoryBackend)
    copy = MemoryBackend(store.name)
    copy._content_by_key = dict(store._content_by_key)
    return copy


def reception(kind: str, outcome: str, folder: Path) -> Scene:
    """One ``kho ingest`` of a submission of this kind, with this outcome."""
    source = source_of(kind, "accepted" if outcome == "duplicate" else outcome, folder / "source")
    bed = make_bed(folder / "archive")
    scene = Scene(
        bed, settings_of(kind, outcome, folder), lambda desk: ingest(source, desk, fonds="TL05")
    )
    if outcome == "duplicate":
        scene.run()
    return scene


def one_answer(scene: Scene, outcome: str) -> None:
    """The same command again answers as it should; one AIP, one receipt, nothing left over."""
    answer = scene.run()
    assert isinstance(answer, Receipt)
    assert outcome in (answer.outcome, answer.earlier_outcome) or outcome == "duplicate"
    (receipt,) = scene.receipts()
    assert receipt.receipt_id == answer.receipt_id
    wanted = Outcome.ACCEPTED.value if outcome == "duplicate" else outcome
    assert receipt.outcome == wanted
    assert scene.objects(Place.ARCHIVE) == {int(wanted == "accepted")}
    assert scene.objects(Place.HOLDING) == {int(wanted == "held")}
    if wanted != "rejected":
        assert receipt.state == "stored"
    scene.nothing_is_left_over()
