"""The story of the demonstration, step by step; each step proves what it says or fails."""

from __future__ import annotations

import io
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from ingest.desk import open_desk
from ingest.pipeline import ingest
from ingest.receipt import receipt_text, translated
from ingest.settings import IngestSettings
from kho.config import FILE_NAME, write_config
from kho.config_checks import checked
from kho.demo.compare import differences
from kho.demo.fonds import FONDS, make_submissions
from kho.settings import FileSettings, compose
from preservation.audit_items import AuditScope
from preservation.audit_result import AuditResult
from preservation.examine import key_of
from preservation.fixity import audit
from preservation.repair import repair
from preservation.restore import RestoreRequest, restore
from repository.archive import CATALOGUE_FILE, Repository
from repository.creation import create_archive
from repository.rebuild import rebuild_archive_catalogue
from repository.replica import attach_by_marker
from repository.settings import ReplicaSettings, RepositorySettings
from schemas.errors import KhoError
from schemas.events import Agent
from schemas.ids import AipId, new_uuid
from schemas.moments import utc_now
from schemas.progress import Progress
from schemas.records import Receipt
from schemas.text import Language
from storage_backends.registry import open_backend

Tell = Callable[..., None]
OPERATOR = Agent("Người trình diễn", "person", role="operator")


class DemoFailed(KhoError):
    """A step did not prove what it says: Kho is broken on this machine."""

    code = "DEMO-FAILED"


