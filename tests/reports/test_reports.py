"""``kho report``: true numbers, in every form in which they are asked for."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser

import msgspec
import pytest

from kho.reports.fixity import FixityReport
from kho.reports.holdings import HoldingsReport
from kho.reports.incidents import IncidentsReport
from kho.reports.media import MediaReport
from kho.reports.replicas import ReplicasReport
from kho.reports.sheet import Bar, Bars, Curve, Curves
from kho.reports.svg import bars_svg, curves_svg
from kit.command_line import Shell

KINDS = ("fixity", "replicas", "media", "holdings", "incidents")
FORMS = ("inspection", "backup-log", "backup", "incident")
HOSTILE = '<script>alert("1")</script> & =1+1'


class Page(HTMLParser):
    """What a browser would make of a page: its texts, and whatever it would fetch or run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.reaching: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {"src", "href", "data", "action", "srcset", "onload", "onclick"}
        self.reaching += [f"{tag} {name}" for name, _ in attrs if name in names]
        if tag in {"script", "link", "iframe", "object", "img"}:
            self.reaching.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def page(shell: Shell, *asked: str) -> Page:
    ran = shell("report", *asked, "--html", "out.html")
    assert (ran.code, ran.out) == (0, ""), ran
    return Page((shell.here / "out.html").read_text(encoding="utf-8"))


def test_what_was_never_looked_at_is_not_called_intact(shell: Shell) -> None:
    report = msgspec.json.decode(shell("report", "fixity", "--json").out, type=FixityReport)
    for each in report.replicas:
        assert each.never == each.files > 0
        assert (each.intact, each.oldest, each.forecast, each.coverage) == (0, "", "", ())
    assert "never verified" in shell("report", "fixity").out


def test_the_fixity_report_tells_damage_apart_from_what_was_healed(damaged: Shell) -> None:
    report = msgspec.json.decode(damaged("report", "fixity", "--json").out, type=FixityReport)
    alpha, beta = report.replicas
    assert (alpha.altered, alpha.damage_open, alpha.damage_ever) == (0, 0, 1)
    assert (beta.absent, beta.damage_open, beta.damage_ever) == (1, 1, 1)
    assert alpha.intact == alpha.files
    assert beta.intact == beta.files - 1
    assert alpha.coverage[-1][1] == 1.0
    assert alpha.files_per_day > 0
    assert alpha.forecast >= report.heading.made_at[:10]
    assert report.damage_by_medium == {"disk": 2}
    assert {run.replica for run in report.runs} == {"alpha", "beta"}
    assert next(run.damaged for run in report.runs if run.replica == "beta") == 1


def test_the_replica_report_says_what_is_lacking_and_who_does_not_answer(damaged: Shell) -> None:
    whole = msgspec.json.decode(damaged("report", "replicas", "--json").out, type=ReplicasReport)
    assert [(r.copies, r.lacking, r.reachable) for r in whole.replicas] == [(2, 0, True)] * 2
    assert all(r.last_contact for r in whole.replicas)
    (damaged.here / "b").rename(damaged.here / "away")
    ran = damaged("report", "replicas", "--json")
    away = msgspec.json.decode(ran.out, type=ReplicasReport).replicas[1]
    assert (away.reachable, bool(away.reason)) == (False, True)
    assert "beta does not answer" in damaged("report", "replicas").out


def test_media_are_to_be_replaced_a_year_before_their_life_ends(damaged: Shell) -> None:
    report = msgspec.json.decode(damaged("report", "media", "--json").out, type=MediaReport)
    old, new = report.media
    assert (old.life_ends, old.replace_by, old.state) == ("2020-01-01", "2019-01-01", "overdue")
    assert (new.state, new.replica) == ("good", "")
    assert old.damage_ever == 1
    assert report.unregistered == ("beta",)


def test_the_holdings_are_counted_by_fonds_place_year_and_format(shell: Shell) -> None:
    report = msgspec.json.decode(shell("report", "holdings", "--json").out, type=HoldingsReport)
    assert (report.dossiers, report.held, report.files) == (1, 1, 5)
    assert {(f.fonds, f.place, f.dossiers) for f in report.fonds} == {
        (HOSTILE, "ocfl", 1),
        ("TL06", "holding", 1),
    }
    assert [(y.year, y.dossiers) for y in report.years] == [("", 1)]
    assert [(f.puids, f.files) for f in report.formats] == [("x-fmt/111", 5)]


