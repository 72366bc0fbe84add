"""``kho inspect bag``: whether folders are whole BagIt bags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kho.cli.command import command, json_option
from kho.cli.judged import Judged, Judgements, jsonl_option, judged, paths_argument, report_judged
from kho.cli.session import Session
from schemas.bag import bag_root, folder_tree, read_bag, subtree
from schemas.findings import Finding, Severity
from schemas.names import printable


@command("bag", code="CLI-INSPECT-BAG", printed=Judgements[Judged])
@paths_argument
@json_option
@jsonl_option
def inspect_bag(session: Session, paths: tuple[Path, ...], as_json: bool, as_lines: bool) -> int:
    """Each folder is judged as a bag by reading all of it."""

    def judgements() -> Iterator[Judged]:
        for path in paths:
            yield judged(session, printable(bytes(path)), bag_findings(path))

    return report_judged(session, judgements(), as_json=as_json, as_lines=as_lines)


def bag_findings(path: Path) -> tuple[Finding, ...]:
    """What is wrong with the bag in the folder, or in the one folder in it."""
    if not path.is_dir():
        return (Finding("CLI-INSPECT-BAG-NOT-A-FOLDER", Severity.ERROR),)
    tree = folder_tree(path)
    return read_bag(subtree(tree, bag_root(tree) or b"")).findings
