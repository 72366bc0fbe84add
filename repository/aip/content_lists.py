"""The lists a build keeps on disk: what to write to replicas, and what the catalogue will know."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import msgspec

from repository.aip.build import CONTENT, ContentLine
from repository.aip.facts_reader import role_of
from repository.aip.generated import GeneratedFile
from repository.aip.plan import AipPlan
from repository.aip.spool import FILES, FileLine
from repository.ocfl.inventory import ContentFile
from schemas.records import encode_line
from storage_backends.keys import content_paths


class ContentLists:
    """Every file of the version, submitted and written by Kho, with its place in the object."""

    def __init__(
        self, plan: AipPlan, folder: Path, generated: list[GeneratedFile], *, signed: bool
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._generated = generated
        submitted = (file.logical_path for file in plan.draft.files)
        own = (file.logical_path for file in generated)
        self._content_paths = content_paths(chain(submitted, own), version=1)
        self._signed = signed

    def files(self) -> Iterator[ContentFile]:
        """As the inventory names them."""
        submitted = ((file.logical_path, file.digests) for file in self._plan.draft.files)
        own = ((file.logical_path, file.digests) for file in self._generated)
        for path, digests in chain(submitted, own):
            yield ContentFile(path, self._content_paths[path], digests.sha256, digests.sha512)

    def write(self) -> None:
        """``content.ndjson`` lists each distinct content once, ``files.ndjson`` each file."""
        written: dict[str, str] = {}
        with (
            (self._folder / CONTENT).open("wb") as contents,
            (self._folder / FILES).open("wb") as files,
        ):
            for line, size_bytes in self._lines():
                kept_at = written.setdefault(line.sha512, line.content_path)
                if kept_at != line.content_path:
                    files.write(encode_line(msgspec.structs.replace(line, content_path=kept_at)))
                    continue
                files.write(encode_line(line))
                content = ContentLine(
                    content_path=line.content_path,
                    staged=line.staged,
                    start=line.start,
                    size=size_bytes,
                    sha256=line.sha256,
                )
                contents.write(encode_line(content))

    def _lines(self) -> Iterator[tuple[FileLine, int]]:
        """Each file as the catalogue will know it, and its size."""
        for file in self._plan.draft.files:
            path = file.logical_path
            found = self._plan.formats.get(path)
            report = self._plan.signatures.get(path) if self._signed else None
            line = FileLine(
                logical_path=path,
                content_path=self._content_paths[path],
                staged=_relative(file.staged, self._folder),
                sha256=file.digests.sha256,
                sha512=file.digests.sha512,
                role=role_of(path, file.size_bytes),
                size=file.size_bytes,
                puids=found.puids if found else (),
                signature_decision=report.decision if report else "",
            )
            yield line, file.size_bytes
        for own in self._generated:
            line = FileLine(
                logical_path=own.logical_path,
                content_path=self._content_paths[own.logical_path],
                staged=own.staged,
                start=own.start,
                length=own.size_bytes,
                sha256=own.digests.sha256,
                sha512=own.digests.sha512,
                role=role_of(own.logical_path, None),
            )
            yield line, own.size_bytes


def _relative(staged: str, folder: Path) -> str:
    start = f"{folder}/"
    if not staged.startswith(start):
        raise ValueError(f"{staged} is not in the submission's folder")
    return staged.removeprefix(start)
