"""Building an AIP: descriptive files, reports, PREMIS, METS, inventory; then the seal.

Data flows one way: what a later file refers to is written before it, so that every reference
carries the size and digest of bytes that are final. Memory grows with the number of files by
their facts only; METS and PREMIS are streamed.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from repository.aip import paths
from repository.aip.admission import (
    admission_of,
    finding_records,
    format_line,
)
from repository.aip.build import INVENTORY_FILE, SealedBuild, seal
from repository.aip.content_lists import ContentLists
from repository.aip.generated import GeneratedFiles
from repository.aip.packaging import Packaging
from repository.aip.packaging_tt05 import Tt05Packaging
from repository.aip.packaging_tt05_fields import is_tt05
from repository.aip.plan import AipPlan
from repository.aip.submission_map import write_submission_map
from repository.aip.verdicts import verdict_of
from repository.ocfl.claims import VersionRef
from repository.ocfl.inventory import User
from repository.ocfl.written import write_first_inventory
from schemas.ids import RepositoryId, new_uuid, ocfl_id
from schemas.moments import format_moment
from schemas.nouns import FileRole
from schemas.records import Receipt, encode, encode_line

SOFTWARE = "Kho"


def build_aip(plan: AipPlan, folder: Path, *, repository_id: RepositoryId) -> SealedBuild:
    """The plan's first version is complete in ``folder``, sealed and durable."""
    generated = GeneratedFiles(folder)
    _write_reports(plan, generated, repository_id)
    packaging = Tt05Packaging if is_tt05(plan.draft.profile) else Packaging
    packaging(plan, generated, repository_id).write()
    message = f"Ingest: {plan.outcome.value}"
    content = ContentLists(plan, folder, generated.all(), signed=_any_signed(plan))
    content.write()
    with (folder / INVENTORY_FILE).open("wb") as out:
        write_first_inventory(
            out,
            ocfl_id(plan.aip_id),
            content.files,
            created=format_moment(plan.created),
            message=message,
            user=User(name=SOFTWARE, address=f"urn:uuid:{repository_id}"),
        )
    return seal(
        folder,
        ref=VersionRef(plan.place, plan.aip_id, 1),
        access=plan.draft.access,
        created=format_moment(plan.created),
        message=message,
        receipt=draft_receipt(plan),
    )


def draft_receipt(plan: AipPlan) -> Receipt:
    """The receipt as far as it is known before the copies exist."""
    data = [file for file in plan.draft.files if file.role is FileRole.DATA]
    return Receipt(
        receipt_id=new_uuid(),
        source=plan.source,
        profile=plan.draft.profile,
        outcome=plan.outcome.value,
        state="",
        aip_id=plan.aip_id,
        submission_digest=plan.submission_digest,
        fonds=plan.draft.fonds,
        dossier_code=plan.draft.dossier_code,
        title=plan.draft.title,
        files=len(data),
        bytes=sum(file.size_bytes for file in data),
        warnings=sum(finding.severity == "warning" for finding in plan.findings),
        received=format_moment(plan.received),
        finished="",
        findings=finding_records(plan),
        not_checked=plan.not_checked,
        archive=plan.archive_name,
        archive_code=plan.archive_code,
        received_by=plan.received_by,
        submitter=plan.draft.submitter,
        submitter_code=plan.draft.submitter_code,
        registration=plan.draft.registration,
        ruling=plan.ruling,
    )


def _write_reports(plan: AipPlan, generated: GeneratedFiles, repository_id: RepositoryId) -> None:
    def formats(out: BinaryIO) -> None:
        out.writelines(
            encode_line(format_line(path, plan.formats[path])) for path in sorted(plan.formats)
        )

    def signatures(out: BinaryIO) -> None:
        reports = plan.signatures
        digests = {file.logical_path: file.digests.sha256 for file in plan.draft.files}
        out.writelines(
            encode_line(verdict_of(path, digests.get(path, ""), reports[path]))
            for path in sorted(reports)
        )

    generated.write(paths.FORMATS, formats)
    if _any_signed(plan):
        generated.write(paths.SIGNATURES, signatures)
    for name in sorted(plan.reports):
        generated.write(f"{paths.OTHER}{name}", plan.reports[name])
    admission = encode(admission_of(plan, repository_id))
    generated.write(paths.ADMISSION, lambda out: _put(out, admission))
    folder = paths.submission_folder(plan.draft.submission_id or ocfl_id(plan.aip_id))
    generated.write(f"{folder}{paths.MAP_NAME}", lambda out: write_submission_map(out, plan.draft))


def _any_signed(plan: AipPlan) -> bool:
    return any(report.decision != "none" for report in plan.signatures.values())


def _put(out: BinaryIO, content: bytes) -> None:
    out.write(content)
