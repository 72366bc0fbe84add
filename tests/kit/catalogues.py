"""Catalogues and facts to put into them, each as short as the test allows."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from repository.catalogue import Catalogue, sqlite_url
from repository.facts import AipFacts, FileFacts, VersionFacts
from schemas.ids import AipId
from schemas.nouns import Access, Document, Place
from schemas.records import LedgerLine

MOMENT = "2026-03-01T08:00:00.000Z"
DATA = "representations/rep1/data"


def new_catalogue(folder: Path, name: str = "catalogue.sqlite", **options: Any) -> Catalogue:
    """An empty catalogue in ``folder``; the caller closes it."""
    return Catalogue.open(sqlite_url(folder / name), create=True, **options)


def empty_catalogue(folder: Path) -> Catalogue:
    """The same, copied from one that was made before: for tests about something else."""
    path = folder / "catalogue.sqlite"
    path.write_bytes(_template())
    return Catalogue.open(sqlite_url(path))


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        new_catalogue(Path(scratch)).close()
        return (Path(scratch) / "catalogue.sqlite").read_bytes()


def aip_id(number: int) -> AipId:
    """A well-formed id whose first eight characters are the number in hexadecimal."""
    return AipId(f"{number:08x}-0000-4000-8000-000000000000")


def make_file(path: str, **other: Any) -> FileFacts:
    """A file of the first version with digests of its own."""
    given: dict[str, Any] = {
        "logical_path": path,
        "content_path": f"v1/content/{path}",
        "sha256": hashlib.sha256(path.encode()).hexdigest(),
        "sha512": hashlib.sha512(path.encode()).hexdigest(),
        "role": "data",
        "size_bytes": len(path),
        "puids": ("fmt/18",),
    }
    return FileFacts(**{**given, **other})


def make_version(number: int = 1) -> VersionFacts:
    """A version whose digests name it."""
    return VersionFacts(
        number=number,
        created=MOMENT,
        inventory_sha256=hashlib.sha256(b"%d" % number).hexdigest(),
        inventory_sha512=hashlib.sha512(b"%d" % number).hexdigest(),
        message="ingest",
    )


def make_facts(number: int = 1, *, files: int | Sequence[FileFacts] = 1, **other: Any) -> AipFacts:
    """A dossier with these files, or that many; anything may be given otherwise."""
    if isinstance(files, int):
        files = [make_file(f"{DATA}/{n:06}.pdf") for n in range(files)]
    given: dict[str, Any] = {
        "aip_id": aip_id(number),
        "place": Place.ARCHIVE,
        "version": 1,
        "versions": (make_version(),),
        "created": MOMENT,
        "profile": "folder",
        "outcome": "accepted",
        "fonds": "H57",
        "fonds_name": "Huyện uỷ Đông Anh",
        "dossier_code": f"H57.01.{number:05}",
        "title": f"Hồ sơ số {number}",
        "access": Access.RESTRICTED,
        "date_from": "1999",
        "date_to": "2001-05-03",
        "backlog": False,
        "submission_digest": hashlib.sha256(b"%d" % number).hexdigest(),
        "data_files": len(files),
        "data_bytes": 10 * len(files),
        "warnings": 0,
        "fields": {"maintenance": "01"},
        "documents": (Document(code="01-KL/VPTW", title="Kết luận"),),
        "files": tuple(files),
    }
    return AipFacts(**{**given, **other})


def make_line(seq: int, kind: str, body: dict[str, Any], **other: Any) -> LedgerLine:
    """A journal line; the catalogue does not judge the chain, so its hashes are names."""
    given: dict[str, Any] = {
        "seq": seq,
        "moment": MOMENT,
        "kind": kind,
        "body": body,
        "prev": f"hash of {seq - 1}" if seq > 1 else "",
        "hash": f"hash of {seq}",
    }
    return LedgerLine(**{**given, **other})


def copy_line(seq: int, number: int, replica: str, **other: Any) -> LedgerLine:
    """A line that says that a replica holds dossier ``number``."""
    given: dict[str, Any] = {
        "aip_id": aip_id(number),
        "place": "ocfl",
        "version": 1,
        "replica": replica,
        "state": "verified",
        "verified_at": MOMENT,
    }
    return make_line(seq, "copy", {**given, **other})


def receipt_body(number: int, **other: Any) -> dict[str, Any]:
    """The body of a ``receipt`` line about dossier ``number``."""
    given: dict[str, Any] = {
        "format": "kho.receipt/1",
        "receipt_id": str(uuid.UUID(int=number)),
        "source": f"/in/{number}",
        "profile": "folder",
        "outcome": "accepted",
        "state": "stored",
        "aip_id": aip_id(number),
        "submission_digest": f"{number:064x}",
        "fonds": "H57",
        "dossier_code": f"H57.01.{number:05}",
        "title": f"Hồ sơ số {number}",
        "files": 1,
        "bytes": 10,
        "warnings": 0,
        "received": MOMENT,
        "finished": MOMENT,
        "copies": [{"replica": "a", "verified_at": MOMENT}],
    }
    return {**given, **other}
