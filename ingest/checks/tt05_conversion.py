"""Rules 132–135: the AIP that was made of a package, judged before any copy is written.

132 and 133 compare it with what was submitted; 134 and 135 judge it as a package, by the same
checks as anyone else's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ingest.checks.tt05_case import Case
from ingest.checks.tt05_package import Described, Tt05Package
from ingest.checks.tt05_rules import Mark, hit
from ingest.checks.tt05_tree import PackageFile

RULES = ("TT05-132", "TT05-133", "TT05-134", "TT05-135")


def converted(
    submitted: Tt05Package, built: Case, copies: Mapping[str, str], broken: Collection[str]
) -> Iterator[Mark]:
    """What is wrong with the AIP ``built`` from ``submitted``.

    ``copies`` say under which path of the AIP each submitted file was to be kept; ``broken``
    are the rules of weight that the AIP breaks as a package.
    """
    tree = built.package.tree
    yield from _bytes_kept(submitted, tree.files, copies)
    yield from _values_kept(submitted, built.package, copies)
    header = built.package.root.facts.header if built.package.root else None
    if header is None or header.oais_type != "AIP":
        yield hit("TT05-134", v=header.oais_type if header else "")
    if broken:
        yield hit("TT05-135", v=", ".join(sorted(broken)))


def _bytes_kept(
    submitted: Tt05Package, files: Mapping[str, PackageFile], copies: Mapping[str, str]
) -> Iterator[Mark]:
    """133: every submitted file is there, byte for byte; data where AIPs have data."""
    for path, file in submitted.tree.files.items():
        kept = files.get(copies.get(path, ""))
        if kept is None or kept.known_digests["sha256"] != file.known_digests["sha256"]:
            yield hit("TT05-133", path, p=path)


def _values_kept(
    submitted: Tt05Package, built: Tt05Package, copies: Mapping[str, str]
) -> Iterator[Mark]:
    """132: each value is in the AIP's own descriptive files, or in the copy of the submitted
    one; a file that is a copy of a damaged one keeps no value."""
    told = set(_values(built))
    for each in (*((submitted.ead,) if submitted.ead else ()), *submitted.records):
        copied = copies.get(each.path, "") in built.tree.files
        for name, value in each.content.fields:
            if value and value not in told and not copied:
                yield hit("TT05-132", each.path, n=name)


def _values(package: Tt05Package) -> Iterator[str]:
    described: tuple[Described, ...] = package.records
    if package.ead is not None:
        described = (package.ead, *described)
    for each in described:
        yield from (value for _, value in each.content.fields)
