"""kho.toml: found where it was looked for, and every mistake in it named."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kho import config, config_checks
from kho.settings import FileSettings, Person, located
from kho.toml_text import line_of
from repository.settings import ReplicaSettings, RepositoryTable
from schemas.errors import ConfigError
from schemas.text import LANGUAGES, say

ARCHIVE = "6f9b1e2c-0d0e-4c5e-9a55-3a1f6b1c7d11"
GOOD = f"""\
language = "en"

[repository]
id = "{ARCHIVE}"
name = "Kho lưu trữ tỉnh"

[[replica]]
name = "first"
url = "file:///mnt/first"
site = "main building"

[[replica]]
name = "second"
url = "file:second"
site = "annex"
medium = "tape"
networked = true

[replica.options]
threads = 4

[people]
nva = "Nguyễn Văn A"

[people.ttb]
name = "Trần Thị B"
roles = ["approver"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "kho.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(folder: Path, text: str) -> ConfigError:
    """The error that loading this text raises; it has a text in both languages."""
    with pytest.raises(ConfigError) as caught:
        config.load(written(folder, text))
    for lang in LANGUAGES:
        said = say(caught.value.code, lang, **caught.value.fields)
        assert "{" not in said
        assert not said.startswith(caught.value.code)
    return caught.value


def test_a_file_is_read_into_the_records_of_the_packages(tmp_path: Path) -> None:
    settings = config.load(written(tmp_path, GOOD))
    assert settings.language == "en"
    assert settings.people == {
        "nva": Person(name="Nguyễn Văn A"),
        "ttb": Person(name="Trần Thị B", roles=("approver",)),
    }
    assert settings.repository.root == str(tmp_path)
    assert settings.repository.min_copies == 2
    assert settings.repository.replicas == (
        ReplicaSettings(name="first", url="file:///mnt/first", site="main building"),
        ReplicaSettings(
            name="second",
            url=f"file://{tmp_path}/second",
            site="annex",
            medium="tape",
            networked=True,
            options={"threads": 4},
        ),
    )


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("file:a/b", "file:///archive/a/b"),
        ("file:./a", "file:///archive/a"),
        ("file:///a", "file:///a"),
        ("file:/a", "file:/a"),
        ("s3://bucket/a", "s3://bucket/a"),
    ],
)
def test_a_folder_named_without_a_root_lies_beside_the_file(stated: str, meant: str) -> None:
    assert located(stated, "/archive") == meant


def test_a_policy_is_looked_for_beside_the_file(tmp_path: Path) -> None:
    settings = config.load(written(tmp_path, GOOD + '[ingest]\npolicy = "ours.toml"\n'))
    assert settings.ingest.policy == str(tmp_path / "ours.toml")


@pytest.mark.parametrize(
    ("wrong", "line", "nearest"),
    [
        (GOOD.replace("name = ", "nmae = ", 1), 5, "name"),
        (GOOD.replace('site = "annex"', 'sites = "annex"'), 15, "site"),
        (GOOD.replace("[[replica]]", "[[replicas]]"), 7, "replica"),
        (GOOD.replace("language", "langauge"), 1, "language"),
    ],
)
def test_an_unknown_setting_is_named_with_its_line_and_its_nearest_neighbour(
    tmp_path: Path, wrong: str, line: int, nearest: str
) -> None:
    error = refused(tmp_path, wrong)
    assert isinstance(error, config_checks.UnknownSetting)
    assert error.fields["nearest"] == nearest
    assert error.fields["where"] == f"{tmp_path / 'kho.toml'}:{line}"


def test_a_setting_like_no_other_is_answered_with_what_could_stand_there(tmp_path: Path) -> None:
    error = refused(tmp_path, "zzzzzz = 1\n" + GOOD)
    assert isinstance(error, config_checks.UnlikeAnySetting)
    assert error.fields["known"] == (
        "language, people, repository, replica, ingest, trust, signing, schedule, notify, medium"
    )


