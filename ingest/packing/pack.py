"""Packs a folder by its list: every dossier a package, or nothing and a finding per mistake."""

from __future__ import annotations

import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from ingest.lists.mapping import Columns
from ingest.lists.reading import read_list
from ingest.packing.check import strict_findings
from ingest.packing.files import FolderFiles
from ingest.packing.general import General, general_findings, read_general
from ingest.packing.order import OrderedDossier, Orders
from ingest.packing.package import SipWriter
from ingest.packing.template import CODE_SHEET
from preservation.formats.engine import Identifier
from preservation.formats.sheets.reading import SheetReader, sheet_reader
from preservation.workers import WorkerFailed, WorkerPool
from schemas.digests import CHUNK_BYTES
from schemas.errors import ConfigError
from schemas.findings import Finding, Severity
from schemas.ids import new_uuid
from schemas.progress import Progress
from schemas.tt05_names import vietnam_moment

_ZIP = ".zip"


class OutputInTheWay(ConfigError):
    """Something is where a package was to be written; nothing was."""

    code = "PACK-OUT-EXISTS"


class OneDossierPerZip(ConfigError):
    """A zip holds one dossier and the list has several."""

    code = "PACK-ONE-PER-ZIP"


@dataclass(frozen=True, slots=True)
class Package:
    """One package that was written."""

    path: Path
    objid: str
    dossier_code: str
    title: str
    documents: int
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Packed:
    """What came of a run: packages, or findings of weight error and no package at all."""

    packages: tuple[Package, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether something has to be mended first."""
        return any(each.severity.rank >= Severity.ERROR.rank for each in self.findings)


@dataclass(frozen=True)
class Packer:
    """Everything packing needs besides folder and list. ``as_folders`` leaves packages
    unzipped."""

    pool: WorkerPool
    identifier: Identifier
    columns: Columns
    general: General
    software: tuple[str, str]
    now: datetime
    progress: Progress
    as_folders: bool = False
    new_id: Callable[[], str] = field(default=new_uuid)

    def pack(self, folder: Path, listing: Path, out: Path) -> Packed:
        """A package for each dossier of the list, in ``out`` or, for one dossier, the zip
        ``out``. With any mistake nothing is written and the findings say what to mend.

        :class:`OutputInTheWay`, :class:`OneDossierPerZip`: the command was not meant so.
        """
        read: SheetReader = sheet_reader(self.pool)
        listed = read_list(read(listing), self.columns, strict=True)
        # Our own template hides its code lists: nobody need be told.
        hidden = ("SHEET-HIDDEN", CODE_SHEET)
        findings = [each for each in listed.findings if (each.code, each.where) != hidden]
        if not listed.dossiers:
            return Packed(findings=tuple(findings))
        files = FolderFiles(folder, frozenset((listing,)))
        general = self.general.over(read_general(listed.book))
        findings += general_findings(listed.book)
        orders = Orders(self.columns, files, general, lambda path: self._pages(files.path(path)))
        ordered = orders.of(listed)
        findings += orders.findings
        if Packed(findings=tuple(findings)).refused:
            return Packed(findings=tuple(findings))
        return self._written(ordered, files, general, out, findings)

    def _pages(self, path: Path) -> int | None:
        """The pages of a PDF; None for anything else and for what cannot be opened."""
        if path.suffix.lower() != ".pdf":
            return None
        try:
            told = self.pool.run("validate", path, {"validator": "pdf"})
        except WorkerFailed:
            return None
        pages = told.get("facts", {}).get("pages")
        return pages if isinstance(pages, int) and pages > 0 else None

    def _written(
        self,
        ordered: list[OrderedDossier],
        files: FolderFiles,
        general: General,
        out: Path,
        findings: list[Finding],
    ) -> Packed:
        zipped = out.suffix.lower() == _ZIP
        if zipped and len(ordered) > 1:
            raise OneDossierPerZip(where=str(out), count=len(ordered))
        if zipped and out.exists():
            raise OutputInTheWay(where=str(out))
        parent = out.parent if zipped else out
        parent.mkdir(parents=True, exist_ok=True)
        work = parent / f".kho-pack-{new_uuid()}"
        work.mkdir(mode=0o700)
        created = vietnam_moment(self.now)
        writer = SipWriter(files, general, self.identifier, self.software, created, self.progress)
        try:
            made = [self._package(writer, each, work, findings) for each in ordered]
            if Packed(findings=tuple(findings)).refused:
                return Packed(findings=tuple(findings))
            packages = [
                self._published(each, number, work, out, zipped=zipped)
                for number, each in enumerate(made, start=1)
            ]
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return Packed(tuple(packages), tuple(findings))

    def _package(
        self, writer: SipWriter, dossier: OrderedDossier, work: Path, findings: list[Finding]
    ) -> Package:
        objid = f"uuid-{self.new_id().upper()}"
        place = work / objid
        writer.write(dossier, objid, place)
        for finding in strict_findings(place, self.identifier, self.now):
            where = f"{dossier.code}: {finding.where}" if finding.where else dossier.code
            findings.append(Finding(finding.code, finding.severity, where, finding.fields))
        sizes = [p.stat().st_size for p in place.rglob("*") if p.is_file()]
        return Package(
            place,
            objid,
            dossier.code,
            dossier.fields["title"],
            len(dossier.documents),
            len(sizes),
            sum(sizes),
        )

    def _published(
        self, made: Package, number: int, work: Path, out: Path, *, zipped: bool
    ) -> Package:
        """The package under its own name, whole: renamed into place when nothing is left to
        do. A zip in a folder of packages is named by its place in the submission."""
        if self.as_folders and not zipped:
            source, target = made.path, out / made.objid
        else:
            source = work / f"{made.objid}{_ZIP}"
            zip_package(made.path, source)
            target = out if zipped else out / f"{number}{made.objid}{_ZIP}"
        if target.exists():
            raise OutputInTheWay(where=str(target))
        source.rename(target)
        _settle(target.parent)
        return Package(
            target,
            made.objid,
            made.dossier_code,
            made.title,
            made.documents,
            made.files,
            made.bytes,
        )


def zip_package(package: Path, target: Path) -> None:
    """The package as a zip with one top folder, ``METS.xml`` first; durable."""
    names = sorted(p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file())
    names.sort(key=lambda name: name != "METS.xml")
    with target.open("xb") as stream:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name in names:
                entry = zipfile.ZipInfo.from_file(
                    package / name, f"{package.name}/{name}", strict_timestamps=False
                )
                entry.compress_type = zipfile.ZIP_DEFLATED
                large = entry.file_size >= 1 << 31
                with (
                    (package / name).open("rb") as source,
                    archive.open(entry, "w", force_zip64=large) as member,
                ):
                    shutil.copyfileobj(source, member, CHUNK_BYTES)
        stream.flush()
        os.fsync(stream.fileno())


def _settle(folder: Path) -> None:
    """The names in the folder are durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
