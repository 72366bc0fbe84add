"""What must hold when a store is written to."""

from __future__ import annotations

from storage_backends.conformance.kit import (
    Behaviours,
    BrokenSource,
    CountingSource,
    EndlessSource,
    Interrupted,
    Make,
    get,
    keys,
    put,
    refused,
    same,
    sha256,
    true,
)
from storage_backends.interface import (
    DigestMismatch,
    HeadConflict,
    HeadToken,
    ObjectExists,
    ObjectNotFound,
    SourceFailed,
)
from storage_backends.sources import BytesSource

behaviour = Behaviours()
WRITING = behaviour.all

KEY = "ocfl/a18/9ab/object/v1/content/file.bin"


@behaviour
def a_new_store_lists_nothing(make: Make) -> None:
    same(keys(make()), [], "listing of a new store")


@behaviour
def what_was_put_can_be_read(make: Make) -> None:
    store = make()
    put(store, KEY, b"v\xc4\x83n b\xe1\xba\xa3n")
    same(get(store, KEY), b"v\xc4\x83n b\xe1\xba\xa3n", "content")


@behaviour
def what_was_put_is_there_for_a_second_handle(make: Make) -> None:
    put(make(), KEY, b"content")
    same(get(make(), KEY), b"content", "content through another handle")


@behaviour
def an_empty_object_can_be_put(make: Make) -> None:
    store = make()
    put(store, KEY, b"")
    same((get(store, KEY), store.stat(KEY).size_bytes), (b"", 0), "empty object")


@behaviour
def an_object_of_several_chunks_can_be_put(make: Make) -> None:
    content = bytes(range(256)) * 12_345
    store = make()
    put(store, KEY, content)
    same(sha256(get(store, KEY)), sha256(content), "digest of 3 MB")


@behaviour
def every_byte_value_survives(make: Make) -> None:
    content = b"\r\n\0\x1a\xff" + bytes(range(256))
    store = make()
    put(store, KEY, content)
    same(get(store, KEY), content, "bytes")


@behaviour
def putting_an_existing_key_is_refused(make: Make) -> None:
    store = make()
    put(store, KEY, b"first")
    with refused(ObjectExists, "putting other bytes at a taken key"):
        put(store, KEY, b"second")
    same(get(store, KEY), b"first", "the object after a refused put")


@behaviour
def putting_the_same_bytes_again_is_refused_too(make: Make) -> None:
    store = make()
    put(store, KEY, b"first")
    with refused(ObjectExists, "putting the same bytes again"):
        put(store, KEY, b"first")


@behaviour
def bytes_of_another_digest_are_refused(make: Make) -> None:
    store = make()
    with refused(DigestMismatch, "putting bytes of another digest"):
        store.put_new(KEY, BytesSource(b"abc"), size_bytes=3, sha256=sha256(b"abd"))
    same(keys(store, "ocfl/"), [], "listing after a digest mismatch")


@behaviour
def a_source_shorter_than_it_says_is_refused(make: Make) -> None:
    store = make()
    with refused(DigestMismatch, "putting three bytes named as four"):
        store.put_new(KEY, BytesSource(b"abc"), size_bytes=4, sha256=sha256(b"abc"))
    same(keys(store, "ocfl/"), [], "listing after a source that was too short")


@behaviour
def a_source_longer_than_it_says_is_refused(make: Make) -> None:
    store = make()
    with refused(DigestMismatch, "putting three bytes named as two"):
        store.put_new(KEY, BytesSource(b"abc"), size_bytes=2, sha256=sha256(b"ab"))
    same(keys(store, "ocfl/"), [], "listing after a source that was too long")


@behaviour
def an_endless_source_is_not_read_to_its_end(make: Make) -> None:
    store = make()
    source = EndlessSource()
    with refused(DigestMismatch, "putting an endless source named as ten bytes"):
        store.put_new(KEY, source, size_bytes=10, sha256=sha256(b"\0" * 10))
    true(source.taken_bytes <= 2**20 * 17, f"took {source.taken_bytes} bytes of ten")


@behaviour
def a_source_that_fails_leaves_nothing_visible(make: Make) -> None:
    store = make()
    source = BrokenSource(b"abc", OSError(5, "the submission's disk"))
    with refused(SourceFailed, "putting from a source that fails"):
        store.put_new(KEY, source, size_bytes=6, sha256=sha256(b"abcdef"))
    same(keys(store, "ocfl/"), [], "listing after the source failed")


@behaviour
def a_process_that_dies_while_putting_leaves_nothing_visible(make: Make) -> None:
    source = BrokenSource(b"abc", Interrupted())
    with refused(Interrupted, "dying inside a put"):
        make().put_new(KEY, source, size_bytes=6, sha256=sha256(b"abcdef"))
    after = make()
    same(keys(after, "ocfl/"), [], "listing after the death of a writer")
    with refused(ObjectNotFound, "opening what was never put"):
        get(after, KEY)
    put(after, KEY, b"abcdef")
    same(get(after, KEY), b"abcdef", "the object put by the next writer")


