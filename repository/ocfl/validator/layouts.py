"""Where the layout that a storage root declares wants each object.

Three layouts are computed; roots of other layouts are scanned all the same, and say so.

Source: OCFL extensions 0002, 0003, 0004.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from repository.ocfl.validator.digesting import can_compute, digest_of
from repository.ocfl.validator.extensions import FLAT_DIRECT, HASH_AND_ID, HASHED

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_ENCODED_LIMIT = 100

PathOf = Callable[[str], str]
"""The path in the root that a layout gives an object id."""


class LayoutUnusable(Exception):
    """The layout's configuration cannot be followed."""


class _TupleConfig(msgspec.Struct, frozen=True, rename="camel"):
    digest_algorithm: str = "sha256"
    tuple_size: int = 3
    number_of_tuples: int = 3
    short_object_root: bool = False


def layout_of(extension: str, config: object) -> PathOf | None:
    """How the layout maps ids to paths; None for a layout that we do not compute.

    ``config`` is the parsed ``config.json``, or None without one.
    :class:`LayoutUnusable` when it makes no sense.
    """
    if extension == FLAT_DIRECT:
        return str
    if extension not in {HASH_AND_ID, HASHED}:
        return None
    try:
        parsed = msgspec.convert(config if config is not None else {}, _TupleConfig)
    except msgspec.ValidationError as error:
        raise LayoutUnusable(str(error)) from error
    _check(parsed)
    make = _hash_and_id if extension == HASH_AND_ID else _hashed
    return lambda identifier: make(identifier, parsed)


def _check(config: _TupleConfig) -> None:
    if config.digest_algorithm == "size" or not can_compute(config.digest_algorithm):
        raise LayoutUnusable(f"digestAlgorithm {config.digest_algorithm!r}")
    length = len(digest_of(b"", config.digest_algorithm))
    sizes = (config.tuple_size, config.number_of_tuples)
    if any(not 0 <= size <= 32 for size in sizes) or (0 in sizes and any(sizes)):
        raise LayoutUnusable("tupleSize and numberOfTuples")
    if config.tuple_size * config.number_of_tuples > length:
        raise LayoutUnusable("tuples longer than the digest")


def _tuples(digest: str, config: _TupleConfig) -> list[str]:
    size = config.tuple_size
    return [digest[i * size : (i + 1) * size] for i in range(config.number_of_tuples)]


def _hash_and_id(identifier: str, config: _TupleConfig) -> str:
    digest = digest_of(identifier.encode(), config.digest_algorithm)
    encoded = "".join(
        chr(byte) if chr(byte) in _PLAIN else f"%{byte:02x}" for byte in identifier.encode()
    )
    if len(encoded) > _ENCODED_LIMIT:
        encoded = f"{encoded[:_ENCODED_LIMIT]}-{digest}"
    return "/".join([*_tuples(digest, config), encoded])


def _hashed(identifier: str, config: _TupleConfig) -> str:
    digest = digest_of(identifier.encode(), config.digest_algorithm)
    used = config.tuple_size * config.number_of_tuples
    last = digest[used:] if config.short_object_root else digest
    return "/".join([*_tuples(digest, config), last])
