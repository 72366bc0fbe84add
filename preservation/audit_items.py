"""The audit's work list: which files of a replica to look at, and what accounts for its keys."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from urllib.parse import unquote

from preservation.accounted import KeySet
from preservation.examine import Item, key_of, root_items
from preservation.lagging import Lagging
from repository.archive import Repository
from repository.catalogue.contents import ContentFacts
from repository.facts import FileFacts
from repository.ocfl.layout import NUMBER_OF_TUPLES, object_prefix
from schemas.digests import Algorithm
from schemas.ids import AipId, aip_of_ocfl_id, ocfl_id
from schemas.moments import format_moment
from schemas.nouns import Place

OBJECT_DEPTH = 1 + NUMBER_OF_TUPLES + 1
"""Segments of an object's prefix: root, tuples, encoded id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditScope:
    """What to look at. Nothing named means what is due: not verified for ``due_after_days``.

    ``everything`` ignores when files were last verified. With ``sample_files`` so many files
    are chosen at random on each replica, by ``sample_seed``, whenever they were last verified.
    ``never_limit``: of what is due because it was never read, so many files at most.
    ``limit_bytes`` and ``limit_s`` end the run early, as far as it meant to go.
    """

    replicas: tuple[str, ...] = ()
    fonds: str = ""
    aip_id: AipId | None = None
    everything: bool = False
    limit_bytes: int | None = None
    limit_s: float | None = None
    due_after_days: float = 90.0
    never_limit: int | None = None
    algorithm: Algorithm = "sha256"
    sample_files: int = 0
    sample_seed: str = ""

    @property
    def is_partial(self) -> bool:
        """Whether the scope names or samples some files rather than asking what is due."""
        return bool(self.fonds) or self.aip_id is not None or self.sample_files > 0


def due_items(archive: Repository, scope: AuditScope, replica: str) -> Iterator[Item]:
    """What the scope asks to look at on a replica, longest unverified first.

    Only AIPs that were copied there, in the versions that were: what never was is
    under-replicated, not damaged.
    """
    asked = asked_items(archive, scope, replica)
    return Lagging(archive, replica).held(asked, scope.algorithm)


def asked_items(archive: Repository, scope: AuditScope, replica: str) -> Iterator[Item]:
    """The same by the catalogue alone: nothing is asked of the replica, which may be away."""
    catalogue = archive.catalogue
    prefix_of = _prefixes()
    if scope.sample_files:
        rng = random.Random(f"{scope.sample_seed}/{replica}")  # noqa: S311 - a sample, no secret
        for facts in catalogue.sample_files(replica, scope.sample_files, rng):
            yield _item_of(facts, scope.algorithm, prefix_of)
        return
    if scope.is_partial:
        for aip_id, place in aips_of(archive, scope):
            if any(copy.replica == replica for copy in catalogue.copies(aip_id)):
                yield from _items_of_aip(archive, aip_id, place, scope.algorithm)
        return
    now = archive.now()
    before = now if scope.everything else now - timedelta(days=scope.due_after_days)
    for facts in catalogue.due_files(
        replica,
        before=format_moment(before),
        now=format_moment(now),
        never_limit=scope.never_limit,
        algorithm=scope.algorithm,
    ):
        yield _item_of(facts, scope.algorithm, prefix_of)


def aips_of(archive: Repository, scope: AuditScope) -> list[tuple[AipId, Place]]:
    """The AIPs that a partial scope names, in the archive and in the holding root."""
    return [
        (summary.aip_id, summary.place)
        for summary in archive.catalogue.aips(fonds=scope.fonds or None)
        if scope.aip_id in (None, summary.aip_id)
    ]


def stray_prefixes(archive: Repository, scope: AuditScope) -> list[str]:
    """Where to look for keys that nothing accounts for."""
    if scope.sample_files:
        return []
    if not scope.is_partial:
        return [f"{place.value}/" for place in Place]
    return [object_prefix(place, ocfl_id(aip)) for aip, place in aips_of(archive, scope)]


def accounted_keys(archive: Repository, scope: AuditScope) -> KeySet:
    """Every key that may be under the prefixes of :func:`stray_prefixes`."""
    if scope.is_partial:
        return KeySet(
            item.key
            for aip_id, place in aips_of(archive, scope)
            for item in _items_of_aip(archive, aip_id, place, scope.algorithm)
        )
    return KeySet(_all_keys(archive))


def still_stray(archive: Repository, keys: Sequence[str]) -> list[str]:
    """Those of ``keys`` that nothing accounts for now: a dossier may have come in while the
    replica was listed."""
    known: dict[str, set[str]] = {}
    for key in keys:
        prefix = _object_prefix_of(key)
        if prefix not in known:
            known[prefix] = _keys_of_object(archive, prefix)
    return [key for key in keys if key not in known[_object_prefix_of(key)]]


def _all_keys(archive: Repository) -> Iterator[str]:
    yield from (item.key for item in root_items())
    prefix_of = _prefixes()
    for place, aip_id, content_path in archive.catalogue.stored_paths():
        yield prefix_of(place, aip_id) + content_path


def _prefixes() -> Callable[[Place, AipId], str]:
    """Key prefixes of AIPs; the files of one come one after the other, so one is remembered."""
    return lru_cache(maxsize=64)(lambda place, aip_id: object_prefix(place, ocfl_id(aip_id)))


def _object_prefix_of(key: str) -> str:
    """The prefix of the object that a key lies in, as the layout has it."""
    return "/".join(key.split("/")[:OBJECT_DEPTH]) + "/"


def _keys_of_object(archive: Repository, prefix: str) -> set[str]:
    place, _slash, rest = prefix.partition("/")
    aip_id = aip_of_ocfl_id(unquote(rest.rstrip("/").rpartition("/")[2]))
    if aip_id is None or place not in set(Place):
        return set()
    files = archive.catalogue.files(aip_id, Place(place))
    return {f"{prefix}{file.content_path}" for file in files}


def _items_of_aip(
    archive: Repository, aip_id: AipId, place: Place, algorithm: Algorithm
) -> Iterator[Item]:
    """Each stored file of the AIP once, however many logical files share its bytes."""
    files: dict[str, FileFacts] = {}
    for file in archive.catalogue.files(aip_id, place):
        known = files.get(file.content_path)
        if known is None or known.size_bytes is None:
            files[file.content_path] = file
    for file in files.values():
        yield Item(
            key=key_of(place, aip_id, file.content_path),
            expected=file.sha256 if algorithm == "sha256" else file.sha512,
            aip_id=aip_id,
            place=place,
            content_path=file.content_path,
            size_bytes=file.size_bytes,
        )


def _item_of(
    facts: ContentFacts, algorithm: Algorithm, prefix_of: Callable[[Place, AipId], str]
) -> Item:
    return Item(
        key=prefix_of(facts.place, facts.aip_id) + facts.content_path,
        expected=facts.sha256 if algorithm == "sha256" else facts.sha512,
        aip_id=facts.aip_id,
        place=facts.place,
        content_path=facts.content_path,
        size_bytes=facts.size_bytes,
        content_key=facts.key,
    )
