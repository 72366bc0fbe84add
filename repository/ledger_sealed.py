"""The ledger as the ledger AIPs of one replica tell it, without catalogue and journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from repository.aip.paths import DATA
from repository.aip.views import CopyView, read_verified
from repository.journal_files import LedgerBroken, hash_of
from repository.ocfl.inventory import InventoryUnusable
from repository.ocfl.layout import object_prefix
from repository.ocfl.reader import ObjectView, list_objects, read_object
from repository.replica import Replica
from repository.sealing import PROFILE, file_name, range_of
from schemas.errors import KhoError
from schemas.ids import AipId, aip_of_ocfl_id, ocfl_id
from schemas.nouns import Place
from schemas.records import LedgerLine, decode


@dataclass(frozen=True, slots=True, order=True)
class LedgerAip:
    """One ledger AIP of a replica: the lines it should hold."""

    first: int
    last: int
    aip_id: str


def named_by(line: LedgerLine, replica: str) -> str:
    """The id of the ledger AIP on ``replica`` that a receipt's line speaks of; empty for none.

    Its lines are told by itself: the receipt of a secret one does not say them.
    """
    if line.kind != "receipt" or line.body.get("profile") != PROFILE:
        return ""
    copies = line.body.get("copies") or ()
    if replica not in {copy["replica"] for copy in copies}:
        return ""
    return str(line.body.get("aip_id"))


def ledger_aip(replica: Replica, aip_id: str) -> LedgerAip:
    """The ledger AIP as its inventory names its lines; errors of ours when it cannot be read."""
    view = read_object(replica.backend, object_prefix(Place.ARCHIVE, ocfl_id(AipId(aip_id))))
    for first, last in _ranges_in(view):
        return LedgerAip(first, last, aip_id)
    raise InventoryUnusable(where=view.prefix, reason="no ledger lines inside")


def found_on(replica: Replica) -> list[LedgerAip]:
    """Every ledger AIP that the replica holds, by its lines; each object is looked into."""
    found = []
    for prefix in list_objects(replica.backend, Place.ARCHIVE):
        try:
            view = read_object(replica.backend, prefix)
        except KhoError:
            continue
        aip_id = aip_of_ocfl_id(view.inventory.id)
        if aip_id is not None:
            found += [LedgerAip(first, last, aip_id) for first, last in _ranges_in(view)]
    return sorted(found)


def _ranges_in(view: ObjectView) -> Iterator[tuple[int, int]]:
    """The lines that the object's data files hold, if it is a ledger AIP."""
    for path, _sha512, _content_path in view.inventory.logical_files():
        lines = range_of(path.removeprefix(DATA).removesuffix(".ndjson"))
        if lines is not None and path.startswith(DATA):
            yield lines


def lines_of(replica: Replica, aip: LedgerAip) -> list[LedgerLine]:
    """The lines of a ledger AIP, its bytes compared with its inventory, chained within.

    :class:`LedgerBroken` where the chain breaks; other errors of ours when it cannot be read.
    """
    prefix = object_prefix(Place.ARCHIVE, ocfl_id(AipId(aip.aip_id)))
    view: ObjectView = read_object(replica.backend, prefix)
    content = read_verified(CopyView(view), f"{DATA}{file_name(aip.first, aip.last)}")
    lines: list[LedgerLine] = []
    for number, text in enumerate(content.splitlines(), aip.first):
        try:
            line = decode(text, LedgerLine)
        except msgspec.MsgspecError as error:
            raise LedgerBroken(replica=replica.name, seq=number) from error
        follows = not lines or line.prev == lines[-1].hash
        if line.seq != number or not follows or line.hash != hash_of(line):
            raise LedgerBroken(replica=replica.name, seq=number)
        lines.append(line)
    if len(lines) != aip.last - aip.first + 1:
        raise LedgerBroken(replica=replica.name, seq=aip.first + len(lines))
    return lines


def sealed_lines(replica: Replica) -> Iterator[LedgerLine]:
    """The ledger from its first line as far as the ledger AIPs tell it without a gap.

    Damaged ones are passed over where another holds the same lines. :class:`LedgerBroken`
    where two lines do not follow.
    """
    seq, prev = 0, ""
    for aip in found_on(replica):
        if aip.first > seq + 1:
            return
        try:
            lines = lines_of(replica, aip)
        except LedgerBroken:
            raise
        except KhoError:
            continue
        for line in lines:
            if line.seq <= seq:
                continue
            if line.prev != prev:
                raise LedgerBroken(replica=replica.name, seq=line.seq)
            yield line
            seq, prev = line.seq, line.hash
