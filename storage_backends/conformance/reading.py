"""What must hold when a store is read and listed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from storage_backends.conformance.kit import (
    Behaviours,
    Make,
    get,
    keys,
    put,
    refused,
    same,
    sha256,
    true,
)
from storage_backends.interface import ObjectNotFound, WrongEntryType
from storage_backends.reading import ReadRequest, read_digests

behaviour = Behaviours()
READING = behaviour.all


@behaviour
def opening_a_missing_key_says_not_found(make: Make) -> None:
    with refused(ObjectNotFound, "opening a missing key"):
        get(make(), "ocfl/missing")


@behaviour
def asking_about_a_missing_key_says_not_found(make: Make) -> None:
    with refused(ObjectNotFound, "stat of a missing key"):
        make().stat("ocfl/missing")


@behaviour
def reading_a_missing_head_says_not_found(make: Make) -> None:
    with refused(ObjectNotFound, "reading a missing head"):
        make().read_head("ocfl/missing")


@behaviour
def a_folder_on_the_way_to_an_object_is_not_an_object(make: Make) -> None:
    store = make()
    put(store, "ocfl/a/b", b"1")
    for ask in (store.stat, store.read_head, lambda key: get(store, key)):
        with refused(ObjectNotFound, "reading the way to an object", WrongEntryType):
            ask("ocfl/a")


@behaviour
def nothing_is_found_below_an_object(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"1")
    with refused(ObjectNotFound, "opening below an object"):
        get(store, "ocfl/a/b")


@behaviour
def the_size_of_an_object_is_known(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"12345")
    info = store.stat("ocfl/a")
    same((info.key, info.size_bytes, info.kind), ("ocfl/a", 5, "file"), "stat")


@behaviour
def reading_may_begin_in_the_middle(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"0123456789")
    same(get(store, "ocfl/a", offset=7), b"789", "bytes from offset 7")


@behaviour
def reading_at_or_behind_the_end_gives_no_bytes(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"0123456789")
    same(get(store, "ocfl/a", offset=10), b"", "bytes from the end on")
    same(get(store, "ocfl/a", offset=999), b"", "bytes from behind the end")


@behaviour
def reading_an_empty_object_gives_no_bytes(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"")
    same(get(store, "ocfl/a", offset=0), b"", "bytes of an empty object")
    same(get(store, "ocfl/a", offset=1), b"", "bytes from behind an empty object")


@behaviour
def a_stream_gives_no_more_than_was_asked_for(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"0123456789")
    with store.open("ocfl/a") as stream:
        pieces = []
        while piece := stream.read(3):
            true(len(piece) <= 3, f"asked for 3 bytes, got {len(piece)}")
            pieces.append(piece)
    same(b"".join(pieces), b"0123456789", "pieces put together")


@behaviour
def two_streams_of_one_object_do_not_disturb_each_other(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"0123456789")
    with store.open("ocfl/a") as one, store.open("ocfl/a") as two:
        first = one.read(4)
        same(two.read(2), b"01", "start of the second stream")
        rest = b""
        while piece := one.read(4):
            rest += piece
    same(first + rest, b"0123456789", "first stream")


@behaviour
def a_stream_left_early_harms_nothing(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"x" * 300_000)
    with store.open("ocfl/a") as stream:
        same(stream.read(1), b"x", "first byte")
    same(len(get(store, "ocfl/a")), 300_000, "size read afterwards")


@behaviour
def the_reading_engine_hashes_every_object(make: Make) -> None:
    store = make()
    contents = {f"ocfl/e/f{n}": bytes([n]) * (n * 1000) for n in range(9)}
    for key, content in contents.items():
        put(store, key, content)
    results = list(read_digests(store, (ReadRequest(key) for key in contents)))
    same(
        sorted((r.key, r.size_bytes, r.digest, r.error) for r in results),
        sorted((k, len(c), sha256(c), None) for k, c in contents.items()),
        "results",
    )


@behaviour
def the_reading_engine_tells_absent_from_present(make: Make) -> None:
    store = make()
    put(store, "ocfl/there", b"1")
    requests = [ReadRequest("ocfl/there"), ReadRequest("ocfl/gone")]
    errors = {r.key: type(r.error) for r in read_digests(store, requests)}
    same(errors, {"ocfl/there": type(None), "ocfl/gone": ObjectNotFound}, "errors by key")


@behaviour
def listing_gives_every_object_once(make: Make) -> None:
    store = make()
    wanted = sorted(f"ocfl/{n % 7}/{n % 3}/f{n}" for n in range(60))
    for key in wanted:
        put(store, key, key.encode())
    same(keys(store), wanted, "listing of everything")


@behaviour
def listing_gives_every_size(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"12345")
    put(store, "ocfl/b/c", b"")
    found = sorted((i.key, i.size_bytes, i.kind) for i in store.list("ocfl/"))
    same(found, [("ocfl/a", 5, "file"), ("ocfl/b/c", 0, "file")], "listing")


@behaviour
def listing_a_missing_prefix_gives_nothing(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"1")
    same(keys(store, "holding/"), [], "listing of a missing prefix")
    same(keys(store, "ocfl/a/"), [], "listing below an object")


@behaviour
def a_prefix_ends_at_a_segment(make: Make) -> None:
    store = make()
    for key in ("x/a/1", "x/a-b/1", "x/a.b/1", "x/ab", "x/a1/b/c"):
        put(store, key, b"1")
    same(keys(store, "x/a/"), ["x/a/1"], "listing of x/a/")
    same(keys(store, "x/a-b/"), ["x/a-b/1"], "listing of x/a-b/")


@behaviour
def siblings_that_sort_around_the_slash_are_all_listed(make: Make) -> None:
    store = make()
    wanted = ["x/a", "x/a-b", "x/a.b", "x/a0", "x/b/c", "x/b-c"]
    for key in wanted:
        put(store, key, b"1")
    same(keys(store, "x/"), sorted(wanted), "listing of siblings")


@behaviour
def listing_goes_on_past_one_page(make: Make) -> None:
    store = make()
    wanted = sorted(f"ocfl/many/{n:04}" for n in range(1_100))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: put(store, key, b""), wanted))
    same(keys(store, "ocfl/many/"), wanted, "listing of 1100 objects")


@behaviour
def what_was_just_put_is_listed(make: Make) -> None:
    writer, reader = make(), make()
    for number in range(5):
        put(writer, f"ocfl/{number}", b"1")
        true(f"ocfl/{number}" in keys(reader, "ocfl/"), f"object {number} is not listed yet")
