"""The OCFL validator: independent of whatever wrote the object (design §4, promise 4).

It shares no code with the writer, on purpose: a misreading of the specification in one of them
shows in the other.
"""

from repository.ocfl.validator.inspect import inspect_backend, inspect_ocfl, inspect_tree
from repository.ocfl.validator.object import validate_object
from repository.ocfl.validator.report import Limits, OcflReport
from repository.ocfl.validator.root import validate_root
from repository.ocfl.validator.tree import BackendTree, Entry, LocalTree, Tree

__all__ = [
    "BackendTree",
    "Entry",
    "Limits",
    "LocalTree",
    "OcflReport",
    "Tree",
    "inspect_backend",
    "inspect_ocfl",
    "inspect_tree",
    "validate_object",
    "validate_root",
]
