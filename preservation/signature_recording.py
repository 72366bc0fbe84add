"""Verdicts after ingest go to the journal, each after what it rests on is on the replicas."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from repository.aip.verdicts import Verdict, evidence_of
from repository.archive import Repository
from repository.catalogue import AipSummary, Proof
from repository.evidence import EvidenceStore

VERDICT = "signature-verdict"
"""The kind of journal line."""


class VerdictRecorder:
    """Appends the verdicts of one run."""

    def __init__(self, archive: Repository, evidence: EvidenceStore, run_id: str) -> None:
        self._archive = archive
        self._evidence = evidence
        self._run_id = run_id

    def record(
        self, summary: AipSummary, verdicts: Sequence[Verdict], proof: Proof | None
    ) -> None:
        """The verdicts are in the journal, and before that their evidence on the replicas."""
        if not verdicts:
            return
        refs = {ref for verdict in verdicts for ref in evidence_of(verdict.signatures)}
        kept = self._evidence.keep(refs, needed_by=summary.aip_id, access=summary.access)
        places = {place.ref: msgspec.to_builtins(place) for place in kept.kept}
        shared = {
            "aip_id": summary.aip_id,
            "run_id": self._run_id,
            "cause": "new trust data",
            "proof": _proof(proof),
        }
        entries: list[tuple[str, dict[str, object]]] = []
        for verdict in verdicts:
            named = sorted(evidence_of(verdict.signatures))
            body = {
                **shared,
                "verdict": msgspec.to_builtins(verdict),
                "evidence": [places[ref] for ref in named if ref in places],
                "missing": [ref for ref in named if ref not in places],
            }
            entries.append((VERDICT, body))
        self._archive.record_entries(entries)


def _proof(proof: Proof | None) -> dict[str, object] | None:
    """The journal line that proves since when the files exist; None where none does."""
    if proof is None:
        return None
    return {"seq": proof.seq, "moment": proof.moment, "hash": proof.hash}
