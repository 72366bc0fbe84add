"""What the journal withholds: it goes to every replica, a secret dossier does not (design §4).

The lines about a secret dossier say what happened, when, by whom and to which AIP, and that is
the same on every replica, so that the chain is. Its title, codes, names of files and free
words are in its AIP alone, where only those replicas are that may hold it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from repository.aip.verdicts import BY_DIGEST
from repository.catalogue import AipSummary
from schemas.ids import AipId
from schemas.nouns import Access
from schemas.records import FindingRecord, Receipt, Ruling

WITHHELD = "(withheld)"
_CONTENT = re.compile(r"v\d+/content/")
_AIP_IN_KEY = re.compile(r"urn%3auuid%3a([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/")
_SAID_OF_EVENTS = frozenset({"action", "replica", "where"})
"""Facts of events that are words and name no file: what was done, and where."""
_SAID_OF_SIGNERS = frozenset({"signer", "organisation", "detail"})

Digests: TypeAlias = Mapping[str, str]
"""sha256 of an AIP's stored files by their paths within the object."""
SecretFiles: TypeAlias = Callable[[AipId], Digests | None]
"""The files of an AIP that is secret; None for any other."""


def discreet(kind: str, body: dict[str, Any], access: Access) -> dict[str, Any]:
    """The body of a journal line about a dossier of this level, without what it must not say."""
    if access is not Access.SECRET:
        return body
    if kind == "receipt":
        return _told(msgspec.convert(body, Receipt))
    if kind == "rejection":
        files = [{**file, "path": WITHHELD} for file in body.get("files", ())]
        receipt = _told(msgspec.convert(body["receipt"], Receipt))
        container = body.get("container")
        if container is not None:
            container = {**container, "name": WITHHELD}
        return {**body, "receipt": receipt, "files": files, "container": container}
    if kind == "event":
        facts = {
            name: WITHHELD if isinstance(said, str) and name not in _SAID_OF_EVENTS else said
            for name, said in body.get("facts", {}).items()
        }
        return {**body, "detail": WITHHELD, "facts": facts}
    if kind == "signature-verdict":
        return {**body, "verdict": _discreet_verdict(body["verdict"])}
    if kind == "holding":
        return {**body, "step": {**body["step"], "reason": WITHHELD}}
    return body


def _discreet_verdict(verdict: dict[str, Any]) -> dict[str, Any]:
    """The verdict without the file's name and the signers'; the catalogue knows both."""
    digest = verdict.get("sha256")
    signatures = [
        {**{name: said for name, said in one.items() if name not in _SAID_OF_SIGNERS}, "field": ""}
        for one in verdict.get("signatures", ())
    ]
    path = f"{BY_DIGEST}{digest}" if digest else WITHHELD
    return {**verdict, "path": path, "signatures": signatures, "detail": ""}


def discreet_audit(body: dict[str, Any], secret_files: SecretFiles) -> dict[str, Any]:
    """The body of an ``audit`` line, which is about many dossiers: files of secret ones are
    named by their AIP and digest."""
    damage = []
    for line in body["damage"]:
        digests = secret_files(AipId(line["aip_id"])) if line["aip_id"] else None
        path = line["path"] if digests is None else _by_digest(line["path"], digests)
        damage.append({**line, "path": path})
    keys = {
        part: [(replica, _key_told(key, secret_files)) for replica, key in body[part]]
        for part in ("strays", "flaky")
    }
    missed = [_key_told(what, secret_files) for what in body["canaries"]["missed"]]
    return {**body, **keys, "damage": damage, "canaries": {**body["canaries"], "missed": missed}}


def _key_told(text: str, secret_files: SecretFiles) -> str:
    """A text that ends in a key, without the name of a secret dossier's file."""
    found = _AIP_IN_KEY.search(text)
    digests = secret_files(AipId(found[1])) if found else None
    if found is None or digests is None:
        return text
    return text[: found.end()] + _by_digest(text[found.end() :], digests)


def _by_digest(path: str, digests: Digests) -> str:
    """``sha256:…`` for a file that was handed in or describes one; OCFL's own files have the
    same names in every object."""
    if path not in digests:
        return WITHHELD
    return f"{BY_DIGEST}{digests[path]}" if _CONTENT.match(path) else path


def discreet_receipt(receipt: Receipt) -> Receipt:
    """The receipt of a secret dossier as the journal keeps it."""
    findings = tuple(
        FindingRecord(code=finding.code, severity=finding.severity) for finding in receipt.findings
    )
    return msgspec.structs.replace(
        receipt,
        withheld=True,
        source="",
        title="",
        dossier_code="",
        registration="",
        findings=findings,
        ruling=receipt.ruling and _discreet_ruling(receipt.ruling),
    )


def _discreet_ruling(ruling: Ruling) -> Ruling:
    steps = tuple(
        msgspec.structs.replace(step, reason=WITHHELD if step.reason else "")
        for step in ruling.steps
    )
    return msgspec.structs.replace(ruling, reason=WITHHELD, steps=steps)


def completed(receipt: Receipt, summary: AipSummary) -> Receipt:
    """A withheld receipt with what the catalogue knows from the AIP itself."""
    return msgspec.structs.replace(receipt, title=summary.title, dossier_code=summary.dossier_code)


def _told(receipt: Receipt) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(discreet_receipt(receipt))
    return told
