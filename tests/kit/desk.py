"""A reception desk on a test archive: whole submissions through the whole pipeline."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ingest.desk import Desk, open_desk
from ingest.settings import IngestSettings
from repository.archive import Repository
from schemas.events import Agent

OPERATOR = Agent("Trần Thị Bình", "person", role="operator")
SOFTWARE = Agent("Kho", "software", "0.0.test")


@contextmanager
def desk_of(archive: Repository, settings: IngestSettings | None = None) -> Iterator[Desk]:
    """A desk with one worker."""
    chosen = settings or IngestSettings(workers=1)
    with open_desk(archive, chosen, operator=OPERATOR, software=SOFTWARE) as desk:
        yield desk


def write_files(folder: Path, files: Mapping[bytes, bytes]) -> Path:
    """The files below ``folder`` under their raw names; the folder."""
    for raw_path, content in files.items():
        path = folder / os.fsdecode(raw_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
