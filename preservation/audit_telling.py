"""What the journal, which goes to every replica, is told of an audit (decision 0022)."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from preservation.audit_result import AuditResult
from repository.archive import Repository
from repository.discretion import Digests, discreet_audit
from schemas.ids import AipId
from schemas.nouns import Access, Place


def journal_body(archive: Repository, result: AuditResult) -> dict[str, Any]:
    """The body of the ``audit`` line: the result, without names of secret dossiers' files."""

    @cache
    def secret_files(aip_id: AipId) -> Digests | None:
        found = archive.catalogue.find(aip_id)
        if not any(s.access is Access.SECRET for s in found if s.aip_id == aip_id):
            return None
        return {
            file.content_path: file.sha256
            for place in Place
            for file in archive.catalogue.files(aip_id, place)
        }

    return discreet_audit(msgspec.to_builtins(result), secret_files)
