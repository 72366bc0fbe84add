"""Archives that receive signed dossiers, at a moment of the test's choosing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from ingest.desk import Desk, open_desk
from ingest.pipeline import ingest
from ingest.settings import IngestSettings
from kit.archives import TestBed, make_bed
from kit.desk import OPERATOR, SOFTWARE, write_files
from kit.pki import NOW, pki
from preservation.trust_keeping import current_trust, import_trust
from repository.aip.paths import OTHER, SIGNATURES
from repository.aip.verdicts import Verdict
from repository.aip.views import CopyView, read_verified
from repository.archive import Repository
from repository.evidence import REPORT, EvidenceRecord
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import read_object
from schemas.ids import AipId, ocfl_id
from schemas.nouns import Place
from schemas.records import Receipt, decode

AGENTS = (SOFTWARE, OPERATOR)


def dated_bed(folder: Path, moment: datetime = NOW, **changes: Any) -> TestBed:
    """An archive whose clock stands at ``moment``."""
    bed = make_bed(folder, **changes)
    bed.clock.start = moment
    return bed


def import_roots(archive: Repository, folder: Path, *anchors: str) -> None:
    """The root (or these) is an anchor; nothing is known of revocation yet."""
    target = folder / "roots"
    target.mkdir()
    for name in anchors or ("root",):
        (target / f"{name}.cer").write_bytes(pki().certificate(name).dump())
    import_trust(archive, [target], anchor_set="cong-vu", agents=AGENTS)


def import_lists(archive: Repository, folder: Path, moment: datetime = NOW) -> None:
    """The revocation lists that both authorities had published at ``moment``."""
    target = folder / f"lists-{moment:%Y%m%d%H%M}"
    target.mkdir()
    for issuer in ("root", "sub"):
        (target / f"{issuer}.crl").write_bytes(pki().crl(issuer, moment))
    import_trust(archive, [target], agents=AGENTS)


def receive(
    archive: Repository, source: Path, files: Mapping[bytes, bytes] | None = None
) -> Receipt:
    """The files under ``source`` (written there first) through the whole pipeline."""
    if files is not None:
        source.mkdir()
        write_files(source, files)
    with signed_desk(archive) as desk:
        return ingest(source, desk, fonds="TL05")


def signed_desk(archive: Repository) -> Any:
    """A desk with one worker and the trust that is in use."""
    return open_desk(
        archive,
        IngestSettings(workers=1),
        operator=OPERATOR,
        software=SOFTWARE,
        trust=current_trust(archive),
    )


def take(desk: Desk, source: Path) -> Receipt:
    """One submission at an open desk."""
    return ingest(source, desk, fonds="TL05")


def _view(archive: Repository, aip_id: str, replica: str) -> CopyView:
    prefix = object_prefix(Place.ARCHIVE, ocfl_id(AipId(aip_id)))
    return CopyView(read_object(archive.replica(replica).backend, prefix))


def stored_bytes(archive: Repository, aip_id: str, path: str, replica: str = "alpha") -> bytes:
    """A file of the AIP as one replica holds it, verified."""
    return read_verified(_view(archive, aip_id, replica), path)


def stored_verdicts(archive: Repository, aip_id: str) -> dict[str, Verdict]:
    """The verdicts that ingest wrote into the dossier, by file name."""
    lines = stored_bytes(archive, aip_id, SIGNATURES).splitlines()
    found = [msgspec.json.decode(line, type=Verdict) for line in lines]
    return {Path(verdict.path).name: verdict for verdict in found}


def stored_evidence(archive: Repository, aip_id: str, replica: str = "alpha") -> EvidenceRecord:
    """What the dossier says its verdicts rest on."""
    return decode(stored_bytes(archive, aip_id, f"{OTHER}{REPORT}", replica), EvidenceRecord)
