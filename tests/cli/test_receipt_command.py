"""Receipts on paper and signed: nothing of a submission gets out of its place on the page."""

from __future__ import annotations

import builtins
import re
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ingest.due import due_of
from ingest.receipt import receipt_text, translated
from ingest.receipt.html import receipt_html
from ingest.receipt.pdf import PrintingMissing, html_to_pdf
from kit.command_line import Shell
from kit.held import bag
from kit.pki import pki
from schemas.records import CopyRecord, FindingRecord, Receipt, Ruling, RulingStep, encode
from schemas.text import LANGUAGES, Language

VIETNAM = timezone(timedelta(hours=7))
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}}"


def made(**changes: Any) -> Receipt:
    receipt = Receipt(
        receipt_id="0b8c9f2e-2f8e-4c43-9e29-5d1f27b0a6f1",
        source="/nop/hoso.zip",
        profile="tt05",
        outcome="accepted",
        state="stored",
        aip_id="1e063352-5392-5f6f-9030-1c30f592ef9a",
        submission_digest="ab" * 32,
        fonds="TL05",
        dossier_code="H99.2024.07.VP",
        title="Hồ sơ Hội nghị tổng kết năm 2024",
        files=3,
        bytes=53,
        warnings=1,
        received="2026-11-22T17:30:00.000Z",
        finished="2026-11-22T17:31:00.000Z",
        copies=(CopyRecord(replica="alpha", verified_at="2026-11-22T17:30:59.000Z"),),
        findings=(FindingRecord(code="PROFILE-NO-FONDS", severity="warning"),),
        not_checked=("virus",),
        ledger_head="cd" * 32,
        archive="Lưu trữ lịch sử tỉnh",
        archive_code="A99",
        received_by="Trần Thị Bình",
        submitter="UBND phường Tân Lập",
        submitter_code="H99.10.05",
        registration="NL-2026-014",
    )
    return msgspec.structs.replace(receipt, **changes)


