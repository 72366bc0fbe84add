"""Where objects live in a storage root: extension 0003, sha256, three tuples of three.

Source: OCFL extension 0003-hash-and-id-n-tuple-storage-layout; design §4.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from schemas.nouns import Place

EXTENSION = "0003-hash-and-id-n-tuple-storage-layout"
TUPLE_SIZE = 3
NUMBER_OF_TUPLES = 3
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_ENCODED_LIMIT = 100


@lru_cache(maxsize=256)
def object_path(identifier: str) -> str:
    """The object's folder relative to the storage root, without a final slash."""
    digest = hashlib.sha256(identifier.encode()).hexdigest()
    tuples = [digest[i * TUPLE_SIZE : (i + 1) * TUPLE_SIZE] for i in range(NUMBER_OF_TUPLES)]
    encoded = "".join(
        chr(byte) if chr(byte) in _PLAIN else f"%{byte:02x}" for byte in identifier.encode()
    )
    if len(encoded) > _ENCODED_LIMIT:
        encoded = f"{encoded[:_ENCODED_LIMIT]}-{digest}"
    return "/".join([*tuples, encoded])


def object_prefix(place: Place, identifier: str) -> str:
    """The key prefix of an object in one of a replica's two roots, with a final slash."""
    return f"{place.value}/{object_path(identifier)}/"


def root_files() -> dict[str, bytes]:
    """The files that make a folder an OCFL 1.1 storage root with this layout, by name."""
    layout = {
        "extension": EXTENSION,
        "description": "Hashed n-tuples of the object id, then the percent-encoded id.",
    }
    config = {
        "extensionName": EXTENSION,
        "digestAlgorithm": "sha256",
        "tupleSize": TUPLE_SIZE,
        "numberOfTuples": NUMBER_OF_TUPLES,
    }
    return {
        f"extensions/{EXTENSION}/config.json": _json(config),
        "ocfl_layout.json": _json(layout),
        "0=ocfl_1.1": b"ocfl_1.1\n",
    }


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2).encode() + b"\n"
