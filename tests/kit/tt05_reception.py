"""An archive that receives the circular's packages, and looks at what it made of them."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import read_package
from ingest.checks.tt05_registry import judge
from ingest.checks.tt05_tree import Tree
from ingest.desk import Desk, open_desk
from ingest.pipeline import ingest
from ingest.settings import IngestSettings
from kit.archives import make_bed
from kit.desk import OPERATOR, SOFTWARE
from kit.tt05_packages import ARCHIVE, DATA, Spec, identifier
from preservation.restore import RestoreRequest, restore
from repository.facts import AipFacts
from schemas.digests import read_through
from schemas.ids import AipId
from schemas.moments import utc_now
from schemas.progress import NoProgress
from schemas.records import Receipt

POLICY = """
format = "kho.policy/1"
name = "one dossier many times"
version = 1

[severity]
DUPLICATE-DOSSIER = "warning"
"""
"""Every test of a module hands in a dossier of the same code."""


@dataclass
class Reception:
    """An archive with its desk open; ``folder`` is for what comes in and goes out."""

    desk: Desk
    folder: Path
    _count: int = 0

    def new_folder(self) -> Path:
        """An empty folder."""
        self._count += 1
        folder = self.folder / f"{self._count:03d}"
        folder.mkdir()
        return folder

    def take(self, spec: Spec, *, again: bool = False, profile: str = "auto") -> Receipt:
        """The package, received from a folder that holds it alone. It gets an OBJID of its own
        unless it comes ``again``."""
        if not again and spec.objid.startswith("uuid-"):
            spec.objid = f"uuid-{uuid.UUID(int=self._count + 1, version=4)}".upper().replace(
                "UUID-", "uuid-"
            )
        source = self.new_folder()
        spec.folder(source)
        return ingest(source, self.desk, profile=profile)

    def facts(self, receipt: Receipt) -> AipFacts:
        """What the catalogue has of the AIP."""
        found = self.desk.archive.catalogue.aip(AipId(receipt.aip_id))
        assert found is not None
        return found

    def given_back(self, receipt: Receipt, form: str) -> Path:
        """The AIP in a folder of its own."""
        target = self.new_folder()
        request = RestoreRequest(
            target=target, form=form, aip_ids=(AipId(receipt.aip_id),), include_held=True
        )
        replicas = self.desk.archive.replicas
        assert restore(replicas, request, now=utc_now, progress=NoProgress()).complete
        (made,) = (path for path in target.iterdir() if path.is_dir())
        return made


@contextmanager
def open_reception(folder: Path, **settings: str) -> Iterator[Reception]:
    """An archive on memory replicas, its desk open."""
    bed = make_bed(folder / "archive")
    work = folder / "work"
    work.mkdir()
    policy = folder / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    chosen = IngestSettings(workers=1, archive_code=ARCHIVE, policy=str(policy), **settings)  # type: ignore[arg-type]  # texts only
    with (
        bed.open() as archive,
        open_desk(
            archive, chosen, operator=OPERATOR, software=SOFTWARE, identifier=identifier()
        ) as desk,
    ):
        yield Reception(desk, work)


@dataclass(frozen=True)
class OnDisk:
    """A file of a restored package."""

    path: Path

    @property
    def size_bytes(self) -> int:
        return self.path.stat().st_size

    @property
    def known_digests(self) -> dict[str, str]:
        with self.path.open("rb") as stream:
            made = read_through(stream).digests
        return {"sha256": made.sha256, "sha512": made.sha512}

    def open(self) -> AbstractContextManager[BinaryIO]:
        return self.path.open("rb")


def tree_of(folder: Path) -> Tree:
    """A package in a folder, as the rules see it."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return Tree({str(path.relative_to(folder)): OnDisk(path) for path in paths}, folder.name)


def rules_broken(folder: Path) -> set[str]:
    """What our own rules say of a restored AIP, formats identified anew."""
    tree = tree_of(folder)
    formats = {}
    for path in tree.below(DATA):
        with (folder / path).open("rb") as stream:
            passing = read_through(stream)
        formats[path] = identifier().identify(
            name=path, size_bytes=passing.size_bytes, head=passing.head, tail=passing.tail
        )
    case = Case(package=read_package(tree), formats=formats)
    return {finding.code for finding in judge(case, "tt05", received=False).findings}