class Elements(HTMLParser):
    """Tags and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _value in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(receipt: Receipt, lang: Language = "vi", **more: Any) -> Elements:
    return Elements(receipt_html(receipt, lang, zone=VIETNAM, **more))


def test_the_form_is_an_offices_own_with_all_that_it_must_say() -> None:
    text = page_of(made(), sha256="ef" * 32).text
    for said in (
        "Cộng hoà xã hội chủ nghĩa Việt Nam",
        "Độc lập - Tự do - Hạnh phúc",
        "Biên bản giao nhận hồ sơ, tài liệu điện tử",
        "Ngày 23 tháng 11 năm 2026",
        "23/11/2026 00:30:00 +07:00",
        "Bên giao",
        "UBND phường Tân Lập",
        "NL-2026-014",
        "Bên nhận",
        "Lưu trữ lịch sử tỉnh",
        "Trần Thị Bình",
        "H99.2024.07.VP",
        "Ký, ghi rõ họ tên",
        "ab" * 32,
        "cd" * 32,
        "ef" * 32,
        made().receipt_id,
    ):
        assert said in text, said


def test_a_party_archive_prints_the_partys_head() -> None:
    text = page_of(made(), letterhead="party").text
    assert "Đảng Cộng sản Việt Nam" in text
    assert "Độc lập" not in text


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("outcome", ["accepted", "held", "rejected", "duplicate"])
def test_every_outcome_has_its_form_in_both_languages(outcome: str, lang: Language) -> None:
    earlier = "held" if outcome == "duplicate" else ""
    page = page_of(made(outcome=outcome, earlier_outcome=earlier), lang)
    assert "HANDOVER-" not in page.text
    assert "{" not in page.text.split("</style>")[-1].split("}")[-1]
    assert page.tags.count("h1") == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_ruling_stands_on_the_page_and_in_the_text(lang: Language) -> None:
    step = RulingStep(
        person="Lê Thị Hoà", user="hoa", role="approver", moment="2026-11-23T01:00:00.000Z"
    )
    ruling = Ruling(
        id="u", act="released", reason="Đã xác nhận", steps=(step,), overridden=("BAG-DIGEST",)
    )
    receipt = made(ruling=ruling)
    for said in (page_of(receipt, lang).text, receipt_text(receipt, lang)):
        assert "Đã xác nhận" in said
        assert "Lê Thị Hoà" in said
        assert "BAG-DIGEST" in said


def test_nothing_a_sender_writes_becomes_part_of_the_page() -> None:
    names = [
        field.name
        for field in msgspec.structs.fields(Receipt)
        if field.type is str and field.name not in {"format", "received", "finished", "outcome",
                                                    "state", "earlier_outcome"}
    ]  # fmt: skip
    hostile = made(**dict.fromkeys(names, HOSTILE))
    step = RulingStep(
        person=HOSTILE, user=HOSTILE, role="proposer", moment=made().received, reason=HOSTILE
    )
    hostile = msgspec.structs.replace(
        hostile,
        copies=(CopyRecord(replica=HOSTILE, verified_at=made().received),),
        findings=(
            FindingRecord(
                code="VIRUS-FOUND", severity="error", where=HOSTILE, fields={"name": HOSTILE}
            ),
        ),
        ruling=Ruling(
            id="u", act="released", reason=HOSTILE, steps=(step,), overridden=(HOSTILE,)
        ),
    )
    sound = page_of(msgspec.structs.replace(hostile, **dict.fromkeys(names, "x")))
    page = page_of(hostile, sha256=HOSTILE)
    assert set(page.tags) == set(sound.tags)
    assert page.attributes == sound.attributes
    assert not {"script", "img"} & set(page.tags)
    assert page.text.count("alert(1)") >= len(names)
    assert "49" not in page.text


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = receipt_html(made(), "vi", zone=VIETNAM)
    assert "default-src 'none'" in page
    assert not re.search(r"(src|href)\s*=|url\(|@import", page)
    assert "@media print" in page


def test_without_the_extra_a_pdf_is_refused_by_name(
    archive: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = builtins.__import__

    def absent(name: str, *more: Any, **named: Any) -> Any:
        if name.startswith("weasyprint"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return there(name, *more, **named)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(PrintingMissing):
        html_to_pdf("<p>", Path("x.pdf"))
    archive("ingest", bag(archive.here / "nop"))
    ran = archive("receipt", "show", "H99.2024.07.VP", "--pdf", "x.pdf")
    assert ran.code == 2
    assert "kho[print]" in ran.err
    assert not (archive.here / "x.pdf").exists()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_with_the_extra_a_pdf_is_written(tmp_path: Path) -> None:
    pytest.importorskip("weasyprint", reason="the extra `print` is not installed")
    html_to_pdf(receipt_html(made(), "vi", zone=VIETNAM), tmp_path / "x.pdf")
    assert (tmp_path / "x.pdf").read_bytes().startswith(b"%PDF-")


def test_a_receipt_is_found_again_by_what_people_have(archive: Shell) -> None:
    receipts: Any = archive("ingest", bag(archive.here / "nop"), "--json").json()["receipts"]
    (first,) = receipts
    for named in (first["aip_id"][:9], first["receipt_id"], first["submission_digest"]):
        assert archive("receipt", "show", named, "--json").json() == first
    assert archive("receipt", "show", "nirgends").code == 2


def test_a_rejected_submission_has_a_receipt_to_print_too(archive: Shell) -> None:
    broken = archive.here / "hỏng.zip"
    broken.write_bytes(b"PK\x03\x04 this is no archive")
    receipts: Any = archive("ingest", broken, "--json").json()["receipts"]
    ran = archive("--lang", "vi", "receipt", "show", receipts[0]["receipt_id"], "--html", "r.html")
    assert ran.code == 0
    page = Elements((archive.here / "r.html").read_text(encoding="utf-8"))
    assert "Thông báo từ chối tiếp nhận" in page.text


# --- signed -----------------------------------------------------------------------------


@pytest.fixture
def signing(archive: Shell) -> Shell:
    """An archive with a key of its own, and a dossier."""
    write_key(archive.here)
    add(archive, '[signing]\nkey = "archive.key"\ncertificate = "archive.crt"\n')
    archive("ingest", bag(archive.here / "nop"))
    return archive


def write_key(folder: Path, label: str = "organ", *, owner: str = "organ") -> None:
    from asn1crypto import pem  # type: ignore[import-untyped]  # asn1crypto has no types

    key = folder / "archive.key"
    key.write_bytes(pem.armor("PRIVATE KEY", pki().key(label).dump()))
    key.chmod(0o600)
    (folder / "archive.crt").write_bytes(pem.armor("CERTIFICATE", pki().certificate(owner).dump()))
    chain = b"".join(
        pem.armor("CERTIFICATE", pki().certificate(name).dump()) for name in ("root", "sub")
    )
    (folder / "ca.pem").write_bytes(chain)


def add(shell: Shell, text: str) -> None:
    path = shell.here / "kho.toml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")


def openssl(folder: Path, content: str) -> subprocess.CompletedProcess[str]:
    """What OpenSSL says of the signature beside the file."""
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-content", content]
    command += ["-in", "r.json.p7s", "-CAfile", "ca.pem", "-purpose", "any"]
    command += ["-attime", str(int(datetime(2025, 6, 1, tzinfo=UTC).timestamp())), "-out", "out"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_saved_receipt_is_signed_and_openssl_verifies_it(signing: Shell) -> None:
    ran = signing("receipt", "show", "H99.2024.07.VP", "--save", "r.json")
    assert ran.code == 0, ran.err
    assert "r.json.p7s" in ran.err
    verified = openssl(signing.here, "r.json")
    assert verified.returncode == 0, verified.stderr
    saved = msgspec.json.decode((signing.here / "r.json").read_bytes(), type=Receipt)
    assert saved == translated(saved, "en")
    (signing.here / "forged.json").write_bytes(
        encode(msgspec.structs.replace(saved, files=saved.files + 1))
    )
    assert openssl(signing.here, "forged.json").returncode != 0


def test_anybody_verifies_a_saved_receipt_without_an_archive(
    signing: Shell, tmp_path_factory: pytest.TempPathFactory
) -> None:
    signing("receipt", "show", "H99.2024.07.VP", "--save", "r.json")
    away = Shell(tmp_path_factory.mktemp("away"), signing.capsys, signing.environment)
    for name in ("r.json", "r.json.p7s", "archive.crt", "ca.pem"):
        (away.here / name).write_bytes((signing.here / name).read_bytes())
    files = (away.here / "r.json", away.here / "r.json.p7s")
    pinned = away("receipt", "verify", *files, "--certificate", away.here / "archive.crt")
    assert (pinned.code, "INTACT" in pinned.out) == (0, True), pinned.err
    alone = away("receipt", "verify", *files, "--json")
    assert alone.code == 5
    assert alone.json()["integrity"] == "intact"
    (away.here / "other.crt").write_bytes(pki().certificate("leader").dump())
    other = away("receipt", "verify", *files, "--certificate", away.here / "other.crt")
    assert (other.code, "WRONG CERTIFICATE" in other.out) == (3, True)
    none = away("receipt", "verify", *files, "--certificate", away.here / "ca.pem")
    assert (none.code, "ca.pem" in none.err) == (2, True)
    (away.here / "r.json").write_bytes((away.here / "r.json").read_bytes() + b" ")
    broken = away("receipt", "verify", *files, "--certificate", away.here / "archive.crt")
    assert (broken.code, "NOT INTACT" in broken.out) == (3, True)


def test_a_key_that_will_not_do_signs_nothing_and_writes_nothing(signing: Shell) -> None:
    write_key(signing.here, label="leader", owner="organ")
    ran = signing("receipt", "show", "H99.2024.07.VP", "--save", "r.json")
    assert (ran.code, "archive.key" in ran.err) == (2, True)
    (signing.here / "archive.key").unlink()
    assert signing("receipt", "show", "H99.2024.07.VP", "--save", "r.json").code == 2
    write_key(signing.here)
    (signing.here / "archive.key").chmod(0o640)
    exposed = signing("receipt", "show", "H99.2024.07.VP", "--save", "r.json")
    assert (exposed.code, "chmod 600" in exposed.err) == (2, True)
    assert not (signing.here / "r.json").exists()


@pytest.mark.parametrize("kept", ["file", "variable"])
def test_the_passphrase_of_a_pkcs12_file_comes_from_a_file_or_a_variable(
    archive: Shell, kept: str
) -> None:
    write_key(archive.here)
    secret = "mật khẩu dài"
    subprocess.run(
        [
            *("openssl", "pkcs12", "-export", "-inkey", "archive.key", "-in", "archive.crt"),
            *("-out", "archive.p12", "-passout", f"pass:{secret}"),
        ],
        cwd=archive.here,
        check=True,
    )
    (archive.here / "archive.p12").chmod(0o600)
    (archive.here / "archive.key").unlink()
    environment = dict(archive.environment)
    if kept == "file":
        (archive.here / "pass").write_text(f"{secret}\n", encoding="utf-8")
        (archive.here / "pass").chmod(0o600)
        add(archive, '[signing]\npkcs12 = "archive.p12"\npassphrase_file = "pass"\n')
    else:
        add(archive, '[signing]\npkcs12 = "archive.p12"\npassphrase_env = "ARCHIVE_PASS"\n')
        archive("ingest", bag(archive.here / "truoc"))
        unset = archive("receipt", "show", "H99.2024.07.VP", "--save", "r.json")
        assert (unset.code, "ARCHIVE_PASS" in unset.err) == (2, True)
        environment["ARCHIVE_PASS"] = secret
    shell = Shell(archive.here, archive.capsys, environment)
    shell("ingest", bag(archive.here / "nop"))
    ran = shell("receipt", "show", "H99.2024.07.VP", "--save", "r.json")
    assert ran.code == 0, ran.err
    assert openssl(archive.here, "r.json").returncode == 0
    assert secret not in ran.out + ran.err


def test_without_a_key_nothing_is_signed_and_that_is_said(archive: Shell) -> None:
    archive("ingest", bag(archive.here / "nop"))
    ran = archive("receipt", "show", "H99.2024.07.VP", "--save", "r.json")
    assert ran.code == 0
    assert "Not signed" in ran.err
    assert not (archive.here / "r.json.p7s").exists()


def test_a_restore_proof_is_signed_with_the_same_key(signing: Shell) -> None:
    ran = signing("restore", "--all", "--to", "out")
    assert ran.code == 0, ran.err
    proof = signing.here / "out" / "kho-restore-proof.json"
    signature = proof.with_name(f"{proof.name}.p7s")
    crt = signing.here / "archive.crt"
    assert signing("receipt", "verify", proof, signature, "--certificate", crt).code == 0
    proof.write_bytes(proof.read_bytes().replace(b'"complete": true', b'"complete":  true'))
    assert signing("receipt", "verify", proof, signature, "--certificate", crt).code == 3


# --- due dates --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "age", "left", "overdue"),
    [
        ("2026-11-22T17:30:00Z", 0, 60, False),
        ("2027-01-22T16:59:59Z", 60, 0, False),
        ("2027-01-22T17:00:00Z", 61, -1, True),
    ],
)
def test_days_are_counted_by_the_calendar_of_the_place(
    now: str, age: int, left: int, overdue: bool
) -> None:
    """Received at half past midnight of the 23rd in Viet Nam, on the 22nd in UTC."""
    moment = datetime.fromisoformat(now)
    due = due_of("2026-11-22T17:30:00.000Z", days=60, now=moment, zone=VIETNAM)
    assert (due.day.isoformat(), due.age_days, due.days_left) == ("2027-01-22", age, left)
    assert due.overdue is overdue
