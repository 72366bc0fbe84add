"""Each channel is told once in a period, told when it is over, and never stops the others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from kho.notify.channels import Message
from kho.notify.notices import Kind, Notice, Trouble, body_of, subject_of
from kit.command_line import Shell
from kit.schedule import DAY, Listener, ScheduleBed, make_schedule_bed
from schemas.text import LANGUAGES

DAMAGE = Trouble(Kind.DAMAGE, 2, ("beta",))
WHOLE = Trouble(Kind.DAMAGE, 0)
HOUR = timedelta(hours=1)


@pytest.fixture
def bed(tmp_path: Path) -> ScheduleBed:
    return make_schedule_bed(tmp_path / "archive", channels=[Listener("one"), Listener("two")])


def listeners(bed: ScheduleBed) -> list[Listener]:
    return [channel for channel in bed.channels if isinstance(channel, Listener)]


def tell(bed: ScheduleBed, *troubles: Trouble) -> None:
    bed.notifier.tell(troubles, ledger_head="ab" * 32)


def test_the_same_kind_is_told_once_a_period_with_what_was_held_back(bed: ScheduleBed) -> None:
    for _hour in range(24):
        tell(bed, DAMAGE)
        bed.clock.move(HOUR)
    one, two = listeners(bed)
    assert one.states() == two.states() == [("damage", "raised")]
    tell(bed, DAMAGE)
    assert [(n.state, n.held_back, n.count) for n in one.heard] == [
        ("raised", 0, 2),
        ("lasting", 23, 2),
    ]
    assert one.heard[1].since == one.heard[0].since


def test_it_is_told_when_it_is_over_and_only_to_those_who_knew(bed: ScheduleBed) -> None:
    one, two = listeners(bed)
    two.deaf = True
    tell(bed, DAMAGE)
    two.deaf = False
    tell(bed, WHOLE)
    tell(bed, WHOLE)
    assert one.states() == [("damage", "raised"), ("damage", "recovered")]
    assert two.states() == []


def test_trouble_that_comes_and_goes_is_not_told_each_time(bed: ScheduleBed) -> None:
    for _ in range(5):
        tell(bed, DAMAGE)
        tell(bed, WHOLE)
        bed.clock.move(HOUR)
    assert listeners(bed)[0].states() == [("damage", "raised"), ("damage", "recovered")]
    bed.clock.move(DAY)
    tell(bed, DAMAGE)
    assert listeners(bed)[0].heard[-1].state == "raised"
    assert listeners(bed)[0].heard[-1].held_back == 0


def test_kinds_are_told_apart(bed: ScheduleBed) -> None:
    tell(bed, DAMAGE, Trouble(Kind.OVERDUE, 7, ("alpha",)))
    assert listeners(bed)[0].states() == [("damage", "raised"), ("overdue-audit", "raised")]


def test_a_failing_channel_is_recorded_tried_again_and_stops_nothing(bed: ScheduleBed) -> None:
    one, two = listeners(bed)
    one.deaf = True
    tell(bed, DAMAGE)
    assert two.states() == [("damage", "raised")]
    with bed.worker().catalogue() as catalogue:
        errors = {s.channel: s.error for s in catalogue.notice_states()}
    assert errors == {"one": "deaf", "two": ""}
    bed.clock.move(HOUR)
    one.deaf = False
    tell(bed, DAMAGE)
    assert one.states() == [("damage", "raised")]
    assert two.states() == [("damage", "raised")]
    with bed.worker().catalogue() as catalogue:
        assert {s.error for s in catalogue.notice_states()} == {""}


def test_a_channel_with_a_bug_stops_nothing(bed: ScheduleBed) -> None:
    class Broken:
        name = "broken"

        def send(self, message: Message) -> None:
            raise ZeroDivisionError

    bed.channels.insert(0, Broken())
    tell(bed, DAMAGE)
    assert listeners(bed)[0].states() == [("damage", "raised")]


@pytest.mark.parametrize("years", [10, -10])
def test_a_clock_ten_years_off_neither_silences_nor_repeats(bed: ScheduleBed, years: int) -> None:
    tell(bed, DAMAGE)
    bed.clock.move(years * 365 * DAY)
    for _ in range(5):
        tell(bed, DAMAGE)
    bed.clock.move(-years * 365 * DAY)
    for _ in range(5):
        tell(bed, DAMAGE)
    assert len(listeners(bed)[0].heard) in (2, 3)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_for_its_beginning_and_its_end(kind: Kind, lang: str) -> None:
    for state in ("raised", "lasting", "recovered"):
        notice = Notice(
            repository_id="1" * 36, kind=kind, state=state, moment="m", count=3, replicas=("b",)
        )
        said = subject_of(notice, lang) + body_of(notice, lang)  # type: ignore[arg-type]  # one of the two
        assert "NOTICE-" not in said
        assert "{" not in said


def test_notify_test_tries_every_channel_and_says_what_became_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(tmp_path, capsys, {"LANG": "en_GB.UTF-8"})
    replicas = ("--replica", "alpha=file:a,site=one", "--replica", "beta=file:b,site=two")
    shell("init", ".", *replicas, "--accept-shared-failure-domain")
    silent = shell("notify", "test")
    assert silent.code == 0
    assert "nobody is told" in silent.out
    with (tmp_path / "kho.toml").open("a") as settings:
        settings.write(
            f'\n[[notify.command]]\nargv = ["/usr/bin/tee", "{tmp_path}/told"]\n'
            '\n[[notify.command]]\nargv = ["/bin/false"]\n'
        )
    ran = shell("notify", "test", "--json")
    assert ran.code == 4
    assert msgspec.json.decode(ran.out)["channels"] == [
        {"channel": "command-1", "sent": True, "error": ""},
        {"channel": "command-2", "sent": False, "error": "exit 1"},
    ]
    assert msgspec.json.decode((tmp_path / "told").read_bytes())["state"] == "test"


def test_a_password_in_the_settings_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(tmp_path, capsys, {"LANG": "en_GB.UTF-8"})
    replicas = ("--replica", "alpha=file:a,site=one", "--replica", "beta=file:b,site=two")
    shell("init", ".", *replicas, "--accept-shared-failure-domain")
    with (tmp_path / "kho.toml").open("a") as settings:
        settings.write(
            '\n[[notify.smtp]]\nhost = "h"\nsender = "a@b"\nto = ["c@d"]\npassword = "x"\n'
        )
    ran = shell("notify", "test")
    assert ran.code == 2
    assert "password_" in ran.err
