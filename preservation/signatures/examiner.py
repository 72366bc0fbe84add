"""The judges' counter: files in, signature reports out; everything hostile happens in workers.

Results are remembered by the file's digest within one examiner, which stands for one trust
snapshot, one policy and one moment, so an annex attached to a hundred dossiers is verified
once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from preservation.signatures.companions import content_of_cms, content_of_xml
from preservation.signatures.facts import CONTENTS_CAP_BYTES, SIGNATURES_CAP, Question
from preservation.signatures.kinds import Carrier, carrier_of
from preservation.signatures.reporting import JOB, VERIFIER, Reporting, library_versions
from preservation.signatures.trust import TrustSnapshot
from preservation.signatures.verdict import SignaturePolicy, load_policy
from preservation.workers import WorkerPool
from schemas.moments import Clock, format_moment, utc_now
from schemas.nouns import SignatureBasis, SignatureReport

Key = TypeVar("Key")

UNSIGNED = SignatureReport("none")

_VERIFIED = frozenset(
    {Carrier.PDF, Carrier.CMS, Carrier.XML, Carrier.ASIC, Carrier.ODF, Carrier.OOXML}
)
"""The kinds that are verified; the others are recorded as present, not verified."""

_DETACHABLE = frozenset({Carrier.CMS, Carrier.XML})
"""The kinds that may cover another file of the package."""


class KeptResults(Protocol):
    """Results that outlive one examiner, by a key over all that they depend on."""

    def get(self, key: str) -> SignatureReport | None:
        """The report kept under ``key``, if it holds now and all it rests on is kept."""

    def keep(self, key: str, report: SignatureReport) -> None:
        """The report may answer for ``key`` while it holds (``holds_until``)."""


_CHUNK = 512
"""How many files are looked at before the first of them is sent to a worker."""


@dataclass(frozen=True, slots=True)
class Item(Generic[Key]):
    """One file to examine. ``name`` is its path in the package, by which detached signatures
    find it; ``digest`` lets results be reused; ``puids`` are kept for kinds to come."""

    key: Key
    path: Path
    name: str = ""
    mime: str = ""
    puids: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Mark:
    """What makes two files one job: the same bytes, beside the same bytes, of the same kind.

    ``number`` is 0 where digests say so, and tells files apart where they are not known.
    ``beside`` holds URI, path and digest of what a detached signature covers.
    """

    carrier: Carrier
    digest: str
    number: int
    beside: tuple[tuple[str, str, str], ...] = ()

    @property
    def content(self) -> tuple[object, ...]:
        """The mark without paths, which differ from package to package."""
        beside = tuple((uri, digest) for uri, _, digest in self.beside)
        return self.carrier, self.digest, self.number, beside


_Groups = dict[_Mark, list[Item[Key]]]


class SignatureExaminer:
    """Examines files with one trust snapshot and one policy.

    ``moment`` is when the examination counts as made. ``proven_at`` examines files that are
    known to have existed unchanged since then (re-validation with later revocation data).
    Into the folder ``evidence`` workers write, by sha256, what verdicts rest on. ``kept`` are
    results of other examiners, and where this one's go. ``etsi`` asks for ETSI reports.
    """

    def __init__(
        self,
        pool: WorkerPool,
        snapshot: TrustSnapshot | None = None,
        policy: SignaturePolicy | None = None,
        *,
        clock: Clock = utc_now,
        proven_at: datetime | None = None,
        evidence: Path | None = None,
        kept: KeptResults | None = None,
        etsi: bool = False,
        contents_cap_bytes: int = CONTENTS_CAP_BYTES,
        signatures_cap: int = SIGNATURES_CAP,
    ) -> None:
        self.snapshot = snapshot or TrustSnapshot()
        self.policy = policy or load_policy()
        self._pool = pool
        self._question = Question(
            moment=format_moment(proven_at or clock()),
            proven=proven_at is not None,
            snapshot=self.snapshot.sha256,
            manifest=self._manifest(),
            evidence="" if evidence is None else os.fspath(evidence.absolute()),
            etsi=etsi,
            contents_cap_bytes=contents_cap_bytes,
            signatures_cap=signatures_cap,
        )
        self._reporting = Reporting(self.snapshot, self.policy, self._question)
        self._known: dict[tuple[object, ...], SignatureReport] = {}
        self._kept = kept

    @property
    def basis(self) -> SignatureBasis:
        """What every decision rests on, for events and reports."""
        return self._reporting.basis

    def examine(self, path: Path, *, name: str = "") -> SignatureReport:
        """The report on one file."""
        ((_, report),) = self.examine_many([Item(None, path, name)])
        return report

    def examine_many(self, items: Iterable[Item[Key]]) -> Iterator[tuple[Key, SignatureReport]]:
        """One report per item, as they come; order is not kept, keys are.

        Detached signatures come last: what they cover is looked for among all the items. What
        gives its items anew each time is gone through a second time for that, so that those of
        a great package are not all held; a plain iterator's are.
        """
        again = list(items) if isinstance(items, Iterator) else items
        remaining = iter(again)
        detachable: list[tuple[Item[Key], Carrier]] = []
        while chunk := list(islice(remaining, _CHUNK)):
            yield from self._examine(chunk, detachable)
        package = {item.name or item.path.name: item for item in again} if detachable else {}
        paths = {name: item.path for name, item in package.items()}
        digests = {item.path: item.digest for item in package.values()}
        jobs: _Groups[Key] = {}
        for number, (item, carrier) in enumerate(detachable):
            beside = self._companions(item, carrier, paths)
            known = item.digest and all(digests.get(path) for path in beside.values())
            mark = _Mark(
                carrier,
                item.digest,
                0 if known else number + 1,
                tuple((uri, str(path), digests.get(path, "")) for uri, path in beside.items()),
            )
            jobs.setdefault(mark, []).append(item)
        yield from self._run(jobs)

    def _examine(
        self, chunk: list[Item[Key]], detachable: list[tuple[Item[Key], Carrier]]
    ) -> Iterator[tuple[Key, SignatureReport]]:
        jobs: _Groups[Key] = {}
        for number, item in enumerate(chunk):
            try:
                carrier = carrier_of(item.path, name=item.name, mime=item.mime)
            except OSError as error:
                yield item.key, self._reporting.unreadable(str(error))
                continue
            if carrier == Carrier.NONE:
                yield item.key, UNSIGNED
            elif carrier not in _VERIFIED:
                yield item.key, self._reporting.not_verified(carrier)
            elif carrier in _DETACHABLE:
                detachable.append((item, carrier))
            else:
                mark = _Mark(carrier, item.digest, 0 if item.digest else number + 1)
                jobs.setdefault(mark, []).append(item)
        yield from self._run(jobs)

    def _run(self, jobs: _Groups[Key]) -> Iterator[tuple[Key, SignatureReport]]:
        for mark in list(jobs):
            report = self._known.get(mark.content) or self._recalled(mark)
            if report is not None:
                yield from ((item.key, report) for item in jobs.pop(mark))
        pending = ((mark, group[0].path, self._params(mark)) for mark, group in jobs.items())
        for mark, outcome in self._pool.map(JOB, pending):
            report = self._reporting.of_answer(outcome, mark.carrier)
            if mark.number == 0 and not report.not_checked:
                self._known[mark.content] = report
                if self._kept is not None:
                    self._kept.keep(self._key(mark), report)
            yield from ((item.key, report) for item in jobs[mark])

    def _recalled(self, mark: _Mark) -> SignatureReport | None:
        """What another examiner found of the same bytes with the same trust and policy."""
        if self._kept is None or mark.number:
            return None
        report = self._kept.get(self._key(mark))
        if report is not None:
            self._known[mark.content] = report
        return report

    def _key(self, mark: _Mark) -> str:
        """All that a result depends on, but for the present moment of a live examination."""
        asked = self._question
        moment = asked.moment if asked.proven else ""
        caps = (asked.contents_cap_bytes, asked.signatures_cap, asked.etsi)
        rests = (VERIFIER, library_versions(), self.snapshot.sha256, self.policy.sha256)
        parts = (*mark.content, *rests, moment, *caps)
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def _companions(
        self, item: Item[Key], carrier: Carrier, package: dict[str, Path]
    ) -> dict[str, Path]:
        name = item.name or item.path.name
        if carrier == Carrier.CMS:
            return content_of_cms(name, package)
        try:
            return content_of_xml(name, item.path, package)
        except OSError:
            return {}  # the worker will meet the same error, and say so

    def _params(self, mark: _Mark) -> dict[str, Any]:
        return {
            "carrier": str(mark.carrier),
            "question": self._question,
            # A worker stands in a folder of its own.
            "companions": {uri: os.fspath(Path(path).absolute()) for uri, path, _ in mark.beside},
        }

    def _manifest(self) -> str:
        if not self.snapshot.files:
            return ""
        return os.fspath(self.snapshot.write_manifest(self._pool.scratch))
