"""A newer signature set, brought as a folder or a ZIP: loaded, compared, refused if it breaks.

Nothing here stores or fetches anything. Whoever imports gives the set in use, the new one
and samples of what is held, and is told what would change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from preservation.formats.engine import Identifier
from preservation.formats.shipped import SignatureFilesMissing
from preservation.formats.signature_set import SignatureSet
from preservation.formats.validate.zipped import look_through
from schemas.findings import Finding, Severity
from schemas.nouns import FormatResult

DOCUMENT_CAP_BYTES = 32 << 20
"""A signature file is not longer; the largest known has 4 MB."""

INVALID_SHARE = 0.02
"""A set in which more signatures than this cannot be used is refused."""

_FORMATS = re.compile(r"formats-v(\d+)\.xml")
_CONTAINERS = re.compile(r"container-signature-(\d{8})\.xml")
_EXTENSIONS = "format_extensions.xml"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A set that was brought, and the files it was made of (for an administrative AIP)."""

    signature_set: SignatureSet
    documents: Mapping[str, bytes]


def load_candidate(path: Path, *, extensions: bytes | None = None) -> Candidate:
    """The newest set in a folder or ZIP.

    ``extensions`` (fido's own formats of the set in use) are kept when none are brought.
    Raises SignatureFilesMissing, ``schemas.xml.XmlRefused``.
    """
    documents = _from_folder(path) if path.is_dir() else _from_zip(path)
    formats = _newest(documents, _FORMATS, path, "formats-v*.xml")
    containers = _newest(documents, _CONTAINERS, path, "container-signature-*.xml")
    more = documents.get(_EXTENSIONS, extensions)
    chosen = {name: documents[name] for name in (formats, containers)}
    if more is not None:
        chosen[_EXTENSIONS] = more
    version, dated = _FORMATS.fullmatch(formats), _CONTAINERS.fullmatch(containers)
    label = f"PRONOM v{version[1] if version else '?'}, container {dated[1] if dated else '?'}"
    loaded = SignatureSet.load(
        chosen[formats], chosen[containers], (more,) if more else (), version=label
    )
    return Candidate(loaded, chosen)


@dataclass(frozen=True, slots=True)
class Sample:
    """One held file: ``key`` names it to whoever asked, the rest is what identifying needs."""

    key: str
    name: str
    size_bytes: int
    head: bytes
    tail: bytes
    open_file: Callable[[], BinaryIO] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One file about which the two sets say different things."""

    key: str
    before: FormatResult
    after: FormatResult

    @property
    def lost(self) -> bool:
        """Whether bytes told the format before and tell none now."""
        told = ("signature", "container")
        return self.before.method in told and self.after.method not in told


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sets over the same samples, and what they know of formats."""

    compared: int
    differences: tuple[Difference, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]


def compare_sets(old: Identifier, new: Identifier, samples: Iterable[Sample]) -> Comparison:
    """What would change for the samples, each identified with both sets."""
    compared = 0
    differences: list[Difference] = []
    for sample in samples:
        compared += 1
        before, after = _identified(old, sample), _identified(new, sample)
        if (before.puids, before.method) != (after.puids, after.method):
            differences.append(Difference(sample.key, before, after))
    mine, theirs = set(old.signature_set.by_puid), set(new.signature_set.by_puid)
    return Comparison(
        compared, tuple(differences), tuple(sorted(theirs - mine)), tuple(sorted(mine - theirs))
    )


def objections(
    old: SignatureSet,
    new: SignatureSet,
    comparison: Comparison,
    *,
    needed: AbstractSet[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Why the new set must not take effect; empty when nothing breaks.

    ``needed`` are PUIDs of held files and of the policy. What cannot be used inside the set
    is told with it, as warnings; errors are reasons to refuse.
    """
    return (*_broken(old, new, comparison, needed), *new.findings)


def refused(findings: Iterable[Finding]) -> bool:
    """Whether any finding is a reason to refuse."""
    return any(finding.severity.rank >= Severity.ERROR.rank for finding in findings)


def _broken(
    old: SignatureSet, new: SignatureSet, comparison: Comparison, needed: AbstractSet[str]
) -> Iterator[Finding]:
    def refuse(code: str, **fields: str | int) -> Finding:
        return Finding(code, Severity.ERROR, new.version, fields)

    if new.sha256 == old.sha256:
        yield refuse("FORMAT-UPDATE-SAME")
    if _age(new) < _age(old):
        yield refuse("FORMAT-UPDATE-OLDER", old=old.version, new=new.version)
    usable, unusable = len(new.signatures), _unusable(new)
    if not usable or not new.containers or unusable > INVALID_SHARE * (usable + unusable):
        yield refuse("FORMAT-UPDATE-UNUSABLE", unusable=unusable, usable=usable)
    if gone := sorted(needed & set(comparison.removed)):
        yield refuse("FORMAT-UPDATE-REMOVES", puids=", ".join(gone[:20]), count=len(gone))
    if lost := [one for one in comparison.differences if one.lost]:
        keys = ", ".join(one.key for one in lost[:20])
        yield refuse("FORMAT-UPDATE-LOSES", count=len(lost), files=keys)


def _unusable(new: SignatureSet) -> int:
    codes = ("FORMAT-PATTERN-INVALID", "FORMAT-CONTAINER-INVALID")
    return sum(finding.code in codes for finding in new.findings)


def _age(signature_set: SignatureSet) -> tuple[int, int]:
    """(PRONOM version, date of the containers), zeros where unknown."""
    found = re.search(r"v(\d+), container (\d+)", signature_set.version)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _identified(identifier: Identifier, sample: Sample) -> FormatResult:
    return identifier.identify(
        name=sample.name,
        size_bytes=sample.size_bytes,
        head=sample.head,
        tail=sample.tail,
        open_file=sample.open_file,
    )


def _newest(documents: Mapping[str, bytes], form: re.Pattern[str], path: Path, wanted: str) -> str:
    found = [(int(hit[1]), name) for name in documents if (hit := form.fullmatch(name))]
    if not found:
        raise SignatureFilesMissing(place=str(path), reason=wanted)
    return max(found)[1]


def _wanted(name: str) -> bool:
    return bool(_FORMATS.fullmatch(name) or _CONTAINERS.fullmatch(name) or name == _EXTENSIONS)


def _from_folder(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in folder.iterdir():
        if _wanted(path.name) and path.is_file() and path.stat().st_size <= DOCUMENT_CAP_BYTES:
            found[path.name] = path.read_bytes()
    return found


def _from_zip(path: Path) -> dict[str, bytes]:
    """The signature files in a ZIP, at any depth; a damaged ZIP holds none."""
    try:
        with path.open("rb") as file:
            looked = look_through(file, lambda name: _wanted(name.rpartition("/")[2]))
    except OSError as problem:
        raise SignatureFilesMissing(place=str(path), reason=type(problem).__name__) from problem
    if looked.damaged or looked.limited or looked.too_long:
        codes = ", ".join(finding.code for finding in looked.findings) or "too long"
        raise SignatureFilesMissing(place=str(path), reason=codes)
    return {name.rpartition("/")[2]: content for name, content in looked.parts.items()}
