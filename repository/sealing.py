"""Sealing: the ledger's new lines become an AIP, so that history is kept like a record.

Once a day the lines since the last sealing are consolidated into a *ledger AIP* (design §6).
Which lines are sealed follows from the ledger AIPs themselves: their dossier code names the
first and last line. A sealing that was cut short is finished or taken back by recovery, and
made of the same lines it would be the same AIP.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from repository.administrative import FONDS, store_administrative
from repository.archive import Repository
from repository.catalogue import AipSummary
from repository.journal_files import LedgerBroken, hash_of
from repository.locks import held
from schemas.events import Agent, EventType
from schemas.ids import AipId
from schemas.nouns import Access, Place
from schemas.records import LedgerLine, encode_line

KIND = "ledger"
PROFILE = f"administrative/{KIND}"
MOST_LINES = 50_000
MOST_BYTES = 32 << 20
"""One ledger AIP holds no more than this: a first sealing after years makes several."""

_CODE = re.compile(r"ledger-(\d{12})-(\d{12})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One ledger AIP: lines ``first`` to ``last``, ``head`` the hash of the last."""

    aip_id: str
    first: int
    last: int
    head: str
    state: str


def seal_ledger(
    archive: Repository,
    *,
    agents: Sequence[Agent] = (),
    most_lines: int = MOST_LINES,
    most_bytes: int = MOST_BYTES,
) -> list[Sealed]:
    """Every line up to the present is in a ledger AIP, but for those about sealing itself.

    Nothing when only sealing happened. A ledger AIP is as closed as the most closed dossier
    that its lines tell of, so it goes where that dossier may go (secrecy gates).
    :class:`LedgerBroken` rather than sealing a line that does not follow from the one before.
    """
    archive.prepare_to_write()
    sealed = []
    with held(archive.root / "locks" / "sealing.lock"):
        while lines := _next_lines(archive, most_lines, most_bytes):
            sealed.append(_seal(archive, lines, agents))
    return sealed


def code_of(first: int, last: int) -> str:
    """The dossier code of the ledger AIP that holds these lines."""
    return f"{KIND}-{first:012d}-{last:012d}"


def range_of(code: str) -> tuple[int, int] | None:
    """The first and last line that a ledger AIP's dossier code names."""
    found = _CODE.fullmatch(code)
    return None if found is None else (int(found[1]), int(found[2]))


def file_name(first: int, last: int) -> str:
    """The file of a ledger AIP that holds the lines, below its data folder."""
    return f"{code_of(first, last)}.ndjson"


def _next_lines(archive: Repository, most_lines: int, most_bytes: int) -> list[LedgerLine]:
    """The next lines to seal, chained; none when all that is left is about sealing."""
    ledger_aips = _ledger_aips(archive)
    last = max((range_[1] for s in ledger_aips if (range_ := range_of(s.dossier_code))), default=0)
    own = {summary.aip_id for summary in ledger_aips}
    lines: list[LedgerLine] = []
    size_bytes = 0
    prev = _hash_before(archive, last + 1)
    for line in archive.catalogue.ledger_lines(after_seq=last):
        if line.seq != last + len(lines) + 1 or line.prev != prev or line.hash != hash_of(line):
            raise LedgerBroken(replica="catalogue", seq=line.seq)
        lines.append(line)
        prev = line.hash
        size_bytes += len(encode_line(line))
        if len(lines) == most_lines or size_bytes >= most_bytes:
            break
    if all(line.body.get("aip_id") in own for line in lines):
        return []
    return lines


def _ledger_aips(archive: Repository) -> list[AipSummary]:
    summaries = archive.catalogue.aips(fonds=FONDS, place=Place.ARCHIVE)
    return [summary for summary in summaries if range_of(summary.dossier_code)]


def _hash_before(archive: Repository, seq: int) -> str:
    if seq == 1:
        return ""
    return next(iter(archive.catalogue.ledger_lines(after_seq=seq - 2))).hash


def _seal(archive: Repository, lines: Sequence[LedgerLine], agents: Sequence[Agent]) -> Sealed:
    first, last, head = lines[0].seq, lines[-1].seq, lines[-1].hash
    receipt = store_administrative(
        archive,
        kind=KIND,
        title=f"Ledger: lines {first} to {last}",
        files={file_name(first, last): b"".join(map(encode_line, lines))},
        agents=agents,
        detail=f"lines {first} to {last}; head {head}",
        dossier_code=code_of(first, last),
        access=_access_of(archive, lines),
        event_type=EventType.PACKAGE_CREATION,
    )
    return Sealed(aip_id=receipt.aip_id, first=first, last=last, head=head, state=receipt.state)


def _access_of(archive: Repository, lines: Sequence[LedgerLine]) -> Access:
    """The most closed access level among the dossiers that the lines tell of.

    What the catalogue does not know counts as restricted, as whatever is undecided does.
    """
    told_of = {str(line.body.get("aip_id") or "") for line in lines} - {""}
    levels = {
        summary.access for aip_id in told_of for summary in archive.catalogue.find(AipId(aip_id))
    }
    return max({Access.RESTRICTED, *levels}, key=lambda access: access.rank)


class LedgerSealed(msgspec.Struct, frozen=True, kw_only=True):
    """What sealing did: the ledger AIPs made, and the ledger's head afterwards."""

    sealed: tuple[Sealed, ...]
    ledger_head: str
