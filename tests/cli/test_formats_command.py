"""``kho formats`` answers by the archive's own policy."""

from __future__ import annotations

import json

from kit.command_line import Shell
from preservation.formats.policy_file import shipped_content


def test_the_archives_own_policy_is_the_one_that_is_told(archive: Shell) -> None:
    before = json.loads(archive("formats", "list", "--json").out)
    own = shipped_content().replace(b'unlisted = "review"', b'unlisted = "rejected"')
    (archive.here / "formats.toml").write_bytes(own)
    settings = archive.here / "kho.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text + '\n[ingest]\nformat_policy = "formats.toml"\n', encoding="utf-8")
    after = json.loads(archive("formats", "list", "--json").out)
    assert before["policy"] != after["policy"]
    changed = [
        one["puid"]
        for one, other in zip(after["formats"], before["formats"], strict=True)
        if one["decision"] != other["decision"]
    ]
    assert changed


def test_a_format_policy_that_is_not_there_is_a_mistake_in_the_settings(archive: Shell) -> None:
    settings = archive.here / "kho.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text + '\n[ingest]\nformat_policy = "none.toml"\n', encoding="utf-8")
    assert archive("formats", "list").code == 2
