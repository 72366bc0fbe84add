"""The printable receipt (*biên bản tiếp nhận*): one HTML page that needs nothing else.

Every value comes from a submission and may be hostile: the template escapes all of it, the page
has no script, and its policy forbids whatever an escape might have missed.
"""

from __future__ import annotations

from datetime import tzinfo
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from ingest.receipt import message_of, outcome_code
from schemas.moments import parse_moment
from schemas.records import Receipt
from schemas.text import Language, say

LETTERHEADS = ("state", "party")


def receipt_html(
    receipt: Receipt,
    lang: Language,
    *,
    letterhead: str = "state",
    zone: tzinfo | None = None,
    sha256: str = "",
) -> str:
    """The receipt as a page to read, print and sign by hand.

    ``zone`` None is the machine's own; ``sha256`` is the digest of the JSON that the page
    renders, so that paper and file can be told to belong together.
    """
    return _template().render(
        lang=lang,
        t=lambda code, **fields: say(f"HANDOVER-{code}", lang, **fields),
        letterhead=letterhead,
        receipt=receipt,
        title=say(f"HANDOVER-TITLE-{kind_of(receipt)}", lang),
        outcome=say(outcome_code(receipt), lang, warnings=receipt.warnings),
        state=_state(receipt, lang),
        moment=lambda text: local_moment(text, zone),
        day=_day(receipt, lang, zone),
        findings=[(finding, message_of(finding, lang)) for finding in receipt.findings],
        weight=lambda severity: say(f"SEVERITY-{severity.upper()}", lang),
        not_checked=[say(f"NOT-CHECKED-{each.upper()}", lang) for each in receipt.not_checked],
        facts=_facts(receipt, lang),
        sha256=sha256,
    )


def kind_of(receipt: Receipt) -> str:
    """Which form it is: ``ACCEPTED``, ``HELD`` or ``REJECTED``; a duplicate's is that of then."""
    return (receipt.earlier_outcome or receipt.outcome).upper()


def local_moment(text: str, zone: tzinfo | None) -> str:
    """``22/11/2026 16:15:02 +07:00``: as offices write it, with the zone."""
    if not text:
        return ""
    moment = parse_moment(text).astimezone(zone)
    offset = moment.strftime("%z")
    return f"{moment:%d/%m/%Y %H:%M:%S} {offset[:3]}:{offset[3:]}"


def _day(receipt: Receipt, lang: Language, zone: tzinfo | None) -> str:
    moment = parse_moment(receipt.finished or receipt.received).astimezone(zone)
    return say(
        "HANDOVER-DAY",
        lang,
        day=f"{moment.day:02d}",
        month=f"{moment.month:02d}",
        year=moment.year,
    )


def _state(receipt: Receipt, lang: Language) -> str:
    if not receipt.state:
        return ""
    return say(f"RECEIPT-STATE-{receipt.state.upper().replace('_', '-')}", lang)


def _facts(receipt: Receipt, lang: Language) -> list[tuple[str, str, Any]]:
    """(label, name, value) of the content, without what is empty."""
    names = (
        "title", "dossier_code", "fonds", "profile", "source", "files", "bytes",
        "received", "finished",
    )  # fmt: skip
    return [
        (say(f"RECEIPT-FIELD-{name.upper()}", lang), name, getattr(receipt, name))
        for name in names
        if getattr(receipt, name) != ""
    ]


@cache
def _template() -> Template:
    source = files("ingest.receipt").joinpath("handover.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(source)
