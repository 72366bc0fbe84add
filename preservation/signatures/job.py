"""The worker's entry for signatures: one job kind, the carrier decides who judges.

Imported in children only; what judges a carrier is imported with its first file.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import msgspec

from preservation.signatures.facts import Facts, Question
from preservation.signatures.kinds import Carrier


def examine(file: BinaryIO, params: dict[str, Any]) -> dict[str, Any]:
    """The facts about one file's signatures, as JSON values."""
    question = msgspec.convert(params["question"], Question)
    plain: dict[str, Any] = msgspec.to_builtins(
        facts_of(file, Carrier(params["carrier"]), question)
    )
    return plain


def facts_of(file: BinaryIO, carrier: Carrier, question: Question) -> Facts:
    """The facts about one file; ValueError for a carrier without a judge."""
    match carrier:
        case Carrier.PDF:
            from preservation.signatures.pdf import examine_pdf

            return examine_pdf(file, question)
        case _:
            raise ValueError(f"no judge for {carrier}")
