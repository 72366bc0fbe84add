"""What must hold when damaged or unfinished objects are dealt with, and what is removed."""

from __future__ import annotations

from storage_backends.aside import ASIDE
from storage_backends.conformance.kit import (
    Behaviours,
    BrokenSource,
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
    InvalidKey,
    NotSetAside,
    ObjectNotFound,
    RemovalRefused,
    StorageBackend,
)
from storage_backends.sources import BytesSource

behaviour = Behaviours()
MENDING = behaviour.all

KEY = "ocfl/a18/object/v1/content/file.bin"


def _replace(store: StorageBackend, content: bytes, *, observed: bytes | None) -> None:
    store.replace_damaged(
        KEY,
        BytesSource(content),
        size_bytes=len(content),
        sha256=sha256(content),
        observed=None if observed is None else sha256(observed),
    )


@behaviour
def setting_aside_keeps_the_bytes_and_the_key(make: Make) -> None:
    store = make()
    put(store, KEY, b"damaged")
    aside = store.set_aside(KEY, reason="altered")
    true(aside.startswith(ASIDE), f"set aside at {aside}")
    same((get(store, aside), get(store, KEY)), (b"damaged", b"damaged"), "copy and original")


@behaviour
def what_is_set_aside_is_kept_with_its_hash_and_reason(make: Make) -> None:
    store = make()
    put(store, KEY, b"damaged")
    aside = store.set_aside(KEY, reason="audit 7 found it altered")
    true(sha256(b"damaged") in aside, f"no hash in {aside}")
    note = get(store, f"{aside}.json")
    true(b"audit 7 found it altered" in note, f"no reason in {note!r}")
    true(KEY.encode() in note, f"no key in {note!r}")


@behaviour
def setting_aside_twice_is_setting_aside_once(make: Make) -> None:
    store = make()
    put(store, KEY, b"damaged")
    first = store.set_aside(KEY, reason="altered")
    same(store.set_aside(KEY, reason="again"), first, "second set_aside")
    same(len(keys(store, ASIDE)), 2, "bytes and note under kho/set-aside/")


@behaviour
def setting_a_missing_key_aside_says_not_found(make: Make) -> None:
    with refused(ObjectNotFound, "setting aside a missing key"):
        make().set_aside("ocfl/missing", reason="absent")


@behaviour
def damaged_bytes_are_replaced_after_they_were_set_aside(make: Make) -> None:
    store = make()
    put(store, KEY, b"damaged")
    aside = store.set_aside(KEY, reason="altered")
    _replace(store, b"whole", observed=b"damaged")
    same((get(make(), KEY), get(make(), aside)), (b"whole", b"damaged"), "object and copy")


@behaviour
def damaged_bytes_that_were_not_set_aside_are_not_replaced(make: Make) -> None:
    store = make()
    put(store, KEY, b"damaged")
    with refused(NotSetAside, "replacing without setting aside"):
        _replace(store, b"whole", observed=b"damaged")
    same(get(store, KEY), b"damaged", "object after the refusal")


@behaviour
def bytes_set_aside_before_a_second_damage_do_not_allow_its_replacement(make: Make) -> None:
    store = make()
    put(store, KEY, b"damaged")
    store.set_aside(KEY, reason="altered")
    _replace(store, b"damaged twice", observed=b"damaged")
    with refused(NotSetAside, "replacing other bytes than were set aside"):
        _replace(store, b"whole", observed=b"damaged twice")


@behaviour
def an_object_that_changed_since_it_was_observed_is_not_replaced(make: Make) -> None:
    store = make()
    put(store, KEY, b"something else")
    store.set_aside(KEY, reason="altered")
    with refused(HeadConflict, "replacing what was not observed"):
        _replace(store, b"whole", observed=b"damaged")
    same(get(store, KEY), b"something else", "object after the refusal")


@behaviour
def an_object_that_can_be_read_again_is_not_replaced_as_unreadable(make: Make) -> None:
    store = make()
    put(store, KEY, b"readable after all")
    store.set_aside(KEY, reason="unreadable")
    with refused(HeadConflict, "replacing readable bytes as unreadable"):
        _replace(store, b"whole", observed=None)


@behaviour
def an_object_that_is_whole_already_stays_as_it_is(make: Make) -> None:
    store = make()
    put(store, KEY, b"whole")
    _replace(store, b"whole", observed=b"damaged")
    _replace(store, b"whole", observed=None)
    same(get(store, KEY), b"whole", "object")


@behaviour
def an_absent_object_is_put_back(make: Make) -> None:
    store = make()
    _replace(store, b"whole", observed=None)
    same(get(store, KEY), b"whole", "object")


@behaviour
def a_replacement_of_another_digest_is_refused(make: Make) -> None:
    store = make()
    put(store, KEY, b"damaged")
    store.set_aside(KEY, reason="altered")
    with refused(DigestMismatch, "replacing with bytes of another digest"):
        store.replace_damaged(
            KEY,
            BytesSource(b"wrong"),
            size_bytes=5,
            sha256=sha256(b"whole"),
            observed=sha256(b"damaged"),
        )
    same(get(store, KEY), b"damaged", "object after the refusal")


