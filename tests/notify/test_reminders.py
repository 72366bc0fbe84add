"""Days that people must not miss: decisions about what is held, and media that grow old."""

from __future__ import annotations

import email
import time
from collections.abc import Iterator
from datetime import date, timedelta
from email.policy import default
from pathlib import Path

import msgspec
import pytest

from ingest.ruling import refuse
from kho.notify.channels import Secrets, open_channels
from kho.notify.settings import NotifySettings, SmtpSettings
from kho.reports.media_settings import MediumSettings, renewal_of
from kho.scheduler.plan import TaskKind
from kit.archives import store
from kit.held import BINH
from kit.schedule import DAY, Listener, ScheduleBed, make_schedule_bed
from kit.smtp_server import SmtpServer, running_smtp
from schemas.ids import AipId
from schemas.nouns import Outcome
from schemas.records import Receipt

TITLE = "Hồ sơ của ông Nguyễn Văn Kín"
DECISION_DAYS = 60


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Last days are counted by the machine's calendar."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def bed(tmp_path: Path) -> ScheduleBed:
    return make_schedule_bed(tmp_path / "archive", channels=[Listener()])


def hold(bed: ScheduleBed) -> Receipt:
    """Something comes in now and waits for a decision."""
    with bed.open() as archive:
        return store(archive, title=TITLE, outcome=Outcome.HELD)


def register(bed: ScheduleBed, *media: MediumSettings) -> None:
    bed.settings = msgspec.structs.replace(bed.settings, media=media)


def disk(code: str, in_use_since: date, *, years: float = 6, replica: str = "") -> MediumSettings:
    """A disk that is to be replaced five years after it was put into use."""
    return MediumSettings(
        code=code,
        kind="hard disk",
        in_use_since=in_use_since,
        rated_life_years=years,
        replica=replica,
    )


def check(bed: ScheduleBed) -> dict[str, int]:
    """What the task ``check`` found, and everybody was told; nothing else is done."""
    (task,) = (task for task in bed.worker().tasks if task.kind is TaskKind.CHECK)
    assert bed.planner.enqueue(task)
    worked = bed.worker().step()
    assert worked is not None
    return {str(kind): int(count) for kind, count in worked.ended.result.items()}


def heard(bed: ScheduleBed, kind: str) -> list[tuple[str, int, tuple[str, ...]]]:
    (channel,) = bed.channels
    assert isinstance(channel, Listener)
    return [(n.state, n.count, n.replicas) for n in channel.heard if n.kind == kind]


def test_what_is_held_is_told_when_its_last_day_is_over_and_not_before(bed: ScheduleBed) -> None:
    hold(bed)
    assert check(bed)["overdue-holding"] == 0
    bed.clock.move(DECISION_DAYS * DAY)
    assert check(bed)["overdue-holding"] == 0, "the last day is not over until it ends"
    bed.clock.move(DAY)
    assert check(bed)["overdue-holding"] == 1
    assert heard(bed, "overdue-holding") == [("raised", 1, ())]


def test_what_is_held_is_told_once_a_day_until_somebody_decides(bed: ScheduleBed) -> None:
    receipt = hold(bed)
    bed.clock.move((DECISION_DAYS + 1) * DAY)
    for _ in range(4):
        check(bed)
        bed.clock.move(timedelta(hours=6))
    check(bed)
    assert [state for state, *_ in heard(bed, "overdue-holding")] == ["raised", "lasting"]
    with bed.open() as archive:
        refuse(AipId(receipt.aip_id), archive, BINH, "thiếu trang")
    bed.clock.move(timedelta(hours=6))
    assert check(bed)["overdue-holding"] == 0
    assert heard(bed, "overdue-holding")[-1] == ("recovered", 0, ())


def test_the_days_for_a_decision_are_those_of_the_settings(bed: ScheduleBed) -> None:
    hold(bed)
    shorter = msgspec.structs.replace(bed.settings.ingest, decision_days=3)
    bed.settings = msgspec.structs.replace(bed.settings, ingest=shorter)
    bed.clock.move(4 * DAY)
    assert check(bed)["overdue-holding"] == 1


@pytest.mark.parametrize(
    ("days_before", "state"), [(181, "good"), (180, "soon"), (1, "soon"), (0, "overdue")]
)
def test_a_medium_is_near_its_renewal_half_a_year_before_the_day(
    days_before: int, state: str
) -> None:
    medium = disk("OC-01", date(2020, 1, 1))
    day = renewal_of(medium, date(2020, 1, 1)).replace_by
    assert day == date(2025, 1, 1), "a year before six years are over"
    assert renewal_of(medium, day - timedelta(days=days_before)).state == state


def test_a_life_of_less_than_a_year_is_over_from_the_first_day() -> None:
    medium = disk("OC-01", date(2020, 1, 1), years=0.5)
    assert renewal_of(medium, date(2020, 1, 1)).state == "overdue"


@pytest.mark.parametrize("since", [date.min, date(9999, 12, 31), date(2020, 1, 1)])
@pytest.mark.parametrize("years", [0.001, 1000.0])
def test_a_life_ends_at_the_latest_on_the_last_day_there_is(since: date, years: float) -> None:
    medium = disk("OC-01", since, years=years)
    for today in (date.min, date(2020, 1, 1), date.max):
        renewal = renewal_of(medium, today)
        assert since <= renewal.replace_by <= renewal.life_ends <= date.max


def test_media_to_be_replaced_are_counted_with_the_replicas_on_them(bed: ScheduleBed) -> None:
    today = bed.clock().date()
    old = today - timedelta(days=6 * 365)
    soon = today - timedelta(days=5 * 365 - 100)
    retired = msgspec.structs.replace(disk("OC-03", old), retired_on=today)
    register(
        bed,
        disk("OC-01", old, replica="alpha"),
        disk("OC-02", soon),
        retired,
        disk("OC-04", today, replica="beta"),
    )
    assert check(bed)["media-renewal"] == 2
    assert heard(bed, "media-renewal") == [("raised", 2, ("alpha",))]
    register(bed, retired)
    bed.clock.move(timedelta(hours=6))
    assert check(bed)["media-renewal"] == 0
    assert heard(bed, "media-renewal")[-1][0] == "recovered"


@pytest.mark.loopback
def test_the_mail_says_what_to_do_and_names_neither_dossier_nor_medium(tmp_path: Path) -> None:
    with running_smtp(SmtpServer()) as server:
        smtp = SmtpSettings(
            host="127.0.0.1",
            port=server.port,
            sender="kho@luutru.vn",
            to=("it@luutru.vn",),
            security="none",
        )
        channels = open_channels(NotifySettings(smtp=(smtp,)), Secrets(tmp_path, {}))
        bed = make_schedule_bed(tmp_path / "archive", channels=list(channels))
        receipt = hold(bed)
        register(bed, disk("OC-KÍN-01", date(2001, 1, 1), replica="beta"))
        bed.clock.move((DECISION_DAYS + 1) * DAY)
        check(bed)
        mails = [email.message_from_string(raw, policy=default) for raw in server.mails]
    texts = {mail["Subject"].partition(": ")[2]: mail.get_content() for mail in mails}
    held = texts["1 held submission(s) past the last day for a decision"]
    assert "kho holding list" in held
    (near,) = (subject for subject in texts if "storage medium" in subject)
    assert near.endswith("(replicas: beta)")
    assert "kho report media" in texts[near]
    everything = "".join([*texts, *texts.values()])
    for secret in (TITLE, "Kín", receipt.aip_id, receipt.dossier_code, "OC-KÍN-01"):
        assert secret not in everything
