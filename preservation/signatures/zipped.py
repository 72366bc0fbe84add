"""Signed ZIP files in the worker: the names inside decide who judges, not the first bytes."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import BinaryIO

from preservation.signatures.containers import TooMany, container_signatures, facts_of_signed
from preservation.signatures.facts import Facts, Question
from preservation.signatures.kinds import Carrier
from preservation.signatures.ooxml import is_ooxml, ooxml_signatures
from preservation.signatures.parts import Parts, UnsafeContainer
from schemas.xml import XmlRefused

_END_BYTES = 22
"""The end of a directory without a comment."""


def examine_zip(file: BinaryIO, carrier: Carrier, question: Question) -> Facts:
    """Facts about all signatures of an ASiC, ODF or OOXML file."""
    kind = str(carrier)
    try:
        with Parts(file) as parts:
            judges = ooxml_signatures if is_ooxml(parts) else container_signatures
            found, required = judges(parts, question)
    except (UnsafeContainer, XmlRefused) as error:
        return Facts(kind=kind, observations=["SIG-UNREADABLE"], detail=str(error)[:300])
    except TooMany:
        return Facts(kind=kind, observations=["SIG-TOO-MANY"])
    for signed in found:
        signed.result = replace(signed.result, kind=f"{kind}-{signed.result.kind}")
    facts = facts_of_signed(kind, found, required)
    if found and _holds_more(file):
        facts.observations.append("SIG-TRAILING-BYTES")
    return facts


def _holds_more(file: BinaryIO) -> bool:
    """Whether bytes stand before the first entry or after the directory: another reader may
    take them for the file."""
    file.seek(0)
    begins = file.read(4)
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _END_BYTES))
    ends = file.read(_END_BYTES)
    return begins != b"PK\x03\x04" or not ends.startswith(b"PK\x05\x06")
