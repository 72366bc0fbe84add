"""``kho holding``: what an officer sees, decides, and may not decide alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kit.command_line import Shell
from kit.held import RECORDS, bag
from kit.tt05_packages import sip

PEOPLE = """
[people.lan]
name = "Ngô Thị Lan"

[people.hoa]
name = "Lê Thị Hoà"
roles = ["approver"]

[people.minh]
name = "Phạm Văn Minh"
roles = ["approver"]
"""
WHY = "Công văn 12-CV/VP đã xác nhận"


@pytest.fixture
def office(archive: Shell) -> Shell:
    """An archive with people, one of whom received a damaged bag."""
    path = archive.here / "kho.toml"
    path.write_text(path.read_text(encoding="utf-8") + PEOPLE, encoding="utf-8")
    ran = archive.of("lan")("ingest", bag(archive.here / "nop", damaged=True))
    assert ran.code == 3
    return archive


def held(office: Shell, *more: str) -> dict[str, Any]:
    """The one bag in the list."""
    listed: Any = office("holding", "list", "--json", *more).json()
    (found,) = (item for item in listed["held"] if item["profile"] == "bag")
    return dict(found)


def test_the_list_says_why_how_long_and_until_when(office: Shell) -> None:
    item = held(office)
    assert item["errors"] == ["BAG-DIGEST"]
    assert (item["state"], item["age_days"], item["days_left"]) == ("waiting", 0, 60)
    assert item["overdue"] is False
    assert (item["received_by"], item["submitter"]) == ("Ngô Thị Lan", "UBND phường Tân Lập")
    assert item["dossier_code"] == "H99.2024.07.VP"
    assert item["copies"] == 2
    for lang, word in (("vi", "chờ quyết định"), ("en", "waits for a decision")):
        told = office("--lang", lang, "holding", "list").out
        assert word in told
        assert item["due"] in told


def test_what_should_have_been_decided_is_marked_and_comes_first(office: Shell) -> None:
    path = office.here / "kho.toml"
    text = path.read_text(encoding="utf-8") + "\n[ingest]\ndecision_days = 1\n"
    path.write_text(text, encoding="utf-8")
    listed: Any = office("holding", "list", "--json").json()
    # The template's own held dossier was received in the past of the tests' clock, or is today's.
    assert listed["overdue"] == sum(item["overdue"] for item in listed["held"])
    days = [item["days_left"] for item in listed["held"]]
    assert days == sorted(days)


def test_two_users_release_and_the_receipt_says_so(office: Shell) -> None:
    aip_id = held(office)["aip_id"]
    first = office.of("lan")("holding", "release", aip_id, "--reason", WHY)
    assert first.code == 3
    assert "Ngô Thị Lan" in first.out
    assert held(office)["proposal"]["person"] == "Ngô Thị Lan"
    assert "Ngô Thị Lan" in office("holding", "list").out
    ran = office.of("hoa")("holding", "release", aip_id)
    assert ran.code == 0, ran.err
    assert WHY in ran.out
    assert "Lê Thị Hoà" in ran.out
    assert held(office, "--all")["state"] == "released"
    assert [line for line in office("list").out.splitlines() if aip_id in line]
    assert office("show", aip_id).code == 0


def test_one_user_twice_a_user_without_the_role_and_a_stranger_release_nothing(
    office: Shell,
) -> None:
    aip_id = held(office)["aip_id"]
    stranger = office.of("nobody")("holding", "release", aip_id, "--reason", WHY)
    assert (stranger.code, "nobody" in stranger.err) == (2, True)
    office.of("hoa")("holding", "release", aip_id, "--reason", WHY)
    again = office.of("hoa")("holding", "release", aip_id, "--reason", WHY)
    assert (again.code, "Lê Thị Hoà" in again.err) == (2, True)
    without = office.of("lan")("holding", "release", aip_id)
    assert (without.code, "approver" in without.err) == (2, True)
    assert held(office)["state"] == "proposed"


def test_a_refusal_is_told_and_the_submission_is_out_of_the_way(office: Shell) -> None:
    aip_id = held(office)["aip_id"]
    assert office.of("lan")("holding", "refuse", aip_id, "--reason", WHY).code == 2
    ran = office.of("minh")("holding", "refuse", aip_id, "--reason", WHY)
    assert ran.code == 0
    assert "REFUSED" in ran.out
    assert WHY in ran.out
    assert held(office, "--all")["state"] == "refused"
    assert aip_id not in office("holding", "list").out
    assert aip_id not in office("list").out
    again = office("ingest", office.here / "nop")
    assert again.code == 0
    assert "refused then" in again.out


def test_a_dossier_that_is_here_with_other_content_is_held_with_both_lists(
    archive: Shell,
) -> None:
    assert archive("ingest", bag(archive.here / "one")).code == 0
    changed = {**RECORDS, b"phu-luc/a.txt": b"phu luc a, sua\n", b"moi.txt": b"moi\n"}
    del changed[b"phu-luc/b.txt"]
    changed[b"phu-luc/c.txt"] = RECORDS[b"phu-luc/b.txt"]
    assert archive("ingest", bag(archive.here / "two", changed)).code == 3
    item = held(archive)
    assert item["errors"] == ["DUPLICATE-DOSSIER"]
    shown: Any = archive("holding", "show", item["aip_id"], "--json").json()
    (rival,) = shown["rivals"]
    assert rival["place"] == "ocfl"
    relations = {
        ((row["here"] or {}).get("name"), (row["there"] or {}).get("name")): row["relation"]
        for row in rival["records"]
    }
    assert relations == {
        ("Tờ trình.txt", "Tờ trình.txt"): "same",
        ("phu-luc/a.txt", "phu-luc/a.txt"): "changed",
        ("phu-luc/c.txt", "phu-luc/b.txt"): "renamed",
        ("moi.txt", None): "only here",
    }
    told = archive("--lang", "vi", "holding", "show", item["aip_id"]).out
    assert "ĐÃ THAY ĐỔI" in told
    assert rival["aip_id"] in told


def test_a_code_that_several_have_is_answered_with_their_ids(office: Shell) -> None:
    first = held(office)["aip_id"]
    office("ingest", bag(office.here / "nop-2", {b"khac.txt": b"khac\n"}, damaged=True))
    ran = office("holding", "show", "H99.2024.07.VP")
    assert (ran.code, first in ran.err) == (2, True)


def test_a_corrected_package_points_to_the_one_that_is_still_held(office: Shell) -> None:
    ran = office("ingest", bag(office.here / "dung"))
    assert ran.code == 0, ran.out
    assert "DUPLICATE-DOSSIER-HELD" in ran.out
    assert held(office)["aip_id"] in ran.out


def test_identical_content_gets_the_receipt_it_had_even_in_another_container(
    archive: Shell, tmp_path: Path
) -> None:
    import shutil

    first: Any = archive("ingest", bag(archive.here / "one"), "--json").json()
    zipped = shutil.make_archive(str(tmp_path / "one"), "zip", archive.here / "one")
    ran = archive("ingest", zipped, "--json")
    again: Any = ran.json()
    assert ran.code == 0
    assert again["receipts"][0]["outcome"] == "duplicate"
    assert again["receipts"][0]["receipt_id"] == first["receipts"][0]["receipt_id"]


def test_a_package_that_comes_twice_in_one_delivery_is_refused(shell: Shell) -> None:
    replicas = ("--replica", "alpha=a,site=one", "--replica", "beta=b,site=two")
    assert shell("init", ".", *replicas, "--accept-shared-failure-domain").code == 0
    first, second = shell.here / "lan-1", shell.here / "lan-2"
    for folder in (first, second):
        sip().folder(folder)
    (changed,) = second.rglob("*.0000001.pdf")
    changed.write_bytes(changed.read_bytes() + b"\n")
    ran: Any = shell("ingest", first, second, first, "--json").json()
    assert [r["outcome"] for r in ran["receipts"]] == ["accepted", "rejected", "duplicate"]
    assert "TT05-130" in {f["code"] for f in ran["receipts"][1]["findings"]}
    later: Any = shell("ingest", second, "--json").json()
    assert later["receipts"][0]["outcome"] == "held"
