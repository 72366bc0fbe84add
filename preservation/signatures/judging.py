"""The ladder: what one signature proves, now and as of a proven moment.

ETSI EN 319 102-1 through pyHanko, with our own refusals where it passes too much. Basic, with
time and (for PDF) LTA validation are tried, and the highest that applies is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from asn1crypto import x509  # type: ignore[import-untyped]  # asn1crypto has no types
from pyhanko.sign.ades.report import AdESIndeterminate, AdESPassed, AdESStatus
from pyhanko.sign.validation.ades import ades_timestamp_validation

from preservation.signatures.grounds import Grounds
from preservation.signatures.proof import Circumstances, Judged, Result, certificate_of, judged
from preservation.signatures.refusals import fit, unrevoked
from preservation.signatures.relevant import relevant
from preservation.signatures.spec import timing, validation_spec

_TIME_MAY_HELP = frozenset(
    {
        AdESIndeterminate.OUT_OF_BOUNDS_NO_POE,
        AdESIndeterminate.OUT_OF_BOUNDS_NOT_REVOKED,
        AdESIndeterminate.TRY_LATER,
        AdESIndeterminate.NO_POE,
        AdESIndeterminate.CERTIFICATE_CHAIN_GENERAL_FAILURE,
        AdESIndeterminate.CRYPTO_CONSTRAINTS_FAILURE_NO_POE,
        AdESIndeterminate.REVOCATION_OUT_OF_BOUNDS_NO_POE,
    }
)

_REVOKED = frozenset({AdESIndeterminate.REVOKED_NO_POE, AdESIndeterminate.REVOKED_CA_NO_POE})

_CLOCK_TOLERANCE = timedelta(minutes=5)

Imprint = Callable[[str], bytes]
"""The digest of what a time stamp covers, by algorithm name."""


class Subject(Protocol):
    """One signature of whatever kind, as the ladder needs it."""

    @property
    def certificate(self) -> Any:
        """The signer's certificate, None when the signature brings none."""

    @property
    def archived(self) -> bool:
        """Whether later time stamps over the whole may prove more (LTA)."""

    def stamps(self) -> list[tuple[Any, Imprint]]:
        """Time stamps over the signature value, each with what it should cover."""

    async def basic(self, about: Circumstances, moment: datetime, *, proven: bool) -> Result:
        """Basic validation at ``moment``, live or as of a proven one."""

    async def with_time(self, about: Circumstances, proven_at: datetime, basic: Result) -> Result:
        """The outcome when ``proven_at`` is known and basic validation did not pass."""

    async def long_term(self, about: Circumstances) -> tuple[Result, datetime | None] | None:
        """LTA validation and the earliest moment it proves; None where there is nothing to."""


@dataclass(frozen=True)
class Climbed:
    """How far one signature came. ``at`` is the moment as of which its chain was proved, None
    for the present of the examination."""

    result: Result
    proven_at: datetime | None = None
    codes: tuple[str, ...] = ()
    at: datetime | None = None


async def judge(subject: Subject, about: Circumstances) -> Judged:
    """What one signature proves: the highest of basic, with time and LTA that applies."""
    grounds = Grounds(about)
    climbed = None if about.proven else await _easily(subject, about, grounds)
    if climbed is None:
        about = about.with_brought()
        climb = _climb_proven if about.proven else _climb
        climbed = await climb(subject, about, grounds)
    at = climbed.at or about.moment
    signer = certificate_of(climbed.result)
    until = signer.not_valid_after if climbed.at is not None and signer is not None else None
    grounds.chain(climbed.result, about, at, until=until)
    result = fit(_in_order(climbed.result, climbed.proven_at))
    lists = _lists(result, about, at, until)
    result = unrevoked(result, lists, climbed.proven_at or about.moment)
    return judged(result, climbed.proven_at, list(climbed.codes), about, grounds)


def _lists(
    result: Result, about: Circumstances, at: datetime, until: datetime | None
) -> list[Any]:
    """The revocation lists about the result's path."""
    path = getattr(result.api_status, "validation_path", None)
    certificates = [] if path is None else list(path.iter_certs(include_root=True))
    return [*relevant(about.trust, certificates, at, until=until).crls, *about.extra.crls]


async def _easily(subject: Subject, about: Circumstances, grounds: Grounds) -> Climbed | None:
    """The outcome, where imported material and the signature's own time stamp settle it."""
    basic = await subject.basic(about, about.moment, proven=False)
    if basic.ades_subindic.status == AdESStatus.FAILED:
        return Climbed(basic)
    if basic.ades_subindic != AdESPassed.OK:
        return None
    stamps = subject.stamps()
    if not stamps and not subject.archived:
        return Climbed(basic, codes=("SIG-NO-TIMESTAMP",))
    proven_at = await _stamped_at(stamps, about, grounds)
    return None if proven_at is None else Climbed(basic, proven_at)


def _in_order(result: Result, proven_at: datetime | None) -> Result:
    """A signature proven to be older than its own certificate is no good, whatever else holds.

    pyHanko looks at this only where the certificate has expired meanwhile.
    """
    certificate = certificate_of(result)
    if proven_at is None or certificate is None or proven_at >= certificate.not_valid_before:
        return result
    if result.ades_subindic.status == AdESStatus.FAILED:
        return result
    return replace(result, ades_subindic=AdESIndeterminate.TIMESTAMP_ORDER_FAILURE)


