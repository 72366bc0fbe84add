"""The reception log: each delivery with its ten fields, and what became of it up to now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from ingest.delivery import Delivery
from ingest.desk import Desk
from ingest.ruling import refuse, release
from kho.reports.incidents import Period
from kho.reports.receptions import Reception, ReceptionsReport, receptions_report
from kit.archives import make_bed
from kit.command_line import Shell
from kit.desk import desk_of
from kit.held import HOA, LAN, bag
from schemas.ids import AipId
from schemas.records import Receipt

ORGAN = "UBND phường Tân Lập"
LIST = "Mã hồ sơ;Tiêu đề hồ sơ\nH99.1;Một\nH99.2;Hai\nH99.3;Ba\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with make_bed(tmp_path / "archive").open() as archive, desk_of(archive) as desk:
        yield desk


class Giver:
    """An organ that hands in bags."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk = desk
        self.folder = folder
        self.count = 0

    def bag(self, *, damaged: bool = False) -> Path:
        self.count += 1
        records = {b"a.txt": b"%d\n" % self.count}
        name = f"{self.count}"
        return bag(self.folder / name, records, code=f"H99.{name}", damaged=damaged)

    def hands_in(self, *sources: Path, listed: str = "", recorded: bool = True) -> list[Receipt]:
        """One delivery; one that is not ``recorded`` was killed before its end."""
        submitted = None
        if listed:
            submitted = self.folder / "muc-luc.csv"
            submitted.write_text(listed, encoding="utf-8-sig")
        delivery = Delivery(self.desk, submitted=submitted)
        receipts = [delivery.receive(c, "TL05") for c in delivery.consignments(sources, "auto")]
        if recorded:
            delivery.record(receipts)
        return receipts

    def log(self, period: Period | None = None) -> list[Reception]:
        return list(receptions_report(self.desk.archive, period or Period()).receptions)


@pytest.fixture
def giver(desk: Desk, tmp_path: Path) -> Giver:
    return Giver(desk, tmp_path)


def test_a_delivery_is_one_line_with_its_ten_fields(giver: Giver) -> None:
    receipts = giver.hands_in(giver.bag(), giver.bag(damaged=True), listed=LIST)
    (line,) = giver.log()
    assert line == Reception(
        registration="",
        submitter_code="",
        submitter=ORGAN,
        packages=2,
        registered=3,
        approved=1,
        loaded=2,
        bytes=sum(receipt.bytes for receipt in receipts),
        ordinal=1,
        received=line.received,
    )
    assert line.received <= receipts[0].received


def test_what_was_released_since_counts_as_approved(giver: Giver) -> None:
    (held,) = giver.hands_in(giver.bag(damaged=True))
    release(AipId(held.aip_id), giver.desk, LAN, "đã xác nhận")
    assert [(line.approved, line.loaded) for line in giver.log()] == [(0, 1)]
    release(AipId(held.aip_id), giver.desk, HOA, "")
    assert [(line.packages, line.approved, line.loaded) for line in giver.log()] == [(1, 1, 1)]


def test_what_was_refused_since_is_not_loaded(giver: Giver) -> None:
    (held,) = giver.hands_in(giver.bag(damaged=True))
    refuse(AipId(held.aip_id), giver.desk.archive, HOA, "không đúng mục lục")
    assert [(line.packages, line.approved, line.loaded) for line in giver.log()] == [(1, 0, 0)]


def test_deliveries_of_one_submitter_are_numbered(giver: Giver) -> None:
    for _delivery in range(3):
        giver.hands_in(giver.bag(), giver.bag())
    assert [(line.ordinal, line.packages) for line in giver.log()] == [(1, 2), (2, 2), (3, 2)]


def test_without_a_list_nobody_knows_how_many_were_registered(giver: Giver) -> None:
    giver.hands_in(giver.bag())
    assert giver.log()[0].registered is None


def test_what_came_again_is_a_package_and_no_new_dossier(giver: Giver) -> None:
    source = giver.bag()
    giver.hands_in(source)
    giver.hands_in(source)
    first, again = giver.log()
    assert (first.packages, first.loaded) == (1, 1)
    assert (again.packages, again.loaded, again.ordinal) == (1, 0, 2)


def test_what_was_refused_or_released_and_came_again_is_in_both_deliveries(giver: Giver) -> None:
    source = giver.bag(damaged=True)
    (held,) = giver.hands_in(source)
    refuse(AipId(held.aip_id), giver.desk.archive, HOA, "không đúng mục lục")
    giver.hands_in(source)
    Delivery(giver.desk).record([held])  # as a rejected package gets the receipt that it had
    assert [(line.packages, line.loaded) for line in giver.log()] == [(1, 0)] * 3


def test_a_delivery_that_was_cut_off_is_still_in_the_log(giver: Giver) -> None:
    giver.hands_in(giver.bag(), giver.bag(), recorded=False)
    assert [(line.packages, line.approved) for line in giver.log()] == [(1, 1), (1, 1)]


def test_only_deliveries_of_the_period_are_shown_and_keep_their_numbers(giver: Giver) -> None:
    giver.hands_in(giver.bag())
    giver.hands_in(giver.bag())
    day = date.fromisoformat(giver.log()[0].received[:10])
    assert [line.ordinal for line in giver.log(Period(day, day))] == [1, 2]
    assert giver.log(Period(None, date(2000, 1, 1))) == []


def test_an_archive_that_received_nothing_has_an_empty_log(giver: Giver) -> None:
    assert giver.log() == []


def test_the_command_writes_the_delivery_and_prints_the_log(shell: Shell) -> None:
    one, two = bag(shell.here / "1", {b"a.txt": b"1\n"}, code="A"), shell.here / "2"
    bag(two, {b"a.txt": b"2\n"}, code="B")
    assert shell("ingest", one, two).code == 0
    report = msgspec.json.decode(
        shell("report", "receptions", "--json").out, type=ReceptionsReport
    )
    assert [(line.packages, line.submitter) for line in report.receptions][-1] == (2, ORGAN)
    rows = shell("report", "receptions", "--csv").out.splitlines()
    assert rows[0].count(",") == 9
    assert ORGAN in rows[-1]
    assert ORGAN in shell("--lang", "vi", "report", "receptions").out
    assert shell("report", "receptions", "--html", "log.html").code == 0
    assert "Handed over by" in (shell.here / "log.html").read_text(encoding="utf-8")
