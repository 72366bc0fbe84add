"""Revocation data fetched from the hosts that the settings name, and kept like what is imported.

Nothing is asked unless hosts are named; nothing is kept that no known authority signed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from preservation.signatures.publishing import Publications, Question
from preservation.signatures.trust import TrustRole
from preservation.trust_keeping import current_trust, import_trust, kept_trust
from preservation.trust_network import FetchFailed, FetchRefused, LimitedClient
from repository.administrative import administrative_aips, cached_files
from repository.archive import Repository
from repository.evidence import KIND as EVIDENCE
from schemas.digests import digests_of
from schemas.errors import ConfigError
from schemas.events import Agent
from schemas.progress import NoProgress, Progress
from schemas.records import Record

_ENDINGS = {TrustRole.CRL: ".crl", TrustRole.OCSP: ".ors"}


class NetworkOff(ConfigError):
    """No host is named in ``[trust.network]``; nothing was asked."""

    code = "TRUST-NETWORK-OFF"


class Fetched(Record, frozen=True, kw_only=True):
    """One answer. ``is_new``: the archive had not kept it yet."""

    url: str
    role: str
    sha256: str
    bytes: int
    is_new: bool


class NotFetched(Record, frozen=True, kw_only=True):
    """One question without a usable answer, and why; ``refused`` when our own rules said no."""

    url: str
    reason: str
    refused: bool


class TrustFetch(Record, frozen=True, kw_only=True):
    """What one run came to. ``not_named`` are addresses whose host the settings do not name."""

    format: str = "kho.trust-fetch/1"
    fetched: tuple[Fetched, ...] = ()
    failed: tuple[NotFetched, ...] = ()
    not_named: tuple[str, ...] = ()
    aip_id: str = ""
    state: str = ""


def fetch_trust(
    archive: Repository,
    client: LimitedClient,
    *,
    agents: Sequence[Agent],
    progress: Progress | None = None,
) -> TrustFetch:
    """What the known certificates' authorities publish is asked for, and what is new is stored
    and in use, in one administrative AIP."""
    progress = progress or NoProgress()
    archive.prepare_to_write()
    certificates = list(_evidence_certificates(archive))
    published = Publications(current_trust(archive), certificates)
    known = {kept.file.sha256 for kept in kept_trust(archive)}
    questions = published.questions(archive.now())
    named = [question for question in questions if client.may_ask(question.url)]
    progress.phase("PROGRESS-FETCH", files_total=len(named))
    with tempfile.TemporaryDirectory(prefix="kho-") as name:
        folder = Path(name)
        fetched: list[Fetched] = []
        failed: list[NotFetched] = []
        for question in named:
            progress.advance(files=1)
            try:
                content = _asked(client, published, question)
            except (FetchRefused, FetchFailed) as error:
                refused = isinstance(error, FetchRefused)
                failed.append(NotFetched(url=question.url, reason=str(error), refused=refused))
            else:
                fetched.append(_kept(content, question, known, folder))
        receipt = (
            import_trust(archive, [folder], agents=agents)
            if any(one.is_new for one in fetched)
            else None
        )
    return TrustFetch(
        fetched=tuple(fetched),
        failed=tuple(failed),
        not_named=tuple(sorted({q.url for q in questions} - {q.url for q in named})),
        aip_id=receipt.aip_id if receipt else "",
        state=receipt.state if receipt else "",
    )


def _kept(content: bytes, question: Question, known: set[str], folder: Path) -> Fetched:
    """What is not ``known`` lies in the folder under its digest, and is known."""
    digest = digests_of(content).sha256
    is_new = digest not in known
    known.add(digest)
    if is_new:
        (folder / f"{digest}{_ENDINGS[question.role]}").write_bytes(content)
    return Fetched(
        url=question.url,
        role=question.role.value,
        sha256=digest,
        bytes=len(content),
        is_new=is_new,
    )


def _asked(client: LimitedClient, published: Publications, question: Question) -> bytes:
    """The answer, if a known authority gave it; FetchRefused, FetchFailed."""
    content = client.fetch(question.url, body=question.body, kind=question.kind).content
    if not published.is_answer(question, content):
        raise FetchRefused(f"{question.url}: no known authority signed what came")
    return content


def _evidence_certificates(archive: Repository) -> Iterator[Path]:
    """The certificates that verdicts rest on: their revocation is what matters."""
    for summary in administrative_aips(archive, EVIDENCE):
        yield from sorted((cached_files(archive, summary.aip_id) / "certificate").glob("*.cer"))