@pytest.mark.parametrize(
    ("wrong", "kind", "setting"),
    [
        (
            GOOD.replace("networked = true", 'networked = "yes"'),
            config_checks.WrongType,
            "replica[2].networked",
        ),
        (
            GOOD.replace('language = "en"', 'language = "fr"'),
            config_checks.NoSuchChoice,
            "language",
        ),
        (
            GOOD.replace('medium = "tape"', 'max_access = "all"'),
            config_checks.NoSuchChoice,
            "replica[2].max_access",
        ),
        (
            GOOD.replace('site = "annex"\n', ""),
            config_checks.MissingSetting,
            "replica[2].site",
        ),
        (GOOD.replace('"annex"', '" "'), config_checks.EmptySetting, "replica[2].site"),
        (GOOD.replace(ARCHIVE, ARCHIVE.upper()), config_checks.NotAnIdentifier, "repository.id"),
        (GOOD.replace('"second"', '"first"'), config_checks.ReplicaNamedTwice, "replica[2].name"),
        (GOOD.replace('"second"', '"thứ hai"'), config_checks.BadReplicaName, "replica[2].name"),
        (
            GOOD.replace('name = "Kho', 'min_copies = 0\nname = "Kho'),
            config_checks.NumberOutOfRange,
            "repository.min_copies",
        ),
        (
            GOOD.replace("networked = true", "deadline_s = 0"),
            config_checks.NumberOutOfRange,
            "replica[2].deadline_s",
        ),
        (
            GOOD.replace("threads = 4", "threads = 1.5"),
            config_checks.WrongType,
            "replica[2].options",
        ),
        ("language = 'vi'\n", config_checks.MissingSetting, "repository"),
        (
            GOOD.replace("[[replica]]", "[replica]", 1).partition("[[")[0],
            config_checks.WrongType,
            "replica",
        ),
        ("repository = 5\n", config_checks.WrongType, "repository"),
    ],
)
def test_an_impossible_value_is_named(
    tmp_path: Path, wrong: str, kind: type[ConfigError], setting: str
) -> None:
    assert wrong != GOOD
    error = refused(tmp_path, wrong)
    assert type(error) is kind
    assert error.fields["setting"] == setting


def test_a_choice_is_answered_with_what_can_be_chosen(tmp_path: Path) -> None:
    error = refused(tmp_path, GOOD.replace('medium = "tape"', 'max_access = "all"'))
    assert error.fields["known"] == "public, restricted, secret"
    assert str(error.fields["where"]).endswith("kho.toml:16")


def test_a_file_that_is_not_toml_is_refused_with_the_line(tmp_path: Path) -> None:
    error = refused(tmp_path, "[repository\nid = 1\n")
    assert isinstance(error, config.ConfigSyntax)
    assert "line 1" in str(error.fields["reason"])


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kho.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(config.ConfigUnreadable):
        config.load(path)


def test_the_nearest_file_upwards_is_found(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    path = written(tmp_path, GOOD)
    assert config.find(None, {}, inner) == path


def test_the_variable_wins_over_what_is_near_and_the_option_over_both(tmp_path: Path) -> None:
    for name in ("here", "variable", "option"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, GOOD)
    here, environment = tmp_path / "here", {"KHO_REPO": str(tmp_path / "variable")}
    assert config.find(None, environment, here).parent.name == "variable"
    assert config.find(Path("../option"), environment, here).parent.name == "option"


def test_a_folder_that_was_named_is_not_searched_beyond(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    (tmp_path / "empty").mkdir()
    with pytest.raises(config.NoRepositoryAt) as caught:
        config.find(tmp_path / "empty", {}, tmp_path)
    assert caught.value.exit_code == 10


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_an_archive_all_three_ways_to_name_one_are_named(
    tmp_path: Path, lang: str
) -> None:
    with pytest.raises(config.NoRepository) as caught:
        config.find(None, {}, tmp_path)
    said = say(caught.value.code, LANGUAGES[LANGUAGES.index(lang)], **caught.value.fields)
    assert caught.value.exit_code == 10
    assert all(way in said for way in ("-C", "KHO_REPO", "kho.toml", str(tmp_path)))


def test_what_is_written_is_read_back_the_same(tmp_path: Path) -> None:
    stated = FileSettings(
        language="en",
        people={'o\'brien "x"': "Trần Thị \\ B\x7f\n"},
        repository=RepositoryTable(id=ARCHIVE, name='"Kho"', min_copies=1),
        replica=(
            ReplicaSettings(name="a", url="file:a", site="x", options={"k": "v", "n": 2}),
            ReplicaSettings(name="b", url="file:b", site="y", networked=True, deadline_s=5),
        ),
    )
    path = tmp_path / "kho.toml"
    config.write_config(path, stated)
    read = config.load(path)
    assert {user: person.name for user, person in read.people.items()} == stated.people
    assert msgspec.structs.replace(read.repository.replicas[1], url="file:b") == stated.replica[1]
    assert read.repository.replicas[0].options == {"k": "v", "n": 2}
    assert (read.repository.name, read.repository.min_copies) == ('"Kho"', 1)


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD)
    with pytest.raises(FileExistsError):
        config.write_config(path, FileSettings(repository=RepositoryTable(id=ARCHIVE)))
    assert path.read_text(encoding="utf-8") == GOOD


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("language",), 1),
        (("repository",), 3),
        (("repository", "name"), 5),
        (("replica", 0, "site"), 10),
        (("replica", 1, "site"), 15),
        (("replica", 1, "options", "threads"), 20),
        (("replica", 1, "absent"), 12),
        (("nowhere",), 0),
    ],
)
def test_the_line_of_a_setting_is_found(place: tuple[str | int, ...], line: int) -> None:
    assert line_of(GOOD, place) == line
