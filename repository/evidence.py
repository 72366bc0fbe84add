"""Evidence of signature verdicts: each certificate, list, response and stamp stored once.

What a verdict used is an administrative AIP before the verdict counts; the dossier names it by
digest and says where it is. A crash in between leaves evidence without a verdict, never a
verdict without its evidence.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from repository.administrative import store_administrative
from repository.archive import Repository
from repository.catalogue import KeptFile
from repository.ocfl.claims import VersionTaken
from schemas.digests import digests_of
from schemas.events import Agent
from schemas.ids import AipId
from schemas.moments import format_moment
from schemas.nouns import Access, SignatureReport
from schemas.records import Record, encode

KIND = "signature-evidence"
REPORT = "signature-evidence.json"
"""In ``metadata/other/`` of a dossier whose verdicts rest on anything."""

_ENDINGS = {"certificate": ".cer", "crl": ".crl", "ocsp": ".ors", "timestamp": ".tst"}


class EvidencePlace(Record, frozen=True, kw_only=True):
    """Where one piece of evidence is stored; ``ref`` is ``<kind>:<sha256>``."""

    ref: str
    aip_id: str
    path: str


class EvidenceRecord(Record, frozen=True, kw_only=True):
    """``signature-evidence.json``: all that a dossier's verdicts rest on, and where it is.

    ``missing`` names what could not be kept: such a verdict cannot be made again from here.
    """

    format: str = "kho.signature-evidence/1"
    kept: tuple[EvidencePlace, ...] = ()
    missing: tuple[str, ...] = ()


class EvidenceNote(Record, frozen=True, kw_only=True):
    """``evidence.json`` of an evidence AIP: for which dossier it was first needed."""

    format: str = "kho.evidence-note/1"
    needed_by: str
    access: str
    """Where it may be; the same evidence for a dossier that may go further is another AIP."""
    refs: tuple[str, ...]


class EvidenceStore:
    """The archive's evidence, as one process sees it."""

    def __init__(self, archive: Repository, folder: Path, agents: Sequence[Agent]) -> None:
        self._archive = archive
        self._agents = tuple(agents)
        self.folder = folder
        """Where workers put what they used, by sha256."""

    def keep(self, refs: Iterable[str], *, needed_by: AipId, access: Access) -> EvidenceRecord:
        """Everything named is stored on the archive's replicas; at most one new AIP.

        What is known already is not stored again, unless it is stored only where a dossier
        of ``access`` may not be: the evidence must be wherever such a dossier may be.
        """
        wanted = sorted(set(refs))
        access = max(access, Access.RESTRICTED, key=lambda level: level.rank)
        found = self._places(wanted, access)
        files = {
            _name(ref): content
            for ref in wanted
            if ref not in found and (content := self._content(ref)) is not None
        }
        if files:
            self._store(files, needed_by, access)
            found = self._places(wanted, access)
        return EvidenceRecord(
            kept=tuple(
                EvidencePlace(ref=ref, aip_id=found[ref].aip_id, path=found[ref].logical_path)
                for ref in wanted
                if ref in found
            ),
            missing=tuple(ref for ref in wanted if ref not in found),
        )

    def has_all(self, refs: Iterable[str]) -> bool:
        """Whether everything named is stored somewhere."""
        digests = {_digest(ref) for ref in refs}
        return self._archive.catalogue.kept_evidence(digests).keys() == digests

    def _store(self, files: dict[str, bytes], needed_by: AipId, access: Access) -> None:
        note = EvidenceNote(needed_by=needed_by, access=access.value, refs=tuple(sorted(files)))
        try:
            store_administrative(
                self._archive,
                kind=KIND,
                title=f"Signature evidence: {len(files)} pieces",
                files={**files, "evidence.json": encode(note)},
                agents=self._agents,
                detail=f"{len(files)} pieces, first needed by {needed_by}",
                access=access,
            )
        except VersionTaken:
            # Another process keeps the same for the same dossier; it is there, or we fail.
            if not self.has_all(f"?:{digests_of(content).sha256}" for content in files.values()):
                raise

    def _places(self, refs: Sequence[str], access: Access) -> dict[str, KeptFile]:
        """The oldest place of each that a dossier of ``access`` may lean on."""
        kept = self._archive.catalogue.kept_evidence({_digest(ref) for ref in refs})
        places: dict[str, KeptFile] = {}
        for ref in refs:
            for place in kept.get(_digest(ref), ()):
                if place.access.rank <= access.rank:
                    places.setdefault(ref, place)
        return places

    def _content(self, ref: str) -> bytes | None:
        """The bytes a worker left, if they are what their name says."""
        try:
            content = (self.folder / _digest(ref)).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == _digest(ref) else None


def evidence_store(
    archive: Repository, scratch: Path, *, agents: Sequence[Agent]
) -> EvidenceStore:
    """The archive's evidence, with a folder below ``scratch`` for what workers use."""
    folder = scratch / "evidence"
    folder.mkdir(mode=0o700)
    return EvidenceStore(archive, folder, agents)


class KeptVerdicts:
    """Results of earlier examinations, used again while they hold and their evidence is kept."""

    def __init__(self, archive: Repository, evidence: EvidenceStore) -> None:
        self._archive = archive
        self._evidence = evidence
        archive.catalogue.forget_signature_results(format_moment(archive.now()))

    def get(self, key: str) -> SignatureReport | None:
        """The report kept under ``key``, if it holds now and all it rests on is stored."""
        now = format_moment(self._archive.now())
        content = self._archive.catalogue.signature_result(key, now)
        if content is None:
            return None
        try:
            report = msgspec.json.decode(content, type=SignatureReport)
        except msgspec.MsgspecError:
            return None
        refs = {ref for signature in report.signatures for ref in signature.evidence}
        return report if self._evidence.has_all(refs) else None

    def keep(self, key: str, report: SignatureReport) -> None:
        """The report may answer for ``key`` from now until it no longer holds."""
        now = format_moment(self._archive.now())
        if report.holds_until > now:
            self._archive.catalogue.keep_signature_result(
                key, msgspec.json.encode(report), made=now, holds_until=report.holds_until
            )


def _digest(ref: str) -> str:
    return ref.partition(":")[2]


def _name(ref: str) -> str:
    kind, _, digest = ref.partition(":")
    return f"{kind}/{digest}{_ENDINGS.get(kind, '.der')}"
