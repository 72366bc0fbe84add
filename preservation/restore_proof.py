"""The restore proof: every file and digest that was given back, and all that was not.

``kho-restore-proof.ndjson`` has a line per file, ``kho-restore-proof.json`` the summary and the
digest of the lines, so that both can be signed, carried away and checked without Kho.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType

from preservation.restore_forms import TargetFile
from preservation.restore_write import FileResult, write_closing_file
from repository.facts import AipFacts
from repository.journal_files import last_line
from repository.replica import Replica
from schemas.errors import KhoError
from schemas.moments import format_moment
from schemas.nouns import Verdict
from schemas.records import Record, encode, encode_line

PROOF = "kho-restore-proof.json"
PROOF_LINES = "kho-restore-proof.ndjson"


class RestoredFile(Record, frozen=True, kw_only=True):
    """One file of the proof. ``verdict`` is ``intact`` when it was given back."""

    aip_id: str
    path: str
    verdict: str
    size: int
    sha256: str
    sha512: str
    already_there: bool = False
    sources: tuple[tuple[str, str], ...] = ()
    """Replicas tried, in order, with what each gave."""


class RestoredAip(Record, frozen=True, kw_only=True):
    """One AIP of the proof."""

    aip_id: str
    version: int
    title: str
    dossier_code: str
    files: int
    bytes: int
    failed: int


class SourceReplica(Record, frozen=True, kw_only=True):
    """A replica that was read."""

    name: str
    replica_id: str
    url: str
    ledger_head: str = ""
    """The hash of the newest line of its journal; empty when that cannot be read."""


class RestoreProof(Record, frozen=True, kw_only=True):
    """The summary: what was asked for is complete, or it says what is missing."""

    format: str = "kho.restore-proof/1"
    repository_id: str
    form: str
    target: str
    started: str
    finished: str
    seconds: float
    complete: bool
    aips: tuple[RestoredAip, ...]
    files: int
    bytes: int
    failed: int
    sources: tuple[SourceReplica, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    """(replica, prefix) of objects that could not be understood anywhere."""
    failures: tuple[RestoredFile, ...] = ()
    lines_sha256: str = ""


class ProofWriter:
    """Collects the proof while a restore runs; the lines go to disk as they come."""

    def __init__(
        self, target: Path, replicas: Sequence[Replica], form: str, started: datetime
    ) -> None:
        self._target = target
        self._replicas = replicas
        self._form = form
        self._started = started
        self._aips: list[RestoredAip] = []
        self._failures: list[RestoredFile] = []
        self._unreadable: list[tuple[str, str]] = []
        self._digest = hashlib.sha256()
        self._present: AipFacts | None = None
        self._files = self._bytes = self._failed = 0
        self._lines = (target / f"{PROOF_LINES}.partial").open("wb")

    def __enter__(self) -> ProofWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.close()
        if error is not None:  # lines without a summary prove nothing
            (self._target / f"{PROOF_LINES}.partial").unlink(missing_ok=True)

    def unreadable(self, replica: str, prefix: str) -> None:
        """An object could not be understood on any replica."""
        self._unreadable.append((replica, prefix))

    def begin(self, facts: AipFacts) -> None:
        """The files that follow are this AIP's."""
        self._present = facts
        self._files = self._bytes = self._failed = 0

    def file(self, aip_id: str, file: TargetFile, result: FileResult) -> None:
        """One file was given back, or was not."""
        line = RestoredFile(
            aip_id=aip_id,
            path=ascii(str(file.path))[1:-1] if not _is_text(str(file.path)) else str(file.path),
            verdict=result.verdict.value,
            size=result.size_bytes,
            sha256=result.sha256,
            sha512=file.sha512,
            already_there=result.already_there,
            sources=result.sources,
        )
        content = encode_line(line)
        self._digest.update(content)
        self._lines.write(content)
        self._files += 1
        self._bytes += result.size_bytes
        if result.verdict is not Verdict.INTACT:
            self._failed += 1
            self._failures.append(line)

    def end(self) -> None:
        """The AIP begun last has no more files."""
        facts = self._present
        if facts is None:
            raise ValueError("end without begin")
        self._aips.append(
            RestoredAip(
                aip_id=facts.aip_id,
                version=facts.version,
                title=facts.title,
                dossier_code=facts.dossier_code,
                files=self._files,
                bytes=self._bytes,
                failed=self._failed,
            )
        )

    def finish(self, finished: datetime) -> RestoreProof:
        """The proof, written into the target."""
        self._lines.close()
        (self._target / f"{PROOF_LINES}.partial").replace(self._target / PROOF_LINES)
        failed = sum(aip.failed for aip in self._aips)
        proof = RestoreProof(
            repository_id=self._replicas[0].marker.repository_id,
            form=self._form,
            target=str(self._target),
            started=format_moment(self._started),
            finished=format_moment(finished),
            seconds=round((finished - self._started).total_seconds(), 3),
            complete=failed == 0 and not self._unreadable,
            aips=tuple(self._aips),
            files=sum(aip.files for aip in self._aips),
            bytes=sum(aip.bytes for aip in self._aips),
            failed=failed,
            sources=tuple(
                SourceReplica(
                    name=replica.name,
                    replica_id=replica.marker.replica_id,
                    url=replica.backend.url,
                    ledger_head=_head_of(replica),
                )
                for replica in self._replicas
            ),
            unreadable=tuple(self._unreadable),
            failures=tuple(self._failures),
            lines_sha256=self._digest.hexdigest(),
        )
        write_closing_file(self._target / PROOF, encode(proof))
        return proof


def _head_of(replica: Replica) -> str:
    try:
        last = last_line(replica.backend)
    except KhoError:
        return ""
    return last.hash if last is not None else ""


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
