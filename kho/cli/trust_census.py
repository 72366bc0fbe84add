"""``kho trust census``: the signatures of the holdings, counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from kho.cli.command import command, json_option, option
from kho.cli.exits import Exit
from kho.cli.output import print_json, print_table
from kho.cli.session import Session

if TYPE_CHECKING:
    from repository.archive import Repository


class SignatureCensus(msgspec.Struct, frozen=True, kw_only=True):
    """What ``kho trust census --json`` prints. ``decisions`` counts files by their newest
    decision, ``indications`` signatures by what ingest proved; ``expiring`` has certificates
    of signers by the year of their end, and ``past`` for those that have ended."""

    aips: int
    files: int
    signatures: int
    not_checked: int
    decisions: dict[str, int]
    kinds: dict[str, int]
    levels: dict[str, int]
    algorithms: dict[str, int]
    issuers: dict[str, int]
    indications: dict[str, int]
    expiring: dict[str, int]


_PARTS = (
    ("DECISION", "decisions"),
    ("KIND", "kinds"),
    ("LEVEL", "levels"),
    ("ALGORITHM", "algorithms"),
    ("ISSUER", "issuers"),
    ("INDICATION", "indications"),
    ("EXPIRY", "expiring"),
)


@command("census", code="CLI-TRUST-CENSUS", printed=SignatureCensus)
@option("--fonds", metavar="CODE", default=None, help="CLI-LIST-FONDS")
@json_option
def census(session: Session, fonds: str | None, as_json: bool) -> int:
    """Held signatures by what they are and what is proved of them."""
    with session.repository() as archive:
        counted = counted_signatures(archive, fonds)
    if as_json:
        print_json(counted)
        return Exit.DONE
    session.tell(
        "TRUST-CENSUS-TOTAL",
        signatures=counted.signatures,
        files=counted.files,
        aips=counted.aips,
        not_checked=counted.not_checked,
    )
    rows = (
        (session.say(f"TRUST-CENSUS-{name}"), _named(session, name, what), str(count))
        for name, field in _PARTS
        for what, count in getattr(counted, field).items()
    )
    names = ("WHAT", "OF", "COUNT")
    print_table(rows, head=[session.say(f"TRUST-CENSUS-COLUMN-{name}") for name in names])
    return Exit.DONE


def counted_signatures(archive: Repository, fonds: str | None) -> SignatureCensus:
    """The census of one fonds, or of all; read page by page."""
    counts: dict[str, Counter[str]] = {field: Counter() for _, field in _PARTS}
    aips = files = signatures = not_checked = 0
    last = ""
    today = archive.now().date().isoformat()
    for aip_id, one, decision in archive.catalogue.signatures(fonds=fonds):
        aips += aip_id != last
        last = aip_id
        if one.position == 0:
            files += 1
            counts["decisions"][decision] += 1
        not_checked += bool(one.not_checked) or one.sub_indication == "NOT_VERIFIED"
        if not one.indication:
            continue
        signatures += 1
        counts["kinds"][one.kind] += 1
        counts["levels"][one.level] += 1
        counts["algorithms"][one.algorithm] += 1
        counts["issuers"][one.issuer] += 1
        outcome = "/".join(filter(None, (one.indication, one.sub_indication)))
        counts["indications"][outcome] += 1
        counts["expiring"][_ending(one.valid_until, today)] += 1
    return SignatureCensus(
        aips=aips,
        files=files,
        signatures=signatures,
        not_checked=not_checked,
        **{name: dict(counter.most_common()) for name, counter in counts.items()},
    )


def _ending(valid_until: str, today: str) -> str:
    if not valid_until:
        return ""
    return "past" if valid_until[:10] < today else valid_until[:4]


def _named(session: Session, part: str, what: str) -> str:
    if not what:
        return session.say("TRUST-CENSUS-UNKNOWN")
    return session.say(f"CLI-DECISION-{what.upper()}") if part == "DECISION" else what