@dataclass
class Story:
    """One run in one folder. ``tell`` is given text codes and fields, and prints."""

    folder: Path
    tell: Tell
    lang: Language
    progress: Progress
    submissions: list[Path] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    dump: str = ""
    _stated: FileSettings = field(init=False)
    _settings: RepositorySettings = field(init=False)

    def run(self) -> None:
        """The whole life of a small fonds. :class:`DemoFailed` at the first step that fails."""
        started_s = time.monotonic()
        self.tell("DEMO-BEGIN", folder=self.folder)
        self._make()
        with self._open() as archive:
            self._ingest(archive)
            self._find(archive)
            self._expect_clean(archive)
            hurt = self._damage(archive)
            self._expect_damage(archive, hurt)
            self._repair(archive)
            self._expect_clean(archive)
            self.dump = _dump(archive)
        self._lose_everything()
        self._restore_from_one_copy()
        self._rebuild()
        self.tell("DEMO-END", seconds=round(time.monotonic() - started_s, 1), folder=self.folder)

    def _make(self) -> None:
        self.submissions = make_submissions(self.folder / "submissions", utc_now())
        archive = self.folder / "archive"
        self._stated = _settings(self.folder, self.lang)
        self._settings = compose(
            self._stated, path=str(archive / FILE_NAME), root=str(archive)
        ).repository
        create_archive(self._settings, lang=self.lang)
        write_config(archive / FILE_NAME, self._stated)
        self.tell("DEMO-MADE", count=len(self.submissions), archive=archive)
        self.tell("DEMO-ONE-DISK")

    def _open(self) -> Repository:
        return Repository.open(self._settings)

    def _ingest(self, archive: Repository) -> None:
        self.tell("DEMO-INGEST")
        (self.folder / "receipts").mkdir(exist_ok=True)
        with open_desk(
            archive,
            IngestSettings(),
            operator=OPERATOR,
            software=Agent("Kho", "software", version("kho")),
            progress=self.progress,
        ) as desk:
            for source in self.submissions:
                receipt = translated(ingest(source, desk, fonds=FONDS), self.lang)
                self.receipts.append(receipt)
                path = self.folder / "receipts" / f"{receipt.receipt_id}.txt"
                path.write_text(receipt_text(receipt, self.lang), encoding="utf-8")
                self.tell(
                    "DEMO-RECEIVED",
                    name=source.name,
                    files=receipt.files,
                    warnings=receipt.warnings,
                    copies=len(receipt.copies),
                )
                _require(receipt.outcome == "accepted" and receipt.state == "stored", "ingest")
            again = ingest(self.submissions[0], desk, fonds=FONDS)
            _require(again.outcome == "duplicate", "duplicate")
        self.tell("DEMO-DUPLICATE", name=self.submissions[0].name)

    def _find(self, archive: Repository) -> None:
        (summary, *_others) = archive.catalogue.find(self.receipts[0].aip_id)
        self.tell("DEMO-SHOW", aip_id=summary.aip_id, title=summary.title)
        page = archive.catalogue.search("hoi nghi tong ket")
        _require(any(row.aip_id == summary.aip_id for row in page.rows), "search")
        self.tell("DEMO-SEARCH", query="hoi nghi tong ket", title=page.rows[0].title)

    def _audit(self, archive: Repository) -> AuditResult:
        result = audit(
            archive,
            AuditScope(everything=True),
            seed=secrets.randbits(64),
            progress=self.progress,
        )
        _require(result.is_trustworthy, "canaries")
        return result

    def _expect_clean(self, archive: Repository) -> None:
        result = self._audit(archive)
        _require(not result.found_damage, "clean audit")
        self.tell(
            "DEMO-CLEAN",
            files=result.files,
            planted=result.canaries.planted,
            found=result.canaries.found,
        )

    def _damage(self, archive: Repository) -> dict[str, str]:
        """One copy is hurt three ways: a byte flipped, a file cut short, a file gone."""
        aip_id = AipId(self.receipts[0].aip_id)
        files = [f for f in archive.catalogue.files(aip_id) if f.role == "data" and f.size_bytes]
        by_ending = {Path(file.logical_path).suffix: file for file in files}
        hurt = [by_ending[ending] for ending in (".pdf", ".jpg", ".docx")]
        (summary,) = archive.catalogue.find(aip_id)
        root = self.folder / "copy-b"
        flipped, cut, gone = (
            root / key_of(summary.place, aip_id, file.content_path) for file in hurt
        )
        content = bytearray(flipped.read_bytes())
        content[len(content) // 2] ^= 0x01
        _force(flipped, bytes(content))
        _force(cut, cut.read_bytes()[:-100])
        gone.unlink()
        names = {file.content_path: Path(file.logical_path).name for file in hurt}
        one, two, three = names.values()
        self.tell("DEMO-DAMAGED", flipped=one, cut=two, gone=three)
        return names

    def _expect_damage(self, archive: Repository, hurt: dict[str, str]) -> None:
        result = self._audit(archive)
        _require({line.path for line in result.damage} == set(hurt), "audit names the damage")
        _require({line.replica for line in result.damage} == {"copy-b"}, "audit names the copy")
        for line in result.damage:
            name = hurt[line.path]
            self.tell("DEMO-FOUND", verdict=line.verdict, replica=line.replica, path=name)

    def _repair(self, archive: Repository) -> None:
        result = repair(archive, agent=OPERATOR, progress=self.progress)
        _require(result.healed == 3 and not result.not_healed, "repair")
        self.tell("DEMO-REPAIRED", healed=result.healed)

    def _lose_everything(self) -> None:
        """Catalogue and configuration are gone, as after a fire in the machine room."""
        archive = self.folder / "archive"
        for path in (*archive.glob(f"{CATALOGUE_FILE}*"), archive / FILE_NAME):
            path.unlink()
        self.tell("DEMO-LOST")

    def _restore_from_one_copy(self) -> None:
        url = (self.folder / "copy-a").as_uri()
        target = self.folder / "restored"
        self.tell("DEMO-RESTORE", url=url)
        backend = open_backend("copy-a", url)
        try:
            replica = attach_by_marker(ReplicaSettings(name="copy-a", url=url, site="?"), backend)
            request = RestoreRequest(target=target, form="submission")
            proof = restore([replica], request, now=utc_now, progress=self.progress)
        finally:
            backend.close()
        _require(proof.complete, "restore")
        for source, receipt in zip(self.submissions, self.receipts, strict=True):
            found = differences(source, target / receipt.aip_id)
            _require(not found, f"{source.name}: {found}")
            self.tell("DEMO-COMPARED", name=source.name)
        self.tell("DEMO-PROVED", files=proof.files)

    def _rebuild(self) -> None:
        """The catalogue comes back from the other copy alone, equal to the lost one."""
        write_config(self.folder / "archive" / FILE_NAME, self._stated)
        rebuild_archive_catalogue(self._settings, only=["copy-b"], progress=self.progress)
        with self._open() as archive:
            _require(_dump(archive) == self.dump, "rebuilt catalogue")
        self.tell("DEMO-REBUILT", lines=self.dump.count("\n"))


def free_folder(parent: Path, name: str = "kho-demo") -> Path:
    """A folder below ``parent`` that is not there yet: ``kho-demo``, ``kho-demo-2``, …"""
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        if not folder.exists():
            return folder
        number += 1


def _settings(folder: Path, lang: Language) -> FileSettings:
    table = {
        "language": lang,
        "repository": {
            "id": new_uuid(),
            "name": "Kho trình diễn",
            "accept_shared_failure_domain": True,
        },
        "replica": [
            {"name": name, "url": (folder / name).as_uri(), "site": f"site of {name}"}
            for name in ("copy-a", "copy-b")
        ],
    }
    return checked(table, "kho demo")


def _dump(archive: Repository) -> str:
    out = io.StringIO()
    archive.catalogue.dump(out)
    return out.getvalue()


def _force(path: Path, content: bytes) -> None:
    """The file's bytes change behind the store's back, as rot changes them."""
    mode = path.stat().st_mode
    path.chmod(0o600)
    path.write_bytes(content)
    path.chmod(mode)


def _require(proved: bool, what: str) -> None:
    if not proved:
        raise DemoFailed(step=what)
