"""The worker's entry for signatures: one job kind, the carrier decides who judges.

Imported in children only; what judges a carrier is imported with its first file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from preservation.signatures.companions import CONTENT
from preservation.signatures.facts import Facts, Question
from preservation.signatures.kinds import Carrier


def examine(file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """The facts about one file's signatures, as JSON values."""
    question = msgspec.convert(params["question"], Question)
    companions = {name: Path(path) for name, path in params.get("companions", {}).items()}
    facts = facts_of(file, Carrier(params["carrier"]), question, companions)
    plain: dict[str, Any] = msgspec.to_builtins(facts)
    return plain


def facts_of(
    file: BinaryIO,
    carrier: Carrier,
    question: Question,
    companions: Mapping[str, Path] | None = None,
) -> Facts:
    """The facts about one file; ValueError for a carrier without a judge.

    ``companions`` are the files of the same package that a detached signature may cover: by
    the name it uses for them, or under ``CONTENT`` where it names none.
    """
    beside = companions or {}
    match carrier:
        case Carrier.PDF:
            from preservation.signatures.pdf import examine_pdf

            return examine_pdf(file, question)
        case Carrier.CMS:
            from preservation.signatures.cms import examine_cms

            return examine_cms(file, question, beside.get(CONTENT))
        case Carrier.XML:
            from preservation.signatures.xml import examine_xml

            return examine_xml(file, question, beside)
        case Carrier.ASIC | Carrier.ODF | Carrier.OOXML:
            from preservation.signatures.zipped import examine_zip

            return examine_zip(file, carrier, question)
        case _:
            raise ValueError(f"no judge for {carrier}")
