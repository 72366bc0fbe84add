"""Signatures on the command line: judged again, shown with their history, counted."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from kho.cli.inspect_signatures import Examined
from kho.cli.judged import Judgements
from kit.archives import TickingClock
from kit.command_line import Shell
from kit.network import Gate
from kit.signed_archives import import_lists, import_roots, receive
from kit.signed_cms import CONTENT, signed_cms
from kit.signed_pdfs import signed_pdf
from repository.archive import Repository

THEN = datetime(2022, 6, 15, 8, 0, tzinfo=UTC)


@pytest.fixture
def signed(archive: Shell, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shell, str]:
    """A dossier with a signature that came without a time stamp or revocation list in 2022."""
    folder = tmp_path_factory.mktemp("signed")
    clock = TickingClock(THEN)
    with Repository.open(archive.settings().repository, now=clock) as repository:
        import_roots(repository, folder)
        files = {b"a.pdf": signed_pdf("expired", "B-B"), b"b.p7s": b"\x00"}
        return archive, receive(repository, folder / "nop", files).aip_id


def test_an_audit_of_signatures_tells_what_became_better(
    signed: tuple[Shell, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    shell, aip_id = signed
    assert shell("audit", "--signatures").code == 0
    with Repository.open(shell.settings().repository, now=TickingClock(THEN)) as repository:
        import_lists(repository, tmp_path_factory.mktemp("lists"), THEN)
    lines = shell("audit", "--signatures", "--fonds", "TL05", "--json").json()
    assert (lines["better"], lines["worse"], lines["complete"]) == (1, 0, True)
    shown = shell("show", aip_id, "--json").json()
    verdict = shown["verdicts"][0]  # type: ignore[index]  # a list
    assert verdict["decision"] == "accept"
    assert verdict["proven"]
    assert verdict["indications"] == ["TOTAL-PASSED"]
    files = {Path(file["path"]).name: file for file in shown["files"]}  # type: ignore[attr-defined]
    assert files["a.pdf"]["signature"] == "accept"
    told = shell("show", aip_id).out
    assert "when the archive proves it existed" in told
    again = shell("audit", "--signatures")
    assert "nothing new" in again.out
    assert again.code == 0


def _inspected(shell: Shell, *arguments: str | Path) -> dict[str, Examined]:
    ran = shell("inspect", "signatures", *arguments, "--json")
    found = msgspec.json.decode(ran.out, type=Judgements[Examined]).inspected
    return {Path(one.path).name: one for one in found}


def test_a_look_at_files_counts_the_trust_of_the_archive_that_is_here(
    archive: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("looked-at")
    (folder / "a.pdf").write_bytes(signed_pdf())
    before = _inspected(archive, folder)["a.pdf"]
    assert "SIG-NO-TRUST-CONFIGURED" in before.findings
    with Repository.open(archive.settings().repository) as repository:
        import_roots(repository, tmp_path_factory.mktemp("trust"))
    after = _inspected(archive, folder)["a.pdf"]
    assert not {"SIG-NO-TRUST-CONFIGURED", "SIG-UNKNOWN-ISSUER"} & set(after.findings)


def test_a_detached_signature_is_held_against_the_file_beside_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shell.here / "nop"
    folder.mkdir()
    (folder / "a.txt").write_bytes(CONTENT)
    (folder / "b.txt").write_bytes(CONTENT + b".")
    for name in ("a.txt.p7s", "b.txt.p7s"):
        (folder / name).write_bytes(signed_cms("leader"))
    monkeypatch.chdir(shell.here)
    found = _inspected(shell, "nop")
    assert list(found) == ["a.txt", "a.txt.p7s", "b.txt", "b.txt.p7s"]
    assert [one.integrity for one in found["a.txt.p7s"].signatures] == ["intact"]
    assert found["b.txt.p7s"].decision == "hold"
    told = shell("inspect", "signatures", "nop").out
    assert "leader" in told
    assert "{" not in told


def test_an_audit_that_finds_a_verdict_worse_ends_with_3(
    archive: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("worse")
    ingest = datetime(2025, 1, 5, 8, 0, tzinfo=UTC)
    with Repository.open(archive.settings().repository, now=TickingClock(ingest)) as repository:
        import_roots(repository, folder)
        import_lists(repository, folder, datetime(2024, 12, 30, tzinfo=UTC))
        aip_id = receive(repository, folder / "nop", {b"a.pdf": signed_pdf("revoked")}).aip_id
        import_lists(repository, folder, datetime(2025, 3, 15, tzinfo=UTC))
    ran = archive("audit", "--signatures", "--aip", aip_id)
    assert ran.code == 3
    assert "WORSE" in ran.out


def test_the_census_counts_what_is_held(signed: tuple[Shell, str]) -> None:
    shell, _aip_id = signed
    counted = shell("trust", "census", "--fonds", "TL05", "--json").json()
    assert (counted["aips"], counted["files"], counted["signatures"]) == (1, 2, 2)
    assert counted["not_checked"] == 1
    assert counted["decisions"] == {"warn": 2}
    assert counted["kinds"] == {"pdf": 1, "cms": 1}
    assert counted["levels"]["B"] == 1  # type: ignore[index]  # a table
    assert counted["algorithms"]["sha256 sha256_ecdsa secp256r1"] == 1  # type: ignore[index]
    assert any("sub" in issuer for issuer in counted["issuers"])  # type: ignore[attr-defined]
    assert counted["expiring"] == {"past": 1, "": 1}
    assert shell("trust", "census", "--fonds", "none", "--json").json()["files"] == 0
    assert "Signatures by algorithm" in shell("trust", "census").out


def test_nothing_is_fetched_unless_hosts_are_named(archive: Shell, gate: Gate) -> None:
    ran = archive("trust", "fetch")
    assert ran.code == 2
    assert "[trust.network]" in ran.err
    settings = archive.here / "kho.toml"
    text = settings.read_text(encoding="utf-8")
    named = text + '\n[trust.network]\nhosts = ["ca.example.com"]\n'
    settings.write_text(named, encoding="utf-8")
    done = archive("trust", "fetch", "--json")
    assert done.code == 0
    assert done.json()["fetched"] == []
    assert not gate.take_refused()
    wrong = named.replace("hosts", "host")
    settings.write_text(wrong, encoding="utf-8")
    assert "hosts" in archive("trust", "fetch").err
