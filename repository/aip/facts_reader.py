"""Facts of an AIP read from the AIP itself: registering and rebuilding share this one way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from repository.aip.admission import Admission, DocumentRecord, FormatLine
from repository.aip.paths import ADMISSION, FORMATS, SIGNATURES, SUBMISSIONS, is_submission_map
from repository.aip.verdicts import Verdict, signature_facts
from repository.aip.views import AipView, read_verified
from repository.facts import AipFacts, FileFacts, VersionFacts
from repository.ocfl.inventory import (
    DECLARATION,
    DECLARATION_CONTENT,
    INVENTORY,
    SIDECAR,
    InventoryUnusable,
    sidecar_of,
)
from schemas.digests import Digests, digests_of
from schemas.ids import aip_of_ocfl_id
from schemas.nouns import Access, Document
from schemas.records import MapEntry, decode

_T = TypeVar("_T")


def read_facts(view: AipView) -> AipFacts:
    """Everything the catalogue keeps of the AIP, at its newest version.

    :class:`InventoryUnusable` for an object that Kho did not write.
    """
    inventory = view.inventory
    aip_id = aip_of_ocfl_id(inventory.id)
    if aip_id is None:
        raise InventoryUnusable(where=inventory.id, reason="not an AIP of ours")
    try:
        admission = decode(read_verified(view, ADMISSION), Admission)
    except KeyError as error:
        raise InventoryUnusable(where=inventory.id, reason=f"no {ADMISSION}") from error
    verdicts = tuple(_lines(view, SIGNATURES, Verdict))
    files = (*_files(view, verdicts), *_beside_the_state(view))
    return AipFacts(
        aip_id=aip_id,
        place=view.place,
        version=inventory.head_number,
        versions=tuple(_versions(view)),
        created=inventory.versions["v1"].created,
        profile=admission.profile,
        outcome=admission.outcome,
        fonds=admission.fonds,
        fonds_name=admission.fonds_name,
        dossier_code=admission.dossier_code,
        title=admission.title,
        access=Access(admission.access),
        date_from=admission.fields.get("startDate", ""),
        date_to=admission.fields.get("endDate", ""),
        backlog=admission.backlog,
        submission_digest=admission.submission_digest,
        data_files=admission.data_files,
        data_bytes=admission.data_bytes,
        warnings=admission.warnings,
        fields=admission.fields,
        documents=tuple(_document(record) for record in admission.documents),
        files=tuple(sorted(files, key=lambda file: file.logical_path)),
        signatures=tuple(row for verdict in verdicts for row in signature_facts(verdict)),
    )


def _versions(view: AipView) -> Iterator[VersionFacts]:
    inventory = view.inventory
    for number in range(1, inventory.head_number + 1):
        content = view.version_inventory_json(number)
        version = inventory.versions[f"v{number}"]
        yield VersionFacts(
            number=number,
            created=version.created,
            inventory_sha256=hashlib.sha256(content).hexdigest(),
            inventory_sha512=hashlib.sha512(content).hexdigest(),
            message=version.message,
        )


def _files(view: AipView, verdicts: tuple[Verdict, ...]) -> Iterator[FileFacts]:
    sizes = _submitted_sizes(view)
    formats = {line.path: line.puids for line in _lines(view, FORMATS, FormatLine)}
    decisions = {verdict.path: verdict.decision for verdict in verdicts}
    sha256_by_path = view.inventory.sha256_by_content_path()
    for logical_path, sha512, content_path in view.inventory.logical_files():
        size_bytes = sizes.get(logical_path)
        yield FileFacts(
            logical_path=logical_path,
            content_path=content_path,
            sha256=sha256_by_path.get(content_path, ""),
            sha512=sha512,
            role=_role(logical_path, size_bytes),
            size_bytes=size_bytes,
            puids=formats.get(logical_path, ()),
            signature_decision=decisions.get(logical_path, ""),
        )


def _beside_the_state(view: AipView) -> Iterator[FileFacts]:
    """What is stored under the object besides the newest logical state."""
    inventory = view.inventory
    current = {content_path for _path, _digest, content_path in inventory.logical_files()}
    sha256_by_path = inventory.sha256_by_content_path()
    for content_path, sha512 in inventory.content_files():
        if content_path not in current:
            sha256 = sha256_by_path.get(content_path, "")
            yield _stored(content_path, Digests(sha256, sha512), "superseded")
    yield _stored(DECLARATION, digests_of(DECLARATION_CONTENT), "structure")
    for number in range(1, inventory.head_number + 1):
        content = view.version_inventory_json(number)
        folders = ["", f"v{number}/"] if number == inventory.head_number else [f"v{number}/"]
        for folder in folders:
            yield _stored(f"{folder}{INVENTORY}", digests_of(content), "structure")
            sidecar = digests_of(sidecar_of(content))
            yield _stored(f"{folder}{SIDECAR}", sidecar, "structure")


def _stored(content_path: str, digests: Digests, role: str) -> FileFacts:
    return FileFacts(
        logical_path=f"/{content_path}",
        content_path=content_path,
        sha256=digests.sha256,
        sha512=digests.sha512,
        role=role,
    )


def _role(logical_path: str, size_bytes: int | None) -> str:
    if size_bytes is None:
        return "metadata"
    return "documentation" if logical_path.startswith(SUBMISSIONS) else "data"


def _submitted_sizes(view: AipView) -> dict[str, int]:
    for path, _sha512, _content in view.inventory.logical_files():
        if is_submission_map(path):
            lines = read_verified(view, path).splitlines()
            decoder = msgspec.json.Decoder(MapEntry)
            entries = (decoder.decode(line) for line in lines[1:])
            return {entry.logical_path: entry.size for entry in entries}
    return {}


def _lines(view: AipView, logical_path: str, kind: type[_T]) -> Iterator[_T]:
    try:
        content = read_verified(view, logical_path)
    except KeyError:
        return
    decoder = msgspec.json.Decoder(kind)
    for line in content.splitlines():
        yield decoder.decode(line)


def _document(record: DocumentRecord) -> Document:
    return Document(
        code=record.code,
        title=record.title,
        date=record.date,
        fields=record.fields,
        kind=record.kind,
        files=record.files,
    )
