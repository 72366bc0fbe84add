"""What is told: kinds of trouble, in ids, codes, counts and names of replicas, nothing else.

A notice leaves the house by mail or web. It names no dossier, no title, no person and no file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.records import Record
from schemas.text import Language, say


class Kind(StrEnum):
    """Kinds of trouble. Notices of one kind are grouped."""

    DAMAGE = "damage"
    BROKEN_LEDGER = "broken-ledger"
    UNTRUSTED = "untrusted-audit"
    UNREACHABLE = "unreachable-replica"
    UNDER_REPLICATED = "under-replicated"
    OVERDUE = "overdue-audit"
    DRILL_FAILED = "failed-drill"
    OVERDUE_HOLDING = "overdue-holding"
    MEDIA_RENEWAL = "media-renewal"
    WORSE_SIGNATURES = "worse-signatures"
    FAILED_TASK = "failed-task"


@dataclass(frozen=True, slots=True)
class Trouble:
    """How much of one kind of trouble there is now; none when ``count`` is 0."""

    kind: Kind
    count: int
    replicas: tuple[str, ...] = ()


class Notice(Record, frozen=True, kw_only=True):
    """One notice, as webhooks and commands get it. ``state`` is ``raised``, ``lasting``,
    ``recovered`` or ``test``; ``held_back`` counts what was seen since the last notice of the
    kind without being told."""

    format: str = "kho.notice/1"
    repository_id: str
    kind: str
    state: str
    moment: str
    since: str = ""
    count: int = 0
    replicas: tuple[str, ...] = ()
    held_back: int = 0
    ledger_head: str = ""


def subject_of(notice: Notice, lang: Language) -> str:
    """One line: what happened, and to which archive."""
    return say("NOTICE-SUBJECT", lang, what=_what(notice, lang), archive=notice.repository_id[:8])


def body_of(notice: Notice, lang: Language) -> str:
    """What happened, since when, and what to do."""
    lines = [_what(notice, lang)]
    if notice.state in ("raised", "lasting"):
        lines.append(say(f"NOTICE-{notice.kind.upper()}-NEXT", lang))
    if notice.since:
        lines.append(say("NOTICE-SINCE", lang, since=notice.since))
    if notice.held_back:
        lines.append(say("NOTICE-HELD-BACK", lang, held_back=notice.held_back))
    lines.append(
        say("NOTICE-ARCHIVE", lang, repository_id=notice.repository_id, moment=notice.moment)
    )
    if notice.ledger_head:
        lines.append(say("LEDGER-HEAD", lang, head=notice.ledger_head))
    return "\n".join(lines) + "\n"


def _what(notice: Notice, lang: Language) -> str:
    if notice.state == "test":
        return say("NOTICE-TEST", lang)
    replicas = ", ".join(notice.replicas) or "-"
    what = say(f"NOTICE-{notice.kind.upper()}", lang, count=notice.count, replicas=replicas)
    if notice.state == "recovered":
        return say("NOTICE-RECOVERED", lang, kind=say(f"NOTICE-{notice.kind.upper()}-NAME", lang))
    return what
