"""The restore proof as a page to print and to sign: what was given back, and what was not."""

from __future__ import annotations

from kho.reports.heading import Heading
from kho.reports.page import page_of
from kho.reports.sheet import Sheet, Table
from preservation.restore_proof import RestoreProof
from schemas.text import Language, say

PROOF_PAGE = "kho-restore-proof.html"


def proof_page(proof: RestoreProof, lang: Language) -> str:
    """The whole page. Each file stands in the lines whose sha256 the page names."""
    heads = [source.ledger_head for source in proof.sources if source.ledger_head]
    heading = Heading(
        archive="",
        repository_id=proof.repository_id,
        made_at=proof.finished,
        ledger_seq=0,
        ledger_head=heads[0] if heads else "",
        shared_failure_domain=False,
    )
    return page_of(proof_sheet(proof, lang), heading, lang)


def proof_sheet(proof: RestoreProof, lang: Language) -> Sheet:
    """The proof in the reader's words."""
    facts = {
        "OUTCOME": say(f"RESTORE-PROOF-{'COMPLETE' if proof.complete else 'INCOMPLETE'}", lang),
        "AIPS": str(len(proof.aips)),
        "FILES": str(proof.files),
        "BYTES": str(proof.bytes),
        "FAILED": str(proof.failed),
        "FORM": proof.form,
        "TARGET": proof.target,
        "STARTED": proof.started,
        "FINISHED": proof.finished,
        "LINES": proof.lines_sha256,
    }
    return Sheet(
        title=say("RESTORE-PROOF-TITLE", lang),
        facts=tuple((say(f"RESTORE-PROOF-{name}", lang), text) for name, text in facts.items()),
        tables=tuple(table for table in _tables(proof, lang) if table.rows),
        signers=(say("RESTORE-PROOF-GIVEN", lang), say("RESTORE-PROOF-TAKEN", lang)),
    )


def _tables(proof: RestoreProof, lang: Language) -> list[Table]:
    def table(name: str, columns: str, rows: list[tuple[str | int, ...]]) -> Table:
        head = tuple(say(f"RESTORE-PROOF-{column}", lang) for column in columns.split())
        return Table(name.lower(), say(f"RESTORE-PROOF-{name}", lang), head, tuple(rows))

    return [
        table(
            "MISSING",
            "AIP PATH VERDICT",
            [(file.aip_id, file.path, file.verdict) for file in proof.failures],
        ),
        table("UNREADABLE", "REPLICA PREFIX", [(name, where) for name, where in proof.unreadable]),
        table(
            "RESTORED",
            "CODE DOSSIER AIP VERSION FILES BYTES FAILED",
            [
                (a.dossier_code, a.title, a.aip_id, a.version, a.files, a.bytes, a.failed)
                for a in proof.aips
            ],
        ),
        table(
            "SOURCES",
            "REPLICA URL REPLICA-ID",
            [(source.name, source.url, source.replica_id) for source in proof.sources],
        ),
    ]
