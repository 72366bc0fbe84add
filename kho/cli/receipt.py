"""``kho receipt``: receipts again, on paper, signed; and signatures verified by anybody."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from kho.cli.command import Group, argument, command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json, print_text
from kho.cli.session import Session
from kho.cli.signing import sign_file, signer_of
from schemas.errors import ConfigError
from schemas.nouns import SignatureResult
from schemas.records import Receipt, encode

if TYPE_CHECKING:
    from repository.archive import Repository

COMMANDS = {
    "show": "kho.cli.receipt:show_receipt",
    "verify": "kho.cli.receipt:verify_receipt",
}
FILE = click.Path(dir_okay=False, path_type=Path)
THERE = click.Path(exists=True, dir_okay=False, path_type=Path)


class NoSuchReceipt(ConfigError):
    """No receipt is named so."""

    code = "CLI-RECEIPT-NONE"


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho receipt verify --json`` prints.

    ``integrity`` is ``intact``, ``broken`` or ``unknown``; ``certificate`` the sha256 of the
    signer's; ``established`` whether it is known whose it is.
    """

    file: str
    integrity: str
    signer: str
    signed_at: str
    certificate: str
    established: bool


@click.group("receipt", cls=Group, modules=COMMANDS, help="CLI-RECEIPT")
def receipt() -> None:
    """Nothing of its own."""


@command("show", code="CLI-RECEIPT-SHOW", printed=Receipt)
@argument("named", metavar="ID", help="CLI-RECEIPT-ID")
@option("--html", "page", metavar="FILE", type=FILE, help="CLI-RECEIPT-HTML")
@option("--pdf", metavar="FILE", type=FILE, help="CLI-RECEIPT-PDF")
@option("--save", metavar="FILE", type=FILE, help="CLI-RECEIPT-SAVE")
@json_option
def show_receipt(
    session: Session,
    named: str,
    page: Path | None,
    pdf: Path | None,
    save: Path | None,
    as_json: bool,
) -> int:
    """The receipt is printed, or written in the forms asked for."""
    from ingest.receipt import receipt_text, translated

    with session.repository() as archive:
        found = translated(receipt_named(archive, named), session.language)
    content = encode(found)
    if save is not None:
        signer = signer_of(session)
        (session.here / save).write_bytes(content)
        session.note("CLI-RECEIPT-WRITTEN", file=str(save))
        sign_file(session, session.here / save, signer)
    if page is not None or pdf is not None:
        _write_pages(session, found, content, page, pdf)
    if as_json:
        print_json(found)
    elif save is None and page is None and pdf is None:
        print_text(receipt_text(found, session.language))
    return Exit.DONE


def receipt_named(archive: Repository, named: str) -> Receipt:
    """The newest receipt about what is named. :class:`NoSuchReceipt`."""
    ids = {summary.aip_id for summary in archive.catalogue.find(named)}
    answered = [found for aip_id in ids if (found := archive.receipt_for(aip_id)) is not None]
    if len(answered) == 1:
        return answered[0]
    found = archive.catalogue.receipt_named(named.strip().lower())
    if found is None:
        raise NoSuchReceipt(named=named)
    return found


def _write_pages(
    session: Session, found: Receipt, content: bytes, page: Path | None, pdf: Path | None
) -> None:
    from ingest.receipt.html import receipt_html
    from ingest.receipt.pdf import html_to_pdf

    html = receipt_html(
        found,
        session.language,
        letterhead=session.settings.ingest.letterhead,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    if page is not None:
        (session.here / page).write_text(html, encoding="utf-8")
        session.note("CLI-RECEIPT-WRITTEN", file=str(page))
    if pdf is not None:
        html_to_pdf(html, session.here / pdf)
        session.note("CLI-RECEIPT-WRITTEN", file=str(pdf))


@command("verify", code="CLI-RECEIPT-VERIFY", printed=Verified)
@argument("file", metavar="FILE", type=THERE, help="CLI-RECEIPT-FILE")
@argument("signature", metavar="FILE.p7s", type=THERE, help="CLI-RECEIPT-SIGNATURE")
@option("--certificate", metavar="FILE", type=THERE, help="CLI-RECEIPT-CERTIFICATE")
@json_option
def verify_receipt(
    session: Session, file: Path, signature: Path, certificate: Path | None, as_json: bool
) -> int:
    """Whether the file is what was signed, and by whom. Whose certificate it is must be known
    from elsewhere: without one to compare, the check is not the whole check (exit 5)."""
    from preservation.signatures.signing import certificate_sha256

    result = _examined(session.here / file, session.here / signature)
    pinned = certificate_sha256(session.here / certificate) if certificate else ""
    verified = Verified(
        file=str(file),
        integrity=result.integrity,
        signer=result.signer,
        signed_at=result.signed_at,
        certificate=result.certificate,
        established=bool(pinned) and pinned == result.certificate,
    )
    if as_json:
        print_json(verified)
    else:
        _tell(session, verified, result, pinned=bool(pinned))
    if verified.integrity != "intact" or (pinned and not verified.established):
        return Exit.DAMAGE_FOUND
    return Exit.DONE if verified.established else Exit.CHECK_UNTRUSTED


def _examined(file: Path, signature: Path) -> SignatureResult:
    """The signature's facts, found out in a worker: both files may come from anybody."""
    from preservation.signatures.examiner import Item, SignatureExaminer
    from preservation.workers import WorkerPool

    with (
        tempfile.TemporaryDirectory(prefix="kho-") as scratch,
        WorkerPool(workers=1, scratch=Path(scratch)) as pool,
    ):
        items = (Item("file", file, "signed"), Item("signature", signature, "signed.p7s"))
        reports = dict(SignatureExaminer(pool).examine_many(items))
    report = reports["signature"]
    if len(report.signatures) != 1:
        detail = report.not_checked or ", ".join(report.findings) or "no single signature"
        return SignatureResult("", "INDETERMINATE", integrity="unknown", detail=detail)
    return report.signatures[0]


def _tell(session: Session, verified: Verified, result: SignatureResult, *, pinned: bool) -> None:
    if verified.integrity != "intact":
        detail = result.sub_indication or result.detail
        session.tell("CLI-RECEIPT-BROKEN", file=verified.file, detail=detail)
        return
    moment = ""
    if verified.signed_at:
        moment = session.say("CLI-RECEIPT-SIGNED-AT", moment=verified.signed_at)
    session.tell("CLI-RECEIPT-INTACT", file=verified.file, signer=verified.signer, moment=moment)
    if verified.established:
        session.tell("CLI-RECEIPT-PINNED")
    elif pinned:
        session.tell("CLI-RECEIPT-OTHER-CERTIFICATE", sha256=verified.certificate)
    else:
        session.tell("CLI-RECEIPT-WHOSE", sha256=verified.certificate)
