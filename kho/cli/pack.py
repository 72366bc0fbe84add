"""``kho pack``: a folder and a list become packages that the archive takes; needs no archive."""

from __future__ import annotations

import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.findings_told import tell_findings
from kho.cli.judged import recorded
from kho.cli.output import print_json
from kho.cli.session import Session
from schemas.moments import utc_now
from schemas.records import FindingRecord

if TYPE_CHECKING:
    from ingest.packing.general import General
    from ingest.packing.pack import Packed


class PackedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One package that was written."""

    path: str
    objid: str
    dossier_code: str
    title: str
    documents: int
    files: int
    bytes: int


class PackReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho pack --json`` prints; with a finding of weight error nothing was written."""

    packages: tuple[PackedPackage, ...]
    findings: tuple[FindingRecord, ...]


@command("pack", code="CLI-PACK", printed=PackReport)
@argument(
    "folder",
    metavar="FOLDER",
    required=False,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="CLI-PACK-FOLDER",
)
@option(
    "--list",
    "listing",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CLI-PACK-LIST",
)
@option("--out", metavar="DIR|ZIP", type=click.Path(path_type=Path), help="CLI-PACK-OUT")
@option("--fonds", metavar="CODE", default="", help="CLI-PACK-FONDS")
@option("--organ", metavar="NAME", default="", help="CLI-PACK-ORGAN")
@option("--unzipped", is_flag=True, help="CLI-PACK-UNZIPPED")
@option("--template", metavar="FILE", type=click.Path(path_type=Path), help="CLI-PACK-TEMPLATE")
@json_option
def pack(
    session: Session,
    folder: Path | None,
    listing: Path | None,
    out: Path | None,
    fonds: str,
    organ: str,
    unzipped: bool,
    template: Path | None,
    as_json: bool,
) -> int:
    """Either the empty list is written, or the packages, or nothing and what to mend."""
    from ingest.packing.general import General

    if template is not None:
        return _write_template(session, template)
    if folder is None or listing is None:
        raise click.UsageError(session.say("CLI-PACK-WHAT"))
    target = out or session.here / "sip"
    packed = _packed(session, folder, listing, target, General(fonds, organ), unzipped=unzipped)
    if as_json:
        print_json(_report(session, packed))
    else:
        _tell(session, packed)
    return Exit.DAMAGE_FOUND if packed.refused else Exit.DONE


def _write_template(session: Session, path: Path) -> Exit:
    from ingest.lists.mapping import shipped_columns
    from ingest.packing.pack import OutputInTheWay
    from ingest.packing.template import write_template

    try:
        write_template(path, shipped_columns("tt05"), session.language)
    except FileExistsError as error:
        raise OutputInTheWay(where=str(path)) from error
    session.tell("CLI-PACK-TEMPLATE-WRITTEN", path=path)
    return Exit.DONE


def _packed(
    session: Session, folder: Path, listing: Path, out: Path, general: General, *, unzipped: bool
) -> Packed:
    from ingest.lists.mapping import shipped_columns
    from ingest.packing.pack import Packer
    from preservation.formats.engine import Identifier
    from preservation.formats.signature_set import SignatureSet
    from preservation.workers import WorkerPool

    with (
        tempfile.TemporaryDirectory(prefix="kho-pack-") as scratch,
        WorkerPool(workers=1, scratch=Path(scratch)) as pool,
        session.progress() as progress,
    ):
        packer = Packer(
            pool=pool,
            identifier=Identifier(SignatureSet.load_default()),
            columns=shipped_columns("tt05"),
            general=general,
            software=("Kho", version("kho")),
            now=utc_now(),
            progress=progress,
            as_folders=unzipped,
        )
        return packer.pack(folder, listing, out)


def _report(session: Session, packed: Packed) -> PackReport:
    return PackReport(
        packages=tuple(
            PackedPackage(
                path=str(each.path),
                objid=each.objid,
                dossier_code=each.dossier_code,
                title=each.title,
                documents=each.documents,
                files=each.files,
                bytes=each.bytes,
            )
            for each in packed.packages
        ),
        findings=tuple(recorded(session, packed.findings)),
    )


def _tell(session: Session, packed: Packed) -> None:
    tell_findings(session, packed.findings)
    if packed.refused:
        errors = sum(each.severity.value == "error" for each in packed.findings)
        session.tell("CLI-PACK-REFUSED", count=errors)
        return
    for package in packed.packages:
        session.tell(
            "CLI-PACK-WRITTEN",
            path=package.path,
            dossier=package.dossier_code,
            documents=package.documents,
        )
    session.tell("CLI-PACK-DONE", count=len(packed.packages))
