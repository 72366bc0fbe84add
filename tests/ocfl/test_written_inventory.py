"""Inventories that are streamed: the same meaning as any, one entry in each line."""

from __future__ import annotations

import io
import json

from hypothesis import given
from hypothesis import strategies as st

from repository.ocfl.inventory import ContentFile, User, decode_inventory
from repository.ocfl.written import Written, write_first_inventory
from schemas.digests import digests_of

CONTENTS = st.sampled_from([b"", b"a", b"b", b"c"])
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
FILES = st.dictionaries(NAMES, CONTENTS, min_size=1, max_size=12)


def content_files(contents: dict[str, bytes]) -> list[ContentFile]:
    """A file for each name; its content path is its place in the list."""
    return [
        ContentFile(name, f"v1/content/{number}", digests.sha256, digests.sha512)
        for number, (name, content) in enumerate(contents.items())
        if (digests := digests_of(content))
    ]


def written(files: list[ContentFile]) -> bytes:
    out = io.BytesIO()
    write_first_inventory(
        out, "urn:uuid:1", lambda: files, created="2026", message="vì sao", user=User(name="Kho")
    )
    return out.getvalue()


@given(FILES)
def test_every_file_is_found_at_the_first_content_that_is_equal(
    contents: dict[str, bytes],
) -> None:
    files = content_files(contents)
    inventory = decode_inventory(written(files), where="test")
    first: dict[str, str] = {}
    for file in files:
        first.setdefault(file.sha512, file.content_path)
    found = {path: (digest, content) for path, digest, content in inventory.logical_files()}
    assert found == {f.logical_path: (f.sha512, first[f.sha512]) for f in files}
    assert dict(inventory.content_files()) == {path: digest for digest, path in first.items()}
    assert inventory.sha256_by_content_path() == {
        f.content_path: f.sha256 for f in files if first[f.sha512] == f.content_path
    }
    assert inventory.versions["v1"].message == "vì sao"


def test_text_tools_see_one_entry_in_each_line() -> None:
    files = content_files({"Hồ sơ.txt": b"a", "b": b"b", "b again": b"b"})
    lines = written(files).decode().splitlines()
    for digest in {file.sha512 for file in files}:
        assert sum(f'"{digest}": ' in line for line in lines) == 2  # manifest and state
    assert json.loads("".join(lines))["head"] == "v1"


def test_what_is_written_is_known_by_its_digests() -> None:
    text = Written.of(b"inventory")
    assert (text.read(), text.size_bytes) == (b"inventory", 9)
    assert text.sidecar == f"{digests_of(b'inventory').sha512} inventory.json\n".encode()
