"""Held submissions (*gói chờ xử lý*): what waits for an officer, and what was proposed.

What a receipt says last decides: *held* waits, *accepted* was released, *rejected* was refused.
Nothing that was held is ever deleted: released or refused, its object stays in the holding area
of every replica, audited like the rest, and the ledger says what was decided by whom.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from ingest.approval import NotHeld, Proposal, SeveralHeld
from ingest.comparing import is_open
from repository.archive import Repository
from repository.catalogue import AipSummary
from schemas.ids import AipId
from schemas.nouns import Outcome, Place
from schemas.records import Receipt

KIND = "holding"
"""The kind of the journal lines that hold proposals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One held submission: its line in the catalogue, its newest receipt, and the proposal that
    waits for another person, if there is one."""

    summary: AipSummary
    receipt: Receipt
    proposal: Proposal | None

    @property
    def waits(self) -> bool:
        """Whether nobody has decided about it yet."""
        return self.receipt.outcome == Outcome.HELD.value


def held_submissions(archive: Repository, *, closed: bool = False) -> Iterator[Held]:
    """Every submission that waits for an officer; the decided ones too if asked."""
    proposals = proposals_of(archive)
    for summary in archive.catalogue.aips(place=Place.HOLDING):
        receipt = archive.receipt_for(summary.aip_id)
        if receipt is None:
            continue
        proposal = proposals.get(summary.aip_id)
        found = Held(
            summary=summary,
            receipt=receipt,
            proposal=proposal if receipt.outcome == Outcome.HELD.value else None,
        )
        if closed or found.waits:
            yield found


def held_named(archive: Repository, text: str) -> Held:
    """The one submission in the holding area that is named. :class:`NotHeld` for none, and
    :class:`SeveralHeld`."""
    found = [s for s in archive.catalogue.find(text) if s.place is Place.HOLDING]
    waiting = [s for s in found if is_open(archive, s.aip_id)]
    chosen = waiting or found
    if len(chosen) > 1:
        raise SeveralHeld(named=text, found=", ".join(sorted(s.aip_id for s in chosen)))
    receipt = archive.receipt_for(chosen[0].aip_id) if chosen else None
    if receipt is None:
        raise NotHeld(named=text)
    proposal = proposals_of(archive).get(chosen[0].aip_id)
    if receipt.outcome != Outcome.HELD.value:
        proposal = None
    return Held(summary=chosen[0], receipt=receipt, proposal=proposal)


def last_receipt(archive: Repository, aip_id: AipId) -> Receipt:
    """What was last answered about a submission in the holding area. :class:`NotHeld`."""
    receipt = archive.receipt_for(aip_id)
    if receipt is None or archive.catalogue.aip(aip_id, Place.HOLDING) is None:
        raise NotHeld(named=aip_id)
    return receipt


def proposals_of(archive: Repository) -> dict[str, Proposal]:
    """The newest proposal about each submission."""
    lines = archive.catalogue.ledger_lines(kind=KIND)
    return {p.aip_id: p for p in (msgspec.convert(line.body, Proposal) for line in lines)}
