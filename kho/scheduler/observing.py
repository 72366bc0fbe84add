"""What is amiss in an archive now, as notifications are told it: kinds, counts, replicas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from ingest.due import due_of
from ingest.holding import held_submissions
from kho.notify.notices import Kind, Trouble
from kho.reports.media_settings import MediumSettings, renewal_of
from kho.scheduler.outcomes import Outcome
from repository.archive import Repository
from repository.journal import readers
from repository.ledger_check import check_ledger
from repository.replica import failure_domains
from schemas.moments import format_moment

GRACE_SHARE = 0.1
"""Files count as overdue when they are a tenth of the cycle late: a cycle is a plan."""


def damage(archive: Repository) -> tuple[Trouble, ...]:
    """Files found not intact and not healed since."""
    by_replica = Counter(each.replica for each in archive.catalogue.damage())
    return (Trouble(Kind.DAMAGE, by_replica.total(), tuple(sorted(by_replica))),)


def broken_ledgers(archive: Repository) -> tuple[Trouble, ...]:
    """Journals that do not hold together from the first line to the last."""
    broken = [r.name for r in readers(archive.replicas) if check_ledger(r).broken_at]
    return (Trouble(Kind.BROKEN_LEDGER, len(broken), tuple(sorted(broken))),)


def unreachable(archive: Repository) -> tuple[Trouble, ...]:
    """Replicas that do not answer."""
    answering = {replica.name for replica in archive.replicas}
    away = {each.name for each in archive.settings.replicas} - answering
    away |= archive.unreachable.keys()
    return (Trouble(Kind.UNREACHABLE, len(away), tuple(sorted(away))),)


def untrusted(archive: Repository, policy: str, *, is_untrusted: bool) -> tuple[Trouble, ...]:
    """Audits whose newest run proved nothing: this one, and the other policies' last ones."""
    found = {policy.partition(":")[2]} if is_untrusted else set()
    seen = {policy}
    for item in archive.catalogue.work_items(limit=500):
        kind, _, replica = item.policy.partition(":")
        if not replica or item.policy in seen or not item.outcome:
            continue
        seen.add(item.policy)
        if item.outcome == Outcome.UNTRUSTED and not kind.startswith("drill"):
            found.add(replica)
    return (Trouble(Kind.UNTRUSTED, len(found), tuple(sorted(found))),)


def under_replicated(archive: Repository) -> tuple[Trouble, ...]:
    """AIPs with copies in too few failure domains. A replica that is only away still counts:
    that it is away is told on its own."""
    domains = {
        name: domain
        for domain, names in failure_domains(list(archive.replicas)).items()
        for name in names
    }
    for each in archive.settings.replicas:
        domains.setdefault(each.name, f"away:{each.name}")
    if archive.settings.accept_shared_failure_domain:
        domains = {name: name for name in domains}
    few = archive.catalogue.under_replicated(archive.settings.min_copies, domains)
    return (Trouble(Kind.UNDER_REPLICATED, sum(1 for _ in few)),)


def overdue(archive: Repository, cycle_days: int) -> tuple[Trouble, ...]:
    """Files that were not read within their cycle."""
    now = archive.now()
    before = now - timedelta(days=cycle_days * (1 + GRACE_SHARE))
    late = {
        each.name: archive.catalogue.overdue_files(
            each.name, before=format_moment(before), now=format_moment(now)
        )
        for each in archive.settings.replicas
    }
    named = tuple(sorted(name for name, count in late.items() if count))
    return (Trouble(Kind.OVERDUE, sum(late.values()), named),)


def overdue_holding(archive: Repository, decision_days: int) -> tuple[Trouble, ...]:
    """Held submissions that nobody decided about in time."""
    now = archive.now()
    late = sum(
        due_of(held.receipt.received, days=decision_days, now=now).overdue
        for held in held_submissions(archive)
    )
    return (Trouble(Kind.OVERDUE_HOLDING, late),)


def media_renewal(archive: Repository, register: Iterable[MediumSettings]) -> tuple[Trouble, ...]:
    """Media that are to be replaced within half a year, or should have been."""
    today = archive.now().date()
    near = [one for one in register if renewal_of(one, today).state in ("soon", "overdue")]
    replicas = {one.replica for one in near if one.replica}
    return (Trouble(Kind.MEDIA_RENEWAL, len(near), tuple(sorted(replicas))),)
