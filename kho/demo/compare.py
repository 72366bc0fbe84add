"""Comparing what came back with what was handed in: names as bytes, contents byte for byte."""

from __future__ import annotations

import filecmp
import os
import zipfile
from pathlib import Path


def differences(submitted: Path, restored: Path) -> list[str]:
    """What differs between a submission and its restored tree; empty when nothing does."""
    if submitted.is_dir():
        wanted = tree_of(submitted)
        return _missing_and_extra(set(wanted), set(tree_of(restored))) + [
            f"content: {os.fsdecode(name)}"
            for name, is_file in wanted.items()
            if is_file and not _equal(submitted, restored, name)
        ]
    return _zip_differences(submitted, restored)


def tree_of(folder: Path) -> dict[bytes, bool]:
    """Every file and every empty folder below ``folder`` by raw path; True for files."""
    root = os.fsencode(folder)
    found: dict[bytes, bool] = {}
    for path, folders, files in os.walk(root):
        base = os.path.relpath(path, root)
        if not folders and not files and base != b".":
            found[base] = False
        for name in files:
            found[os.path.normpath(os.path.join(base, name))] = True  # noqa: PTH118 - names are bytes
    return found


def _missing_and_extra(wanted: set[bytes], present: set[bytes]) -> list[str]:
    missing = [f"missing: {os.fsdecode(name)}" for name in sorted(wanted - present)]
    return missing + [f"extra: {os.fsdecode(name)}" for name in sorted(present - wanted)]


def _equal(submitted: Path, restored: Path, name: bytes) -> bool:
    ours, theirs = submitted / os.fsdecode(name), restored / os.fsdecode(name)
    return theirs.is_file() and filecmp.cmp(ours, theirs, shallow=False)


def _zip_differences(container: Path, restored: Path) -> list[str]:
    with zipfile.ZipFile(container) as archive:
        wanted = {info.filename.encode(): archive.read(info) for info in archive.infolist()}
    found = _missing_and_extra(set(wanted), set(tree_of(restored)))
    return found + [
        f"content: {name.decode()}"
        for name, content in wanted.items()
        if (restored / name.decode()).read_bytes() != content
    ]
