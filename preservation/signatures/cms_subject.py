"""A CMS signature as the ladder's subject: PDF, .p7s, .p7m and ASiC signatures are all CMS."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyhanko.sign.validation import generic_cms
from pyhanko.sign.validation.ades import ades_basic_validation, ades_with_time_validation

from preservation.signatures.judging import Imprint, embedded_certificates
from preservation.signatures.material import Material
from preservation.signatures.proof import Circumstances, Result
from preservation.signatures.relevant import relevant
from preservation.signatures.spec import timing, validation_spec
from preservation.signatures.telling import signer_certificate


class CmsSubject:
    """One SignedData with one signer; ``digest`` is that of detached content."""

    def __init__(self, signed_data: Any, digest: bytes | None) -> None:
        self.signed_data = signed_data
        self._digest = digest

    @property
    def certificate(self) -> Any:
        """The signer's certificate, None when the signature brings none."""
        return signer_certificate(self.signed_data)

    @property
    def archived(self) -> bool:
        """CAdES archive time stamps are not validated."""
        return False

    def stamps(self) -> list[tuple[Any, Imprint]]:
        """Signature time stamps (RFC 3161 tokens in an unsigned attribute)."""
        signer_info = self.signed_data["signer_infos"][0]
        imprint = generic_cms.message_imprint_checker(signer_info)
        found = generic_cms.extract_tst_data_iter(signer_info, signed=False)
        return [(stamp, imprint) for stamp in found]

    async def basic(self, about: Circumstances, moment: datetime, *, proven: bool) -> Result:
        """EN 319 102-1 clause 5.3."""
        return await ades_basic_validation(
            self.signed_data,
            validation_spec(
                self._relevant(about, moment, proven=proven), about.extra, retroactive=proven
            ),
            timing_info=timing(moment, proven=proven),
            raw_digest=self._digest,
        )

    async def with_time(self, about: Circumstances, proven_at: datetime, basic: Result) -> Result:
        """EN 319 102-1 clause 5.5, which knows revocations later than the time stamp."""
        del proven_at, basic
        return await ades_with_time_validation(
            self.signed_data,
            validation_spec(self._relevant(about, about.moment, proven=False), about.extra),
            timing_info=timing(about.moment, proven=False),
            raw_digest=self._digest,
        )

    async def long_term(self, about: Circumstances) -> tuple[Result, datetime | None] | None:
        """Archive time stamps of CAdES are not validated (``cms`` says so)."""
        del about
        return None

    def _relevant(self, about: Circumstances, moment: datetime, *, proven: bool) -> Material:
        """The imported material that can matter to this signature's chain."""
        certificates = [*embedded_certificates(self.signed_data), *about.extra.certificates]
        signer = self.certificate
        until = signer.not_valid_after if proven and signer is not None else None
        return relevant(about.trust, certificates, moment, until=until)