def test_incidents_come_from_the_ledger_with_what_became_of_them(damaged: Shell) -> None:
    report = msgspec.json.decode(
        damaged("report", "incidents", "--json").out, type=IncidentsReport
    )
    told = [(i.kind, i.replica, i.count, i.state) for i in report.incidents]
    assert told == [
        ("damage", "beta", 1, "open"),
        ("repair", "alpha", 1, ""),
        ("damage", "alpha", 1, "closed"),
    ]
    assert report.open_damage == 1
    none = damaged("report", "incidents", "--json", "--to", "2001-01-01")
    assert msgspec.json.decode(none.out, type=IncidentsReport).incidents == ()


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_carries_the_head_of_the_ledger(damaged: Shell, kind: str) -> None:
    verified = msgspec.json.decode(damaged("ledger", "verify", "--json").out)
    (newest,) = {each["head"] for each in verified["replicas"]}
    printed = msgspec.json.decode(damaged("report", kind, "--json").out)
    assert printed["heading"]["ledger_head"] == newest
    assert newest in damaged("report", kind).out
    assert any(newest in text for text in page(damaged, kind).texts)


@pytest.mark.parametrize("asked", [*((k,) for k in KINDS), *(("form", f) for f in FORMS)])
@pytest.mark.parametrize("lang", ["en", "vi"])
def test_a_page_needs_nothing_and_runs_nothing(
    damaged: Shell, asked: tuple[str, ...], lang: str
) -> None:
    found = page(damaged, *asked, "--lang", lang)
    assert found.reaching == []
    raw = (damaged.here / "out.html").read_text(encoding="utf-8")
    assert f'<html lang="{lang}">' in raw
    assert "<script" not in raw
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", raw)


def test_what_a_dossier_says_is_shown_as_text(shell: Shell) -> None:
    assert HOSTILE in page(shell, "holdings").texts
    assert HOSTILE in page(shell, "media").texts


@pytest.mark.parametrize("kind", KINDS)
def test_csv_has_a_head_and_a_row_for_each_thing_told(damaged: Shell, kind: str) -> None:
    rows = list(csv.reader(io.StringIO(damaged("report", kind, "--csv").out)))
    assert len(rows) > 1
    assert {len(row) for row in rows} == {len(rows[0])}


def test_no_cell_of_a_csv_is_taken_for_a_formula() -> None:
    from kho.reports.page import csv_of
    from kho.reports.sheet import Table

    table = Table("t", "T", ("a", "b"), (("=1+1", -1), ("@cmd", None)))
    assert csv_of(table) == "a,b\n'=1+1,-1\n'@cmd,\n"
    broken = Table("t", "T", ("a", "b"), (("\n=1+1", "x\r=1"), ("\r=1", "x\r\n=1")))
    assert "\r" not in csv_of(broken), "a bare CR ends a row although it stands in a cell"
    rows = list(csv.reader(io.StringIO(csv_of(broken))))
    assert rows[1:] == [["'\n=1+1", "x\n=1"], ["'\n=1", "x\n=1"]]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("inspection", ["alpha", "beta", "normal", "error"]),
        ("backup-log", ["alpha", "beta", "OC-01 (hard disk)"]),
        ("backup", ["alpha", "OC-01 (hard disk)", "normal"]),
        ("incident", ["damage found", "healed", "open"]),
    ],
)
def test_forms_are_filled_in_and_leave_room_to_sign(
    damaged: Shell, kind: str, expected: list[str]
) -> None:
    texts = page(damaged, "form", kind).texts
    assert [each for each in expected if each not in texts] == []
    assert texts.count("(signature, full name)") == 3


def test_bars_are_as_long_as_their_values() -> None:
    drawn = bars_svg(Bars("t", (Bar("a", 5, 10, "5"), Bar("b", 0, 10, "0"))))
    widths = [float(each) for each in re.findall(r'width="([0-9.]+)"', drawn)]
    assert widths == [380.0, 190.0, 380.0, 0.0]


def test_curves_rise_from_the_bottom_to_the_top() -> None:
    drawn = curves_svg(Curves("t", (Curve("a", (("2026-01-01", 0.0), ("2026-01-02", 1.0))),)))
    (points,) = re.findall(r'points="([^"]+)"', drawn)
    (x0, y0), (x1, y1) = (map(float, each.split(",")) for each in points.split())
    assert x0 < x1
    assert (y0, y1) == (174.0, 12.0)


def test_a_medium_of_a_replica_that_is_not_there_is_refused(shell: Shell) -> None:
    with (shell.here / "kho.toml").open("a", encoding="utf-8") as settings:
        settings.write('\n[[medium]]\ncode = "X"\nkind = "k"\nin_use_since = 2026-01-01\n')
        settings.write('rated_life_years = 3\nreplica = "gamma"\n')
    ran = shell("report", "media")
    assert ran.code == 2
    assert "gamma" in ran.err
