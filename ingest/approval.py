"""Who may decide about a held submission, and when one person is not enough (design §8).

Overriding an error takes two people: one proposes, another approves. Who acts is the operating
system's user as ``[people]`` knows them; nobody can give a name.

HoldingError
├── UnknownPerson, NotAnApprover, SamePerson, ReceivedIt     who asks may not
├── ReasonMissing
└── NotHeld, SeveralHeld, AlreadyRefused, AlreadyReleased,
    NotOverridable, NotWhole                             what is asked cannot be
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from ingest.settings import IngestSettings
from schemas.errors import PackageError
from schemas.findings import Finding, Severity
from schemas.moments import Clock, format_moment
from schemas.nouns import Draft
from schemas.records import Record, RulingStep

APPROVAL_REQUIRED = "APPROVAL-REQUIRED"


class HoldingError(PackageError):
    """What was asked about a held submission was not done."""

    code = "HOLDING"
    exit_code = 2


class UnknownPerson(HoldingError):
    """The operating system's user is nobody in ``[people]``."""

    code = "HOLDING-UNKNOWN-PERSON"


class NotAnApprover(HoldingError):
    """The person may not approve."""

    code = "HOLDING-NOT-APPROVER"


class SamePerson(HoldingError):
    """The one who proposed cannot be the one who approves."""

    code = "HOLDING-SAME-PERSON"


class ReceivedIt(HoldingError):
    """Approval is required of somebody who did not receive the submission."""

    code = "HOLDING-RECEIVED-IT"


class ReasonMissing(HoldingError):
    """A decision without a reason is none."""

    code = "HOLDING-NO-REASON"


class NotHeld(HoldingError):
    """Nothing that is held, or was, is named so."""

    code = "HOLDING-NONE"


class SeveralHeld(HoldingError):
    """Several that are held are named so; ``found`` are their ids."""

    code = "HOLDING-SEVERAL"


class AlreadyReleased(HoldingError):
    """It is in the archive; it cannot be refused any more."""

    code = "HOLDING-RELEASED-ALREADY"


class AlreadyRefused(HoldingError):
    """It was refused; the sender may hand in a corrected one."""

    code = "HOLDING-REFUSED-ALREADY"


class NotOverridable(HoldingError):
    """A finding that nobody may override stands against it."""

    code = "HOLDING-NOT-OVERRIDABLE"


class NotWhole(HoldingError):
    """No replica has this file of the held submission unharmed."""

    code = "HOLDING-NOT-WHOLE"
    exit_code = 4


@dataclass(frozen=True, slots=True)
class Officer:
    """Who acts: ``known`` when ``[people]`` has the user, ``approver`` when it says so."""

    user: str
    name: str
    known: bool = False
    approver: bool = False

    def is_same(self, user: str, name: str) -> bool:
        """Whether this is that person: by either, since one person may have two accounts."""
        return self.user == user or self.name == name

    def must_be_known(self) -> None:
        """:class:`UnknownPerson` otherwise."""
        if not self.known:
            raise UnknownPerson(user=self.user)

    def must_approve(self) -> None:
        """:class:`NotAnApprover` otherwise."""
        self.must_be_known()
        if not self.approver:
            raise NotAnApprover(user=self.user, person=self.name)

    def step(self, role: str, now: Clock, reason: str) -> RulingStep:
        """This person's part in a ruling, now."""
        return RulingStep(
            person=self.name,
            user=self.user,
            role=role,
            moment=format_moment(now()),
            reason=reason,
        )


class Proposal(Record, frozen=True, kw_only=True):
    """A ``holding`` line of the journal: somebody proposes to release in spite of errors.

    ``subject`` is the digest of exactly these errors: an approval holds for what was proposed.
    """

    format: str = "kho.holding-proposal/1"
    aip_id: str
    step: RulingStep
    overridden: tuple[str, ...]
    subject: str


def awaiting_approval(draft: Draft, settings: IngestSettings) -> list[Finding]:
    """The finding that holds a sound package where every one needs an approver."""
    if settings.approval == "policy" or not draft.profile.startswith("tt05"):
        return []
    return [Finding(APPROVAL_REQUIRED, Severity.ERROR)]


def to_override(findings: Iterable[Finding]) -> list[Finding]:
    """The errors that two people must answer for. :class:`NotOverridable` for what is rejected:
    no signature makes an unsafe package safe."""
    errors = []
    for finding in findings:
        if finding.severity is Severity.REJECT:
            raise NotOverridable(finding=finding.code, where=finding.where)
        if finding.severity is Severity.ERROR and finding.code != APPROVAL_REQUIRED:
            errors.append(finding)
    return errors


def subject_of(errors: Iterable[Finding]) -> str:
    """The digest that names exactly these errors."""
    told = sorted((error.code, error.where, sorted(error.fields.items())) for error in errors)
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()
