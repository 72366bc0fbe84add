"""Judging signed files in a test, without a worker: the same code the worker runs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from kit.pki import NOW, pki
from preservation.signatures.facts import Facts, Question
from preservation.signatures.job import facts_of
from preservation.signatures.kinds import Carrier
from preservation.signatures.trust import TrustSnapshot
from preservation.signatures.verdict import decide, load_policy
from schemas.moments import format_moment
from schemas.nouns import SignatureReport, SignatureResult


@cache
def trust(
    anchors: tuple[str, ...] = ("root",),
    crls: tuple[str, ...] = ("root", "sub"),
    moments: tuple[datetime, ...] = (NOW,),
    responses: tuple[str, ...] = (),
) -> tuple[TrustSnapshot, str]:
    """A snapshot of the test infrastructure and its manifest; kept for the test process."""
    folder = Path(_folder().name, f"{len(list(Path(_folder().name).iterdir()))}")
    for moment in moments:
        pki().folder(folder, anchors=anchors, crls=crls, moment=moment, responses=responses)
    snapshot = TrustSnapshot.load(folder)
    return snapshot, str(snapshot.write_manifest(folder)) if snapshot.files else ""


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


def close_trust() -> None:
    """Forget all snapshots and remove their files (at the end of a session)."""
    if _folder.cache_info().currsize:
        _folder().cleanup()
    trust.cache_clear()
    _folder.cache_clear()


def question(
    given: tuple[TrustSnapshot, str] | None = None,
    moment: datetime = NOW,
    *,
    proven: bool = False,
    contents_cap_bytes: int = 1024 * 1024,
    signatures_cap: int = 50,
) -> Question:
    """The question the examiner would ask."""
    snapshot, manifest = trust() if given is None else given
    return Question(
        moment=format_moment(moment),
        proven=proven,
        snapshot=snapshot.sha256,
        manifest=manifest,
        contents_cap_bytes=contents_cap_bytes,
        signatures_cap=signatures_cap,
    )


def judged(content: bytes, asked: Question | None = None, carrier: Carrier = Carrier.PDF) -> Facts:
    """What the worker would find in ``content``."""
    return facts_of(BytesIO(content), carrier, asked or question())


def reported(
    content: bytes, asked: Question | None = None, carrier: Carrier = Carrier.PDF
) -> SignatureReport:
    """The report that the shipped policy makes of ``content``."""
    facts = judged(content, asked, carrier)
    return decide(facts.results, facts.observations, load_policy(), kind=facts.kind)


def outcomes(results: Iterable[SignatureResult]) -> list[str]:
    """``indication/sub-indication`` of each result, as the policy table writes them."""
    return [f"{r.indication}/{r.sub_indication}".rstrip("/") for r in results]
