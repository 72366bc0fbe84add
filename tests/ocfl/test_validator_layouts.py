"""Where layouts put objects: the examples of the extensions themselves.

Source: OCFL extensions 0002, 0003, 0004, *Examples*.
"""

from __future__ import annotations

import pytest

from repository.ocfl.validator.extensions import FLAT_DIRECT, HASH_AND_ID, HASHED
from repository.ocfl.validator.layouts import LayoutUnusable, layout_of

PUNCTUATED = "..hor/rib:le-$id"
LONG = "abcdefghij" * 10 + "a"
LONG_DIGEST = "5cc73e648fbcff136510e330871180922ddacf193b68fdeff855683a01464220"
MD5 = {"digestAlgorithm": "md5", "tupleSize": 2, "numberOfTuples": 15}
NO_TUPLES = {"tupleSize": 0, "numberOfTuples": 0}
DIGEST = "3c0ff4240c1e116dba14c7627f2319b58aa3d77606d0d90dfc6161608ac987d4"


@pytest.mark.parametrize(
    ("extension", "config", "identifier", "path"),
    [
        (FLAT_DIRECT, None, "object-01", "object-01"),
        (HASH_AND_ID, None, "object-01", "3c0/ff4/240/object-01"),
        (HASH_AND_ID, None, PUNCTUATED, "487/326/d8c/%2e%2ehor%2frib%3ale-%24id"),
        (HASH_AND_ID, None, "..Hor/rib:lè-$id", "373/529/21a/%2e%2eHor%2frib%3al%c3%a8-%24id"),
        (HASH_AND_ID, None, LONG, f"5cc/73e/648/{LONG[:100]}-{LONG_DIGEST}"),
        (HASH_AND_ID, MD5, "object-01", "ff/75/53/44/92/48/5e/ab/b3/9f/86/35/67/28/88/object-01"),
        (HASH_AND_ID, NO_TUPLES, "object-01", "object-01"),
        (HASHED, None, "object-01", f"3c0/ff4/240/{DIGEST}"),
        (
            HASHED,
            MD5 | {"shortObjectRoot": True},
            "object-01",
            "ff/75/53/44/92/48/5e/ab/b3/9f/86/35/67/28/88/4e",
        ),
        (HASHED, NO_TUPLES, "object-01", DIGEST),
    ],
)
def test_an_object_lies_where_the_extension_says(
    extension: str, config: dict[str, object] | None, identifier: str, path: str
) -> None:
    path_of = layout_of(extension, config)
    assert path_of is not None
    assert path_of(identifier) == path


@pytest.mark.parametrize(
    "config",
    [
        {"digestAlgorithm": "size"},
        {"digestAlgorithm": "crc32"},
        {"tupleSize": 33},
        {"tupleSize": 33, "numberOfTuples": 1},
        {"tupleSize": -1},
        {"tupleSize": 0},
        {"numberOfTuples": 0},
        {"tupleSize": 32, "numberOfTuples": 3},
        {"tupleSize": 1.5},
        {"shortObjectRoot": "yes"},
        [],
        "3/3",
    ],
    ids=str,
)
def test_an_impossible_configuration_is_refused(config: object) -> None:
    with pytest.raises(LayoutUnusable):
        layout_of(HASHED, config)


def test_a_layout_that_we_do_not_compute_is_none() -> None:
    assert layout_of("0007-n-tuple-omit-prefix-storage-layout", None) is None
