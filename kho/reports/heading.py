"""What stands on every report: whose it is, of when, and the ledger's head, so that outsiders
hold a hash that nobody can change the past behind."""

from __future__ import annotations

from repository.archive import Repository
from schemas.moments import format_moment
from schemas.records import Record
from schemas.text import Language, say


class Heading(Record, frozen=True, kw_only=True):
    """The heading of one report."""

    archive: str
    repository_id: str
    made_at: str
    ledger_seq: int
    ledger_head: str
    shared_failure_domain: bool

    def told(self, lang: Language) -> str:
        """The line at a report's foot."""
        return say(
            "REPORT-HEADING",
            lang,
            repository_id=self.repository_id,
            made_at=self.made_at,
            seq=self.ledger_seq,
            head=self.ledger_head or "-",
        )

    def notes(self, lang: Language) -> tuple[str, ...]:
        """What every report repeats."""
        return (say("REPORT-SHARED-DOMAIN", lang),) if self.shared_failure_domain else ()


class Report(Record, frozen=True, kw_only=True):
    """What every report's record has; reports add their own fields."""

    heading: Heading


def heading_of(archive: Repository) -> Heading:
    """The heading of a report made now."""
    head = archive.catalogue.ledger_head()
    return Heading(
        archive=archive.settings.name,
        repository_id=str(archive.id),
        made_at=format_moment(archive.now()),
        ledger_seq=head.seq,
        ledger_head=head[1],
        shared_failure_domain=archive.shared_failure_domain,
    )
