"""Writing one restored file: partial name, hashed while written, durable, renamed."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from preservation.restore_forms import RestorePlan, TargetFile
from repository.ocfl.reader import ObjectView
from schemas.digests import CHUNK_BYTES
from schemas.errors import KhoError
from schemas.nouns import Verdict

PARTIAL = ".kho-partial"


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file: intact in the target, or why not.

    ``sources`` names each replica tried and what its bytes were.
    """

    verdict: Verdict
    size_bytes: int = 0
    sha256: str = ""
    sources: tuple[tuple[str, str], ...] = ()
    in_the_way: bool = False
    already_there: bool = False


def restore_file(
    folder: Path, file: TargetFile, *, views: Sequence[ObjectView], replace: bool
) -> FileResult:
    """The file stands in ``folder`` with the digest its inventory names, or nothing new does.

    Each view is tried until one gives the right bytes; what is already there and right is
    kept.
    """
    target = folder / file.path
    present = _present(target, file)
    if present is not None:
        return present
    if target.is_symlink() or (target.exists() and not replace):
        return FileResult(Verdict.ALTERED, in_the_way=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    tried: list[tuple[str, str]] = []
    verdict = Verdict.ABSENT
    for view in views:
        try:
            size_bytes, sha256 = _copy(view, file, target)
        except _Altered:
            tried.append((view.backend.name, Verdict.ALTERED.value))
            verdict = Verdict.ALTERED
        except KhoError as error:
            tried.append((view.backend.name, error.code))
        else:
            tried.append((view.backend.name, Verdict.INTACT.value))
            return FileResult(Verdict.INTACT, size_bytes, sha256, tuple(tried))
    return FileResult(verdict, sources=tuple(tried))


def folders_of(target: Path, folder: Path, plan: RestorePlan) -> list[Path]:
    """Every folder that a plan fills or makes, and those on the way to it, deepest first."""
    inner = {folder / file.path.parent for file in plan.files}
    inner |= {folder / directory for directory in plan.directories}
    found = {target}
    for each in inner | {folder}:
        way = each
        while way not in found and way != way.parent:
            found.add(way)
            way = way.parent
    return sorted(found, key=lambda path: len(path.parts), reverse=True)


def fsync_folder(folder: Path) -> None:
    """The names in the folder survive a power cut."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return  # nothing could be written there
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_closing_file(path: Path, content: bytes) -> None:
    """A small file of ours (a bag's manifest) stands whole at ``path``."""
    partial = path.with_name(path.name + PARTIAL)
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)


class _Altered(Exception):
    """The replica's bytes have another digest."""


def _present(target: Path, file: TargetFile) -> FileResult | None:
    try:
        descriptor = os.open(target, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EACCES):
            return FileResult(Verdict.ALTERED, in_the_way=True)
        raise
    sha256, sha512, size_bytes = hashlib.sha256(), hashlib.sha512(), 0
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        if not target.is_file():
            return FileResult(Verdict.ALTERED, in_the_way=True)
        while chunk := stream.read(CHUNK_BYTES):
            sha256.update(chunk)
            sha512.update(chunk)
            size_bytes += len(chunk)
    if sha512.hexdigest() != file.sha512:
        return None
    return FileResult(Verdict.INTACT, size_bytes, sha256.hexdigest(), already_there=True)


@contextmanager
def _names(path: Path) -> Iterator[None]:
    """A full disk is told with the file that did not fit: writing alone does not name it."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            error.filename = str(path)
        raise


def _copy(view: ObjectView, file: TargetFile, target: Path) -> tuple[int, str]:
    partial = target.with_name(_partial_name(target.name))
    sha256, sha512, size_bytes = hashlib.sha256(), hashlib.sha512(), 0
    with _names(partial), view.open(file.content_path) as stream, partial.open("wb") as out:
        while chunk := stream.read(CHUNK_BYTES):
            sha256.update(chunk)
            sha512.update(chunk)
            size_bytes += len(chunk)
            out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if sha512.hexdigest() != file.sha512:
        raise _Altered
    if file.mode is not None:
        partial.chmod(file.mode & 0o777)
    partial.replace(target)
    return size_bytes, sha256.hexdigest()


def _partial_name(name: str) -> str:
    """A partial name that fits where the name itself does: long names are hashed."""
    if len(os.fsencode(name)) + len(PARTIAL) <= 255:
        return name + PARTIAL
    return hashlib.sha256(os.fsencode(name)).hexdigest() + PARTIAL
