"""Keys of a copied replica that are none of the archive's: strange files make a root no OCFL."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from repository.copying import CommittedCopy
from repository.ocfl.inventory import DECLARATION, INVENTORY, SIDECAR
from repository.ocfl.layout import root_files
from repository.ocfl.reader import OBJECT_DEPTH
from schemas.nouns import Place
from storage_backends.interface import StorageBackend


def strange_in_object(backend: StorageBackend, own: CommittedCopy) -> Iterator[str]:
    """The keys under an object that its newest version, ``own``, does not account for."""
    prefix = own.ref.object_prefix
    known = {prefix + name for name in (DECLARATION, INVENTORY, SIDECAR)}
    for number in range(1, own.ref.number + 1):
        known.update(f"{prefix}v{number}/{name}" for name in (INVENTORY, SIDECAR))
    known.update(prefix + path for path, _sha512 in own.inventory.content_files())
    return (info.key for info in backend.list(prefix) if info.key not in known)


def strange_in_root(
    backend: StorageBackend, place: Place, objects: Collection[str]
) -> Iterator[str]:
    """What lies in a root outside of the ``objects`` (prefixes) and is not the root's own.

    Of an object that nobody knows its prefix, once; of anything else its key.
    """
    own = {f"{place.value}/{name}" for name in root_files()}
    told: set[str] = set()
    for info in backend.list(f"{place.value}/"):
        segments = info.key.split("/")
        inside = len(segments) > OBJECT_DEPTH
        where = "/".join(segments[:OBJECT_DEPTH]) + "/" if inside else info.key
        if where in objects or info.key in own or where in told:
            continue
        if info.kind == "directory" and info.key.rstrip("/") == place.value:
            continue  # an empty root: it lacks everything, and nothing in it is strange
        told.add(where)
        yield where
