"""Runs inside the oracle environment: what ocfl-py says of a storage root or of objects.

    ocfl_check.py roots|objects FOLDER...

Prints one JSON document: a list with ``{"objects": n, "errors": […], "warnings": […]}`` for
each folder. ``ocfl-root.py validate`` exits 0 for invalid roots, so the structure
and each object are judged by themselves, with digests, and every message is taken.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any

from ocfl.storage_root import (  # type: ignore[import-not-found]  # the oracle environment's
    StorageRoot,
    StorageRootException,
)
from ocfl.validation_logger import ValidationLogger  # type: ignore[import-not-found]
from ocfl.validator import Validator  # type: ignore[import-not-found]

Answer = dict[str, Any]


def judge_object(path: str) -> Answer:
    """ocfl-py on one object, digests included."""
    validator = Validator(check_digests=True, log_warnings=True)
    try:
        passed = validator.validate_object(path)
    except Exception as error:  # noqa: BLE001 - a crash of the judge is a verdict too
        return {"objects": 1, "errors": [f"[crash] {error!r}"], "warnings": []}
    return said(1, validator.log.messages, passed)


def judge_root(path: str) -> Answer:
    """ocfl-py on a root's structure and on each of its objects."""
    log = ValidationLogger(log_warnings=True, log_errors=True)
    root = StorageRoot(root=path)
    root.log = log
    try:
        root.open_root_fs()
        root.check_root_structure()
        folders = list(root.object_paths())
    except StorageRootException as error:
        return {"objects": 0, "errors": [f"[{error.code}] {error}"], "warnings": []}
    except Exception as error:  # noqa: BLE001 - as above
        return {"objects": 0, "errors": [f"[crash] {error!r}"], "warnings": []}
    total = said(0, log.messages, root.num_traversal_errors == 0)
    for folder in folders:
        one = judge_object(f"{path}/{folder}")
        total["objects"] += 1
        for kind in ("errors", "warnings"):
            total[kind] += [f"{message} in {folder}" for message in one[kind]]
    return total


def said(objects: int, messages: list[str], passed: bool) -> Answer:
    """The messages by their weight; a rejection without a message is an error too."""
    warnings = [message for message in messages if re.match(r"\[W\d+", message)]
    errors = [message for message in messages if message not in warnings]
    if not passed and not errors:
        errors.append("[silent] rejected without a message")
    return {"objects": objects, "errors": errors, "warnings": warnings}


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    judge = {"roots": judge_root, "objects": judge_object}[sys.argv[1]]
    json.dump([judge(path) for path in sys.argv[2:]], sys.stdout)
