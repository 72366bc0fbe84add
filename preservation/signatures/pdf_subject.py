"""A PDF signature as the judge sees it: CMS, and what later time stamps of the file add to it."""

from __future__ import annotations

from datetime import datetime

from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec

from preservation.signatures.cms_subject import CmsSubject
from preservation.signatures.judging import embedded_certificates
from preservation.signatures.pdf_data import has_store
from preservation.signatures.pdf_reader import BulkSignature, SurveyedReader
from preservation.signatures.proof import Circumstances, Result
from preservation.signatures.relevant import relevant
from preservation.signatures.spec import timing, validation_spec


class PdfSubject(CmsSubject):
    """A PDF signature: CMS, and LTA when later document time stamps protect it."""

    def __init__(self, signature: BulkSignature, *, archived: bool) -> None:
        super().__init__(signature.signed_data, signature.compute_digest())
        self._signature = signature
        self._archived = archived

    @property
    def archived(self) -> bool:
        """Whether a later document time stamp protects it."""
        return self._archived

    async def long_term(self, about: Circumstances) -> tuple[Result, datetime | None] | None:
        """EN 319 102-1 clause 5.6.3, with the earliest moment before now that it proves."""
        if not self._archived:
            return None
        try:
            # It reads the file's own validation data itself, and every signature of the file.
            certificates = [
                certificate
                for signature in self._signature.reader.embedded_signatures
                for certificate in embedded_certificates(signature.signed_data)
            ]
            trust = relevant(about.trust, certificates, about.moment)
            result = await ades_lta_validation(
                self._signature,
                PdfSignatureValidationSpec(validation_spec(trust)),
                timing_info=timing(about.moment, proven=False),
            )
        except Exception:  # noqa: BLE001  one unreadable item of that data; the rest still holds
            return None
        known = result.best_signature_time
        return result, known if known is not None and known < about.moment else None


def protected_later(signature: BulkSignature, reader: SurveyedReader) -> bool:
    """Whether a document time stamp of a later revision covers the signature."""
    return any(_is_later_stamp(other, signature) for other in reader.examined)


def level_of(signature: BulkSignature, reader: SurveyedReader) -> str:
    """B, T, LT or LTA: what the file carries for the signature's long life (EN 319 142-1)."""
    if not _has_stamp(signature):
        return "B"
    if not has_store(reader):
        return "T"
    return "LTA" if protected_later(signature, reader) else "LT"


def _is_later_stamp(other: BulkSignature, signature: BulkSignature) -> bool:
    return (
        other.sig_object_type == "/DocTimeStamp"
        and other.signed_revision > signature.signed_revision
    )


def _has_stamp(signature: BulkSignature) -> bool:
    attributes = signature.signer_info["unsigned_attrs"]
    return any(
        attribute["type"].native == "signature_time_stamp_token" for attribute in attributes
    )
