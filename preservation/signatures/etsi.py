"""The ETSI TS 119 102-2 report of one PDF signature, where pyHanko can make it.

It is an attachment for those who read that form; the archive's own record is the verdict in
JSON. The report says what *we* found: our refusals, which ETSI has no names for, are told as
*indeterminate, generic*. Imported with the first report: the writer of XML is slow to load.

Source: ETSI TS 119 102-2 V1.2.1, clauses 4.3 and 4.4, and its schema.
"""

from __future__ import annotations

import re
from base64 import b64encode
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
_VALIDATED = re.compile(r"<vr:ValidationTime>([^<]+)</vr:ValidationTime>(?!\s*<vr:Best)")
_REFERENCE = re.compile(r'VOReference="(vo-certificate-([0-9a-f]{64}))"')
_NO_OBJECTS = "<vr:SignatureValidationObjects/>"
_BEST_TIME = """
      <vr:BestSignatureTime>
        <vr:POETime>{moment}</vr:POETime>
        <vr:TypeOfProof>urn:etsi:019102:poetype:validation</vr:TypeOfProof>
      </vr:BestSignatureTime>"""
_OBJECTS = """<vr:SignatureValidationObjects>
    <vr:ValidationObject id="{reference}">
      <vr:ObjectType>urn:etsi:019102:validationObject:certificate</vr:ObjectType>
      <vr:ValidationObjectRepresentation>
        <vr:DigestAlgAndValue>
          <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
          <ds:DigestValue>{digest}</ds:DigestValue>
        </vr:DigestAlgAndValue>
      </vr:ValidationObjectRepresentation>
    </vr:ValidationObject>
  </vr:SignatureValidationObjects>"""
_NAMED: dict[tuple[str, str], Any] = {
    ("TOTAL-FAILED" if kind is AdESFailure else "INDETERMINATE", str(one.standard_name)): one
    for kind in (AdESFailure, AdESIndeterminate)
    for one in kind
}


class NotMade(Exception):
    """Why there is no report."""


def etsi_report(signature: Any, result: Result, told: SignatureResult) -> str:
    """The XML, whole by its schema, saying what ``told`` says; NotMade."""
    if result.api_status is None:
        raise NotMade("the signature could not be read far enough")
    indication: Any = AdESPassed.OK
    if told.indication != "TOTAL-PASSED":
        key = (told.indication, told.sub_indication)
        indication = _NAMED.get(key, AdESIndeterminate.GENERIC)
    # What the verdict rests on is stored once; here it would be in every report.
    said = replace(
        result, ades_subindic=indication, validation_objects=ValidationObjectSet.empty()
    )
    try:
        report = _completed(generate_report(signature, said), told)
        parse_untrusted(BytesIO(report.encode()), _CAPS)
    except NotMade:
        raise
    except Exception as error:
        raise NotMade(f"{type(error).__name__}: {error}"[:200]) from error
    return report


def _completed(report: str, told: SignatureResult) -> str:
    """The report with what the schema asks for and the library leaves out: the best signature
    time, and the certificate it refers to, by its digest. As text: parsed into the library's
    classes and written again, it would cost half as much as the signature."""
    validated, reference = _VALIDATED.search(report), _REFERENCE.search(report)
    if reference is None or report.count(_NO_OBJECTS) != 1:
        raise NotMade("the library writes another form of report")
    digest = b64encode(bytes.fromhex(reference[2])).decode()
    objects = _OBJECTS.format(reference=reference[1], digest=digest)
    if validated is not None:
        # Without proof of an earlier one the best time is that of the validation.
        best = _BEST_TIME.format(moment=told.proven_at or validated[1])
        report = report[: validated.end()] + best + report[validated.end() :]
    return report.replace(_NO_OBJECTS, objects)
