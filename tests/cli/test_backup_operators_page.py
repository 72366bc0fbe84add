"""Every command of the backup operator's page is run, in its order, on an archive."""

from __future__ import annotations

import re
import shlex

import pytest

from kit.command_line import Shell
from kit.oracles import PROJECT
from kit.rclone import rclone

PAGES = ("backup-operator.md", "backup-operator.vi.md")


def commands_of(page: str) -> list[list[str]]:
    text = (PROJECT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    lines = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    return [shlex.split(line) for line in lines]


def test_both_pages_have_the_same_commands() -> None:
    english, vietnamese = map(commands_of, PAGES)
    assert english == vietnamese
    assert len(english) > 10


@pytest.mark.parametrize("page", PAGES[:1])
def test_every_command_of_the_page_does_what_the_page_says(archive: Shell, page: str) -> None:
    for stated in commands_of(page):
        words = [word.replace("/mnt/disk", str(archive.here / "a")) for word in stated]
        if words[0] == "rclone":
            places = [archive.here / word for word in words[2:]]
            rclone(words[1], *places)
            continue
        assert words[0] == "kho"
        ran = archive(*words[1:])
        assert ran.code == 0, (words, ran.out, ran.err)
    for folder in ("restored", "united"):
        assert (archive.here / folder / "kho-restore-proof.json").is_file()
        assert list((archive.here / folder).rglob("a.txt"))
    assert [(archive.here / name / "kho" / "replica.json").is_file() for name in "cd"] == [
        True
    ] * 2


@pytest.mark.parametrize("page", PAGES)
def test_every_option_that_the_page_names_is_known(page: str) -> None:
    from dataclasses import fields

    from storage_backends.s3.options import S3Options
    from storage_backends.sftp.options import SftpOptions

    known = {field.name for kind in (S3Options, SftpOptions) for field in fields(kind)}
    text = (PROJECT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"option\.(\w+)=", text))
    assert named
    assert named <= known
