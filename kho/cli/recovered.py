"""Telling what recovery did: a writing command says which unfinished things it found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kho.cli.session import Session

if TYPE_CHECKING:
    from repository.recovery import RecoveryAction


def tell_recovered(session: Session, actions: Iterable[RecoveryAction]) -> None:
    """One line on standard error for each thing that was finished or taken back."""
    for action in actions:
        code = f"RECOVERY-{action.action.name.replace('_', '-')}"
        session.note(code, where=action.where, aip_id=action.aip_id, version=action.version)
