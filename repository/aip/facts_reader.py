"""Facts of an AIP read from the AIP itself: registering and rebuilding share this one way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TypeVar

import msgspec

from repository.aip.admission import Admission, DocumentRecord, FormatLine
from repository.aip.build import SealedBuild
from repository.aip.paths import ADMISSION, FORMATS, SIGNATURES, SUBMISSIONS, is_submission_map
from repository.aip.spool import FileLine, SpooledFiles
from repository.aip.verdicts import Verdict, signature_facts
from repository.aip.views import AipView, read_verified
from repository.facts import AipFacts, FileFacts, VersionFacts
from repository.ocfl.claims import VersionRef
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
from storage_backends.interface import DigestMismatch

_T = TypeVar("_T")
_READ = frozenset({ADMISSION, SIGNATURES})


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
    return _facts(
        VersionRef(view.place, aip_id, inventory.head_number),
        admission,
        versions=tuple(_versions(view)),
        files=tuple(sorted(files, key=lambda file: file.logical_path)),
        verdicts=verdicts,
    )


def first_facts(build: SealedBuild) -> AipFacts:
    """The same of a first version that was just built, from the list spooled beside it.

    DigestMismatch when a record it leans on was torn since.
    """
    spooled = SpooledFiles(build.folder, tuple(_structure_of(build)))
    leaned_on = {line.logical_path: line for line in spooled.lines() if line.logical_path in _READ}
    admission = decode(_staged(build, leaned_on[ADMISSION]), Admission)
    signed = leaned_on.get(SIGNATURES)
    decoder = msgspec.json.Decoder(Verdict)
    lines = _staged(build, signed).splitlines() if signed else ()
    record = build.record
    version = VersionFacts(
        number=1,
        created=record.created,
        inventory_sha256=build.inventory_text.sha256,
        inventory_sha512=build.inventory_text.sha512,
        message=record.message,
    )
    return _facts(
        build.ref,
        admission,
        versions=(version,),
        files=spooled,
        verdicts=tuple(decoder.decode(line) for line in lines),
    )


def _staged(build: SealedBuild, line: FileLine) -> bytes:
    with line.source(build.folder).open() as stream:
        content = stream.read()
    if digests_of(content).sha512 != line.sha512:
        raise DigestMismatch(backend="", key=line.logical_path)
    return content


def _facts(
    ref: VersionRef,
    admission: Admission,
    *,
    versions: tuple[VersionFacts, ...],
    files: Iterable[FileFacts],
    verdicts: tuple[Verdict, ...],
) -> AipFacts:
    return AipFacts(
        aip_id=ref.aip_id,
        place=ref.place,
        version=ref.number,
        versions=versions,
        created=versions[0].created,
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
        files=files,
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
            role=role_of(logical_path, size_bytes),
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
        yield from _inventories(folders, digests_of(content), sidecar_of(content))


def _structure_of(build: SealedBuild) -> Iterator[FileFacts]:
    """The files that make a folder an object of one version."""
    inventory = build.inventory_text
    yield _stored(DECLARATION, digests_of(DECLARATION_CONTENT), "structure")
    digests = Digests(inventory.sha256, inventory.sha512)
    yield from _inventories(["", "v1/"], digests, inventory.sidecar)


def _inventories(folders: list[str], digests: Digests, sidecar: bytes) -> Iterator[FileFacts]:
    for folder in folders:
        yield _stored(f"{folder}{INVENTORY}", digests, "structure")
        yield _stored(f"{folder}{SIDECAR}", digests_of(sidecar), "structure")


def _stored(content_path: str, digests: Digests, role: str) -> FileFacts:
    return FileFacts(
        logical_path=f"/{content_path}",
        content_path=content_path,
        sha256=digests.sha256,
        sha512=digests.sha512,
        role=role,
    )


def role_of(logical_path: str, size_bytes: int | None) -> str:
    """What a file is to the AIP; ``size_bytes`` is None for what Kho wrote."""
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
