"""``kho report signatures``: the three facts of each signature, and what is not proved."""

from __future__ import annotations

import msgspec

from kho.reports.signatures import SignaturesReport
from kit.command_line import Shell
from kit.desk import write_files
from kit.signed_pdfs import plain_pdf, signed_pdf, spoiled


def received(shell: Shell) -> str:
    """The AIP of a dossier with a sound, a spoiled and an unsigned file."""
    folder = write_files(
        shell.here / "ho-so",
        {
            b"dung.pdf": signed_pdf("leader", "B-B"),
            b"hong.pdf": spoiled(signed_pdf("organ", "B-B")),
            b"khong-ky.pdf": plain_pdf(),
        },
    )
    receipts = msgspec.json.decode(shell("ingest", folder, "--json").out)["receipts"]
    return str(receipts[0]["aip_id"])


def test_each_signature_is_told_with_what_is_proved_of_it(shell: Shell) -> None:
    named = received(shell)
    ran = shell("report", "signatures", named, "--json")
    report = msgspec.json.decode(ran.out, type=SignaturesReport)
    sound, broken = report.signatures
    assert (report.files, report.unsigned) == (3, 1)
    assert (sound.file, sound.signer, sound.integrity) == ("dung.pdf", "leader", "intact")
    assert (sound.trust, sound.time) == ("not_established", "claimed")
    assert (broken.file, broken.integrity) == ("hong.pdf", "broken")
    assert broken.decision == "hold"


def test_people_read_it_in_sentences(shell: Shell) -> None:
    named = received(shell)
    text = shell("report", "signatures", named).out
    assert "what was signed is unchanged" in text
    assert "what was signed was CHANGED afterwards" in text
    assert "1 of 3 files carry no signature." in text
    assert "nội dung đã ký còn nguyên" in shell("--lang", "vi", "report", "signatures", named).out
    assert shell("report", "signatures", named, "--html", "s.html").code == 0
    page = (shell.here / "s.html").read_text(encoding="utf-8")
    assert "what was signed was CHANGED afterwards" in page


def test_an_unknown_dossier_is_said_to_be_unknown(shell: Shell) -> None:
    ran = shell("report", "signatures", "00000000")
    assert ran.code == 2
    assert "00000000" in ran.err