@behaviour
def a_process_that_dies_while_replacing_leaves_the_old_bytes(make: Make) -> None:
    store = make()
    put(store, KEY, b"damaged")
    store.set_aside(KEY, reason="altered")
    with refused(Interrupted, "dying inside a replacement"):
        store.replace_damaged(
            KEY,
            BrokenSource(b"who", Interrupted()),
            size_bytes=5,
            sha256=sha256(b"whole"),
            observed=sha256(b"damaged"),
        )
    same(get(make(), KEY), b"damaged", "object after the death of a mender")


@behaviour
def moving_aside_takes_everything_out_from_under_a_prefix(make: Make) -> None:
    store = make()
    for name in ("v1/a", "v2/content/a", "v2/content/b/c", "v2-x"):
        put(store, f"ocfl/o/{name}", name.encode())
    target = store.move_aside("ocfl/o/v2/", reason="uncommitted")
    same(keys(store, "ocfl/"), ["ocfl/o/v1/a", "ocfl/o/v2-x"], "what stays")
    same(keys(store, target), [f"{target}content/a", f"{target}content/b/c"], "what was moved")
    same(get(store, f"{target}content/b/c"), b"v2/content/b/c", "bytes that were moved")
    true(target.startswith(ASIDE) and target.endswith("/"), f"moved to {target}")


@behaviour
def moving_aside_leaves_no_empty_folders(make: Make) -> None:
    store = make()
    put(store, "ocfl/a/b/c/o/v1/x/y", b"1")
    store.move_aside("ocfl/a/b/c/o/", reason="uncommitted")
    same([(i.key, i.kind) for i in store.list("ocfl/")], [], "listing with strays")


@behaviour
def moving_aside_can_be_repeated(make: Make) -> None:
    store = make()
    put(store, "ocfl/o/v2/a", b"1")
    target = store.move_aside("ocfl/o/v2/", reason="uncommitted")
    same(store.move_aside("ocfl/o/v2/", reason="uncommitted"), target, "the repetition")
    same(get(store, f"{target}a"), b"1", "bytes")


@behaviour
def a_second_version_moved_aside_keeps_the_first_apart(make: Make) -> None:
    store = make()
    put(store, "ocfl/o/v2/a", b"first")
    first = store.move_aside("ocfl/o/v2/", reason="uncommitted")
    put(store, "ocfl/o/v2/a", b"second")
    second = store.move_aside("ocfl/o/v2/", reason="uncommitted")
    same((get(store, f"{first}a"), get(store, f"{second}a")), (b"first", b"second"), "bytes")


@behaviour
def a_key_moved_aside_is_free_again(make: Make) -> None:
    store = make()
    put(store, "ocfl/o/v2/a", b"first")
    store.move_aside("ocfl/o/v2/", reason="uncommitted")
    put(store, "ocfl/o/v2/a", b"second")
    same(get(store, "ocfl/o/v2/a"), b"second", "bytes")


@behaviour
def a_whole_root_is_not_moved_aside(make: Make) -> None:
    store = make()
    put(store, "ocfl/o/v1/a", b"1")
    for prefix in ("ocfl/", "kho/", "kho/set-aside/x/"):
        with refused(RemovalRefused, f"moving {prefix} aside"):
            store.move_aside(prefix, reason="by mistake")
    same(keys(store), ["ocfl/o/v1/a"], "listing after the refusals")


@behaviour
def abandoning_uploads_takes_nothing_that_is_visible(make: Make) -> None:
    store = make()
    put(store, "ocfl/o/v1/a", b"1")
    same(store.abandon_uploads("ocfl/o/"), 0, "unfinished uploads")
    same(store.abandon_uploads("ocfl/nothing/"), 0, "unfinished uploads")
    same(get(store, "ocfl/o/v1/a"), b"1", "bytes")


@behaviour
def sweeping_removes_claims_and_staging(make: Make) -> None:
    store = make()
    for key in ("kho/claims/a/v1", "kho/claims/ab/v1", "kho/staging/x/y"):
        put(store, key, b"1")
    store.sweep("kho/claims/a/")
    same(keys(store, "kho/"), ["kho/claims/ab/v1", "kho/staging/x/y"], "after one sweep")
    store.sweep("kho/claims/")
    store.sweep("kho/staging/")
    same(keys(store), [], "after all sweeps")


@behaviour
def sweeping_nothing_is_allowed(make: Make) -> None:
    store = make()
    store.sweep("kho/claims/nothing/")
    store.sweep("kho/staging/")
    same(keys(store), [], "listing after sweeping nothing")


@behaviour
def nothing_else_is_ever_removed(make: Make) -> None:
    store = make()
    put(store, "ocfl/a", b"1")
    put(store, "kho/journal/1.ndjson", b"1")
    for prefix in ("ocfl/", "kho/journal/", "kho/set-aside/", "kho/", "holding/x/"):
        with refused(RemovalRefused, f"sweeping {prefix}"):
            store.sweep(prefix)
    for prefix in ("", "kho/staging", "kho/staging/../../ocfl/"):
        with refused(RemovalRefused, f"sweeping {prefix!r}", InvalidKey):
            store.sweep(prefix)
    same(keys(store), ["kho/journal/1.ndjson", "ocfl/a"], "listing after the refusals")


@behaviour
def a_swept_claim_can_be_taken_again(make: Make) -> None:
    store = make()
    put(store, "kho/claims/o/v1", b"first")
    store.sweep("kho/claims/o/")
    put(store, "kho/claims/o/v1", b"second")
    same(get(store, "kho/claims/o/v1"), b"second", "claim")
