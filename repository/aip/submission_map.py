"""``submission-map.ndjson``: what recreates the submitted tree byte for byte (promise 7)."""

from __future__ import annotations

import base64
from typing import BinaryIO
from urllib.parse import quote_from_bytes, unquote_to_bytes

from schemas.nouns import Draft, SubmittedFile
from schemas.records import MapEntry, MapHeader, encode_line


def write_submission_map(out: BinaryIO, draft: Draft) -> None:
    """The header and one line per submitted file, in raw path order."""
    container = draft.container
    header = MapHeader(
        files=len(draft.files),
        container_name=container.name if container else "",
        container_size=container.size_bytes if container else 0,
        container_sha256=container.sha256 if container else "",
        empty_directories=tuple(quote_from_bytes(raw) for raw in draft.empty_directories),
    )
    out.write(encode_line(header))
    files = sorted(draft.files, key=lambda file: file.raw_path)
    out.writelines(encode_line(_entry(file)) for file in files)


def raw_path_of(entry: MapEntry) -> bytes:
    """The submitted path's bytes."""
    if entry.raw_base64:
        return base64.b64decode(entry.raw_base64, validate=True)
    return entry.raw_path.encode()


def empty_directories_of(header: MapHeader) -> list[bytes]:
    """The raw paths of directories that held nothing."""
    return [unquote_to_bytes(text) for text in header.empty_directories]


def _entry(file: SubmittedFile) -> MapEntry:
    text, encoded = "", ""
    try:
        text = file.raw_path.decode()
    except UnicodeDecodeError:
        encoded = base64.b64encode(file.raw_path).decode()
    return MapEntry(
        raw_path=text,
        raw_base64=encoded,
        logical_path=file.logical_path,
        size=file.size_bytes,
        mode=file.mode,
        modified=file.modified,
        sha256=file.digests.sha256,
    )