async def _climb_proven(subject: Subject, about: Circumstances, grounds: Grounds) -> Climbed:
    """The file is known to have existed at ``about.moment``: all is judged as of then.

    Where that does not settle it (the certificate had ended by then), what an examination of
    that day would have found counts, and, last, the moment that its time stamps prove: they
    too existed then, whatever has become of their authority since.
    """
    as_of = await _as_of(subject, about, about.moment)
    if as_of.ades_subindic.status != AdESStatus.INDETERMINATE:
        return Climbed(as_of, about.moment, at=about.moment)
    codes: tuple[str, ...] = ()
    # That day's lists knew nothing of a revocation that is known by now.
    if as_of.ades_subindic not in _REVOKED:
        then = await _climb(subject, replace(about, proven=False), grounds)
        if then.result.ades_subindic == AdESPassed.OK:
            return replace(then, proven_at=then.proven_at or about.moment)
        codes = then.codes
    stamped = await _stamped_at(subject.stamps(), about, grounds)
    if stamped is not None:
        earlier = await _as_of(subject, about, stamped)
        if earlier.ades_subindic == AdESPassed.OK:
            return Climbed(earlier, stamped, at=stamped)
    return Climbed(as_of, about.moment, codes, at=about.moment)


async def _climb(subject: Subject, about: Circumstances, grounds: Grounds) -> Climbed:
    basic = await subject.basic(about, about.moment, proven=False)
    if basic.ades_subindic.status == AdESStatus.FAILED:
        return Climbed(basic)
    passed = basic.ades_subindic == AdESPassed.OK
    stamps = subject.stamps()
    proven_at = await _stamped_at(stamps, about, grounds)
    if passed and proven_at is not None:
        return Climbed(basic, proven_at)
    # The dear one, only where the cheap ones leave something open.
    long_term = await subject.long_term(about)
    if long_term is not None:
        result, known = long_term
        if result.ades_subindic == AdESPassed.OK and known is not None:
            grounds.objects(result.validation_objects)
            return Climbed(await _confirmed(result, subject, about, known), known, at=known)
    if proven_at is None:
        if stamps:
            return Climbed(basic, codes=("SIG-TIMESTAMP-NOT-TRUSTED",))
        return Climbed(basic, codes=("SIG-NO-TIMESTAMP",) if passed else ())
    if basic.ades_subindic in _TIME_MAY_HELP:
        earlier = await _as_of(subject, about, proven_at)
        if earlier.ades_subindic == AdESPassed.OK:
            return Climbed(earlier, proven_at, at=proven_at)
        return Climbed(basic, proven_at)
    return Climbed(await subject.with_time(about, proven_at, basic), proven_at)


async def _confirmed(
    result: Result, subject: Subject, about: Circumstances, at: datetime
) -> Result:
    """pyHanko's pass, unless it passed an expired certificate without looking at revocation.

    Its validation with time treats *out of bounds* as passed once a time stamp proves that
    the signature is older; revocation was not looked at by then, because path validation had
    stopped at the expiry.
    """
    certificate = certificate_of(result)
    if certificate is None or certificate.not_valid_after >= about.moment:
        return result
    return await _as_of(subject, about, at)


async def _as_of(subject: Subject, about: Circumstances, moment: datetime) -> Result:
    """Basic validation as of a moment at which the signature existed."""
    return await subject.basic(about, moment, proven=True)


async def _stamped_at(
    stamps: list[tuple[Any, Imprint]], about: Circumstances, grounds: Grounds
) -> datetime | None:
    """The earliest moment that a trusted time stamp over the signature proves."""
    proven: list[datetime] = []
    for stamp, imprint in stamps:
        result, used = await judge_timestamp(stamp, imprint, about)
        status = result.api_status
        if result.ades_subindic != AdESPassed.OK or status is None:
            continue
        # The authority is judged as of now, so its clock has to be looked at here: it cannot
        # have stamped before its own certificate, nor after this examination.
        begins = status.signing_cert.not_valid_before
        if begins <= status.timestamp <= about.moment + _CLOCK_TOLERANCE:
            proven.append(status.timestamp)
            grounds.stamp(stamp, result, used)
    return min(proven, default=None)


async def judge_timestamp(
    stamp: Any, imprint: Imprint, about: Circumstances
) -> tuple[Result, Circumstances]:
    """The outcome for one RFC 3161 token over what ``imprint`` digests, and what it rests on."""
    result = await _timestamp(stamp, imprint, about)
    if result.ades_subindic.status != AdESStatus.INDETERMINATE:
        return result, about
    fuller = about.with_brought()
    if fuller.extra == about.extra:
        return result, about
    return await _timestamp(stamp, imprint, fuller), fuller


async def _timestamp(stamp: Any, imprint: Imprint, about: Circumstances) -> Result:
    certificates = [*embedded_certificates(stamp), *about.extra.certificates]
    until = max((c.not_valid_after for c in certificates), default=None) if about.proven else None
    trust = relevant(about.trust, certificates, about.moment, until=until)
    return await ades_timestamp_validation(
        stamp,
        validation_spec(trust, about.extra, retroactive=about.proven),
        imprint,
        timing_info=timing(about.moment, proven=about.proven),
    )


def embedded_certificates(signed_data: Any) -> list[x509.Certificate]:
    """The certificates inside a CMS value; none when they cannot be read."""
    try:
        choices = list(signed_data["certificates"])
        found = [choice.chosen for choice in choices if choice.name == "certificate"]
        _ = [(one.issuer.hashable, one.not_valid_after) for one in found]
    except Exception:  # noqa: BLE001  the validation proper says what is wrong
        return []
    return found
