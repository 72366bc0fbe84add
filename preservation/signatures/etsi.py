"""The ETSI TS 119 102-2 report of one PDF signature, where pyHanko can make it.

It is an attachment for those who read that form; the archive's own record is the verdict in
JSON. The report says what *we* found: our refusals, which ETSI has no names for, are told as
*indeterminate, generic*. Imported with the first report: the writer of XML is slow to load.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

from pyhanko.sign.ades.report import AdESFailure, AdESIndeterminate, AdESPassed
from pyhanko.sign.validation.ades import ValidationObjectSet
from pyhanko.sign.validation.report.tools import generate_report

from preservation.signatures.proof import Result
from schemas.nouns import SignatureResult
from schemas.xml import XmlCaps, parse_untrusted

_CAPS = XmlCaps(total_bytes=1024 * 1024, elements=10_000)
_NAMED: dict[tuple[str, str], Any] = {
    ("TOTAL-FAILED" if kind is AdESFailure else "INDETERMINATE", str(one.standard_name)): one
    for kind in (AdESFailure, AdESIndeterminate)
    for one in kind
}


class NotMade(Exception):
    """Why there is no report."""


def etsi_report(signature: Any, result: Result, told: SignatureResult) -> str:
    """The XML, well-formed, saying what ``told`` says; NotMade."""
    if result.api_status is None:
        raise NotMade("the signature could not be read far enough")
    indication: Any = AdESPassed.OK
    if told.indication != "TOTAL-PASSED":
        key = (told.indication, told.sub_indication)
        indication = _NAMED.get(key, AdESIndeterminate.GENERIC)
    # What the verdict rests on is stored once, by digest; here it would be in every report.
    said = replace(
        result, ades_subindic=indication, validation_objects=ValidationObjectSet.empty()
    )
    try:
        report = generate_report(signature, said)
        parse_untrusted(BytesIO(report.encode()), _CAPS)
    except Exception as error:
        raise NotMade(f"{type(error).__name__}: {error}"[:200]) from error
    return report