@behaviour
def a_refused_put_can_be_repeated_with_the_right_bytes(make: Make) -> None:
    store = make()
    with refused(DigestMismatch, "putting bytes of another digest"):
        store.put_new(KEY, BytesSource(b"abc"), size_bytes=3, sha256=sha256(b"abd"))
    put(store, KEY, b"abd")
    same(get(store, KEY), b"abd", "the object after the repetition")


@behaviour
def a_source_is_opened_anew_for_each_put(make: Make) -> None:
    store = make()
    source = CountingSource(b"twice")
    for name in ("a", "b"):
        store.put_new(f"ocfl/{name}", source, size_bytes=5, sha256=sha256(b"twice"))
    same((get(store, "ocfl/a"), get(store, "ocfl/b")), (b"twice", b"twice"), "both objects")
    true(source.opened >= 2, "the second put used up the first one's stream")


@behaviour
def settling_a_prefix_without_keys_is_allowed(make: Make) -> None:
    store = make()
    store.settle("ocfl/nothing/here/")
    store.settle("")
    same(keys(store), [], "listing after settling nothing")


@behaviour
def settled_objects_are_still_there(make: Make) -> None:
    store = make()
    put(store, KEY, b"kept")
    store.settle("ocfl/a18/9ab/object/")
    store.settle("ocfl/")
    same(get(make(), KEY), b"kept", "object after settling")


@behaviour
def a_head_is_created_when_there_was_none(make: Make) -> None:
    store = make()
    store.put_head("ocfl/o/inventory.json", b"one", replaces=None)
    same(store.read_head("ocfl/o/inventory.json")[0], b"one", "head")


@behaviour
def a_head_is_not_created_over_another(make: Make) -> None:
    store = make()
    store.put_head("ocfl/o/inventory.json", b"one", replaces=None)
    with refused(HeadConflict, "creating a head that exists"):
        store.put_head("ocfl/o/inventory.json", b"two", replaces=None)
    same(store.read_head("ocfl/o/inventory.json")[0], b"one", "head after the conflict")


@behaviour
def a_head_is_replaced_by_whoever_read_it(make: Make) -> None:
    store = make()
    store.put_head("ocfl/o/inventory.json", b"one", replaces=None)
    _content, token = store.read_head("ocfl/o/inventory.json")
    store.put_head("ocfl/o/inventory.json", b"two", replaces=token)
    same(make().read_head("ocfl/o/inventory.json")[0], b"two", "head after its replacement")


@behaviour
def a_head_changed_by_somebody_else_is_not_replaced(make: Make) -> None:
    mine, theirs = make(), make()
    mine.put_head("ocfl/o/inventory.json", b"one", replaces=None)
    _content, token = mine.read_head("ocfl/o/inventory.json")
    theirs.put_head("ocfl/o/inventory.json", b"theirs", replaces=token)
    with refused(HeadConflict, "replacing a head with an old token"):
        mine.put_head("ocfl/o/inventory.json", b"mine", replaces=token)
    same(mine.read_head("ocfl/o/inventory.json")[0], b"theirs", "head after the conflict")


@behaviour
def a_head_that_vanished_is_not_replaced(make: Make) -> None:
    store = make()
    store.put_head("ocfl/o/a/inventory.json", b"one", replaces=None)
    _content, token = store.read_head("ocfl/o/a/inventory.json")
    with refused(HeadConflict, "replacing a head that does not exist"):
        store.put_head("ocfl/o/b/inventory.json", b"two", replaces=token)
    same(keys(store, "ocfl/o/b/"), [], "listing after the conflict")


@behaviour
def a_token_from_nowhere_replaces_nothing(make: Make) -> None:
    store = make()
    store.put_head("ocfl/o/inventory.json", b"one", replaces=None)
    with refused(HeadConflict, "replacing a head with an invented token"):
        store.put_head("ocfl/o/inventory.json", b"two", replaces=HeadToken("invented"))


@behaviour
def a_head_is_an_object_like_any_other(make: Make) -> None:
    store = make()
    store.put_head("ocfl/o/inventory.json", b"one", replaces=None)
    same(get(store, "ocfl/o/inventory.json"), b"one", "head read as an object")
    same(keys(store, "ocfl/o/"), ["ocfl/o/inventory.json"], "listing with a head")
    with refused(ObjectExists, "putting an object where a head is"):
        put(store, "ocfl/o/inventory.json", b"two")


@behaviour
def an_object_can_be_read_as_a_head(make: Make) -> None:
    store = make()
    put(store, "ocfl/o/v1/inventory.json", b"one")
    content, token = store.read_head("ocfl/o/v1/inventory.json")
    same(content, b"one", "content")
    store.put_head("ocfl/o/v1/inventory.json", b"two", replaces=token)
    same(get(store, "ocfl/o/v1/inventory.json"), b"two", "object after its replacement")
