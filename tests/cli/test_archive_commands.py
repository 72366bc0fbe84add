"""``kho init``, ``list``, ``show``, ``search`` and ``catalogue`` on an archive on disk."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kho.cli.catalogue import Rebuilt, Verified
from kho.cli.init import Made
from kho.cli.list import Listing
from kho.cli.search import Found
from kho.cli.show import Shown
from kit.archives import FILES
from kit.command_line import Shell
from repository.archive import Repository


def init(shell: Shell, *more: str) -> None:
    replicas = ("--replica", "alpha=a,site=one", "--replica", "beta=b,site=two,medium=tape")
    ran = shell("init", ".", *replicas, "--accept-shared-failure-domain", *more)
    assert (ran.code, ran.err) == (0, "")


def test_init_writes_settings_that_say_what_was_asked(shell: Shell, tmp_path: Path) -> None:
    init(shell, "--name", "Kho tỉnh", "--min-copies", "1")
    settings = shell.settings()
    assert (settings.repository.name, settings.repository.min_copies) == ("Kho tỉnh", 1)
    assert [r.url for r in settings.repository.replicas] == [
        (tmp_path / name).as_uri() for name in ("a", "b")
    ]
    assert settings.repository.replicas[1].medium == "tape"
    assert settings.language == "en"


def test_the_recovery_sheet_says_which_replica_does_not_give_everything_back(
    shell: Shell, tmp_path: Path
) -> None:
    replicas = ("a=a,networked=true", "b=b", "c=c,max_access=public")
    asked = [part for each in replicas for part in ("--replica", f"{each},site=one")]
    assert shell("init", "x", *asked, "--accept-shared-failure-domain").code == 0
    sheet = (tmp_path / "x" / "RECOVERY.txt").read_text(encoding="utf-8")
    (_head, a, b, c) = sheet.partition("What to do")[0].split(": file://")
    assert "WITHOUT SECRET DOSSIERS" in a
    assert "DOSSIERS" not in b
    assert "PUBLIC DOSSIERS ONLY" in c
    (command,) = [line for line in sheet.splitlines() if "kho restore" in line]
    assert f"{tmp_path / 'b'}'" in command, "the replica that holds everything"


def test_the_recovery_sheet_is_printed_and_lies_everywhere(shell: Shell, tmp_path: Path) -> None:
    asked = ("--replica", "alpha=a,site=one", "--replica", "beta=b,site=two")
    ran = shell("init", "x", *asked, "--accept-shared-failure-domain", "--lang", "vi")
    sheet = (tmp_path / "x" / "RECOVERY.txt").read_text(encoding="utf-8")
    assert sheet in ran.out
    assert sheet == (tmp_path / "a" / "kho" / "RECOVERY.txt").read_text(encoding="utf-8")
    assert sheet == (tmp_path / "b" / "kho" / "RECOVERY.txt").read_text(encoding="utf-8")


def test_init_prints_one_json_document_when_asked(shell: Shell, tmp_path: Path) -> None:
    asked = ("--replica", "alpha=a,site=one", "--min-copies", "1", "--json")
    made = msgspec.json.decode(shell("init", ".", *asked).out, type=Made)
    assert made.config == str(tmp_path / "kho.toml")
    assert made.repository_id == shell.settings().repository.id
    assert [replica.name for replica in made.replicas] == ["alpha"]


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        (["alpha=a,site=one"], "2 copies"),
        (["alpha=a,site=one", "beta=b,site=two"], "--accept-shared-failure-domain"),
        (["alpha=a,site=one", "alpha=b,site=two"], "alpha"),
        (["alpha=a", "beta=b,site=two"], "site"),
        (["alpha=a,sight=one", "beta=b,site=two"], "site"),
        (["alpha", "beta=b,site=two"], "alpha"),
        (["alpha=a,site=one,networked=perhaps", "beta=b,site=two"], "networked"),
    ],
)
def test_an_archive_that_cannot_be_made_leaves_nothing_behind(
    shell: Shell, tmp_path: Path, asked: list[str], named: str
) -> None:
    options = [word for text in asked for word in ("--replica", text)]
    ran = shell("init", "archive", *options)
    assert ran.code == 2
    assert named in ran.err
    assert not (tmp_path / "archive" / "kho.toml").exists()
    assert not list(tmp_path.rglob("replica.json"))


def test_init_does_not_touch_an_archive_that_is_there(archive: Shell, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    again = archive("init", ".", "--replica", "c=c,site=three", "--min-copies", "1")
    assert again.code == 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_list_names_every_dossier_by_fonds(archive: Shell) -> None:
    listing = msgspec.json.decode(archive("list", "--json").out, type=Listing)
    assert [(aip.fonds, aip.place, aip.copies) for aip in listing.aips] == [
        ("TL05", "ocfl", 2),
        ("TL06", "holding", 2),
    ]
    only = msgspec.json.decode(archive("list", "--json", "--fonds", "TL06").out, type=Listing)
    assert [aip.title for aip in only.aips] == ["Quyết định khen thưởng"]


def test_a_list_for_other_programs_is_one_line_for_each_dossier(archive: Shell) -> None:
    lines = archive("list").out.splitlines()
    assert [line.split("\t")[1] for line in lines] == ["TL05", "TL06"]
    assert "held" in lines[1]


def test_show_tells_all_of_one_dossier(archive: Shell) -> None:
    listing = msgspec.json.decode(archive("list", "--json").out, type=Listing)
    one = listing.aips[0].aip_id
    shown = msgspec.json.decode(archive("show", one[:8], "--json").out, type=Shown)
    assert shown.aip == listing.aips[0]
    assert [copy.replica for copy in shown.copies] == ["alpha", "beta"]
    assert {copy.state for copy in shown.copies} == {"verified"}
    assert sum(file.role == "data" for file in shown.files) == len(FILES)
    assert shown.receipt is not None
    text = archive("show", one).out
    assert "Hồ sơ Hội nghị" in text
    assert "Copy on alpha: read back and whole" in text


def test_show_of_a_held_dossier_says_that_it_is_held(archive: Shell) -> None:
    listing = msgspec.json.decode(archive("list", "--fonds", "TL06", "--json").out, type=Listing)
    assert "held for an officer" in archive("show", listing.aips[0].aip_id).out


def test_show_of_a_name_that_several_have_lists_them(archive: Shell) -> None:
    ran = archive("show", "H99.10.05.2024.07.VP")
    assert ran.code == 2
    assert len(ran.out.splitlines()) == 2


def test_show_of_nothing_says_where_to_look(archive: Shell) -> None:
    ran = archive("show", "zzzz")
    assert (ran.code, ran.out) == (2, "")
    assert "kho search" in ran.err


def test_search_finds_without_marks_what_was_written_with_them(archive: Shell) -> None:
    for words in (("hoi", "nghi"), ("Hội nghị",), ("to trinh",)):
        found = msgspec.json.decode(archive("search", *words, "--json").out, type=Found)
        assert [aip.fonds for aip in found.aips] == ["TL05"], words
    wrongly_marked = msgspec.json.decode(archive("search", "Hỏi", "--json").out, type=Found)
    assert wrongly_marked.total == 0


def test_a_search_without_a_match_says_what_to_try(archive: Shell) -> None:
    ran = archive("search", "khong-co-gi")
    assert (ran.code, ran.out) == (0, "")
    assert "without marks" in ran.err


def test_a_search_cut_short_says_so(archive: Shell) -> None:
    ran = archive("search", "H99", "--limit", "1")
    assert len(ran.out.splitlines()) == 1
    assert "1 of 2" in ran.err


@pytest.mark.parametrize("only", [(), ("--replica", "alpha"), ("--replica", "beta")])
def test_a_catalogue_made_anew_says_the_same(archive: Shell, only: tuple[str, ...]) -> None:
    before = archive("catalogue", "dump").out
    (archive.here / "catalogue.sqlite").unlink()
    assert archive("list").code == 10
    ran = archive("catalogue", "rebuild", *only, "--json")
    assert ran.code == 0
    rebuilt = msgspec.json.decode(ran.out, type=Rebuilt)
    assert (rebuilt.aips, rebuilt.unreadable) == (2, ())
    assert archive("catalogue", "dump").out == before


def test_verify_finds_the_catalogue_true_and_leaves_no_trace(archive: Shell) -> None:
    files = sorted(path.name for path in archive.here.iterdir())
    verified = msgspec.json.decode(archive("catalogue", "verify", "--json").out, type=Verified)
    assert verified.same
    assert verified.lines == len(archive("catalogue", "dump").out.splitlines())
    assert sorted(path.name for path in archive.here.iterdir()) == files


def test_verify_names_the_table_in_which_the_catalogue_lies(archive: Shell) -> None:
    with Repository.open(archive.settings().repository) as repository:
        (summary,) = repository.catalogue.aips(fonds="TL05")
        facts = repository.catalogue.aip(summary.aip_id)
        assert facts is not None
        forged = {name: getattr(facts, name) for name in facts.__slots__} | {"title": "Khác"}
        repository.catalogue.register(type(facts)(**forged))
    ran = archive("catalogue", "verify", "--json")
    verified = msgspec.json.decode(ran.out, type=Verified)
    assert ran.code == 3
    assert not verified.same
    (difference,) = [d for d in verified.differences if d.table == "aip"]
    assert "Khác" in str(difference.catalogue)
    assert "Hội nghị" in str(difference.replicas)


def test_a_replica_that_is_not_ours_is_named(archive: Shell) -> None:
    for verb in ("rebuild", "verify"):
        ran = archive("catalogue", verb, "--replica", "gamma")
        assert ran.code == 2
        assert "alpha, beta" in ran.err


def test_an_empty_mount_stops_everything_and_is_named(archive: Shell) -> None:
    (archive.here / "b").rename(archive.here / "elsewhere")
    (archive.here / "b").mkdir()
    ran = archive("catalogue", "verify")
    assert ran.code == 4
    assert "beta" in ran.err
    assert list((archive.here / "b").iterdir()) == []


def test_a_command_outside_an_archive_ends_with_10(shell: Shell) -> None:
    assert shell("list").code == 10


def test_the_folder_may_be_named_before_or_after_the_command(
    archive: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outside = Shell(tmp_path.parent, capsys, {})
    assert outside("-C", tmp_path, "list").out == archive("list").out
    assert outside("list", "-C", tmp_path).out == archive("list").out
