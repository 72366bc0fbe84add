"""What must hold for keys: one rule on every store."""

from __future__ import annotations

from storage_backends.conformance.kit import Behaviours, Make, get, keys, put, refused, same
from storage_backends.interface import InvalidKey
from storage_backends.keys import content_paths

behaviour = Behaviours()
NAMING = behaviour.all

REFUSED = (
    "",
    "/a",
    "a/",
    "a//b",
    ".",
    "a/../b",
    "a/./b",
    "a/b.",
    "a b",
    "hồ-sơ",
    "a\\b",
    "a:b",
    "a\nb",
    "a\0b",
    "CON",
    "a/nul.txt",
    "a/Com1.tar.gz",
    "x" * 101,
    "/".join(["x" * 99] * 8),
)


@behaviour
def keys_that_some_store_cannot_hold_are_refused_when_writing(make: Make) -> None:
    store = make()
    for key in REFUSED:
        with refused(InvalidKey, f"putting at {key!r:.60}"):
            put(store, key, b"1")
        with refused(InvalidKey, f"putting a head at {key!r:.60}"):
            store.put_head(key, b"1", replaces=None)
    same(keys(store), [], "listing after refused keys")


@behaviour
def keys_that_some_store_cannot_hold_are_refused_when_reading(make: Make) -> None:
    store = make()
    for key in REFUSED:
        with refused(InvalidKey, f"opening {key!r:.60}"):
            get(store, key)
        with refused(InvalidKey, f"stat of {key!r:.60}"):
            store.stat(key)
        with refused(InvalidKey, f"reading a head at {key!r:.60}"):
            store.read_head(key)


@behaviour
def a_prefix_without_a_final_slash_is_refused(make: Make) -> None:
    store = make()
    for prefix in ("ocfl", "/", "ocfl//", "../", "a b/"):
        with refused(InvalidKey, f"listing {prefix!r}"):
            keys(store, prefix)
        with refused(InvalidKey, f"settling {prefix!r}"):
            store.settle(prefix)


@behaviour
def every_character_of_a_key_is_kept(make: Make) -> None:
    store = make()
    wanted = sorted(
        [
            "ocfl/0=ocfl_1.1",
            "ocfl/urn%3auuid%3aABC",
            "ocfl/%2F",
            "ocfl/~0123456789abcdef0123456789abcdef.pdf",
            "ocfl/-a",
            "ocfl/.hidden",
            "ocfl/a..b",
            "ocfl/...a",
            "ocfl/a~",
            "ocfl/console.txt",
        ]
    )
    for key in wanted:
        put(store, key, key.encode())
    same(keys(store, "ocfl/"), wanted, "listing")
    for key in wanted:
        same(get(store, key), key.encode(), f"content of {key}")


@behaviour
def the_longest_key_is_kept(make: Make) -> None:
    store = make()
    key = "/".join(["x" * 99] * 7)
    put(store, key, b"1")
    same((len(key), keys(store)), (699, [key]), "listing of a key of 699 bytes")
    same(get(store, key), b"1", "content")


@behaviour
def names_that_differ_only_in_case_are_kept_apart_by_their_content_paths(make: Make) -> None:
    store = make()
    places = content_paths(["A.pdf", "a.pdf", "Công văn.pdf", "con"], version=1)
    for name, place in places.items():
        put(store, f"ocfl/o/{place}", name.encode())
    folded = {key.casefold() for key in keys(store, "ocfl/o/")}
    same(len(folded), 4, "places after folding case")
    for name, place in places.items():
        same(get(store, f"ocfl/o/{place}"), name.encode(), f"content of {name}")
