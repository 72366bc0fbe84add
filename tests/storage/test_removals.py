"""Removal exists in two places: cleaning of staging and claims, and moving aside."""

import ast
from collections.abc import Iterator
from pathlib import Path

import storage_backends

REMOVALS = frozenset(
    ["unlink", "remove", "rmdir", "removedirs", "rmtree", "delete_object", "delete_objects",
     "delete", "delete_async", "abort_multipart_upload", "truncate", "ftruncate", "_forget"]
)  # fmt: skip
ALLOWED = {
    ("system.py", "unlink"): "the call itself",
    ("system.py", "rmdir"): "the call itself",
    ("staged.py", "discard"): "a staged file whose writer is done",
    ("local_disk.py", "locked"): "the lock file of a head, in staging",
    ("local_disk.py", "prune"): "folders, and only empty ones",
    ("local_mending.py", "_remove_leftover"): "sweep: staging and claims",
    ("bucket.py", "remove"): "S3: sweep, and the second half of moving aside",
    ("bucket.py", "abandon"): "S3: unfinished uploads, which were never visible",
    ("client.py", "make_client"): "sources of credentials that would ask a network",
    ("remote.py", "remove"): "SFTP: the call itself",
    ("remote.py", "prune"): "SFTP: folders, and only empty ones",
    ("upload.py", "discard"): "SFTP: a staged file whose writer is done",
    ("locks.py", "held"): "SFTP: the lock file of a head, in staging",
    ("locks.py", "_break_stale"): "SFTP: the lock file of a dead writer, in staging",
    ("store.py", "_move"): "S3: after the copy was re-read",
    ("store.py", "sweep"): "S3: staging and claims",
    ("mending.py", "sweep"): "SFTP: staging and claims",
    ("memory.py", "sweep"): "staging and claims",
    ("memory.py", "move_aside"): "after the bytes were kept elsewhere",
    ("memory.py", "damage"): "what tests and demos do to a store",
    ("memory.py", "power_cut"): "what a power cut does to a store",
}


def _removals(file: Path) -> Iterator[tuple[str, str]]:
    """(file, innermost function) of every mention of a removal, called or passed on."""

    def visit(node: ast.AST, function: str) -> Iterator[tuple[str, str]]:
        if isinstance(node, ast.FunctionDef):
            function = node.name
        if isinstance(node, ast.Attribute) and node.attr in REMOVALS:
            yield file.name, function
        if isinstance(node, ast.Name) and node.id in REMOVALS:
            yield file.name, function
        if isinstance(node, ast.Constant) and node.value in REMOVALS:
            yield file.name, function  # getattr(client, "delete_object")
        for child in ast.iter_child_nodes(node):
            yield from visit(child, function)

    return visit(ast.parse(file.read_text(encoding="utf-8")), "")


def _found(root: Path) -> set[tuple[str, str]]:
    return {place for file in root.rglob("*.py") for place in _removals(file)}


def test_removal_calls_stand_only_where_removal_is_allowed() -> None:
    root = Path(next(iter(storage_backends.__path__)))
    assert _found(root) - set(ALLOWED) == set()


def test_no_place_is_allowed_to_remove_without_doing_so() -> None:
    root = Path(next(iter(storage_backends.__path__)))
    assert set(ALLOWED) - _found(root) == set()


def test_a_planted_removal_is_found(tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(
        "import os\nimport shutil\n"
        "def tidy(p):\n    os.unlink(p)\n"
        "def hidden(p):\n    f = shutil.rmtree\n    f(p)\n"
        "def sly(c):\n    getattr(c, 'delete_object')()\n"
        "def innocent(d):\n    d.pop(1)\n"
    )
    assert _found(tmp_path) == {
        ("planted.py", "tidy"), ("planted.py", "hidden"), ("planted.py", "sly"),
    }  # fmt: skip
