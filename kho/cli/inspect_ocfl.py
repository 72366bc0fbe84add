"""``kho inspect ocfl``: whether folders are valid OCFL objects or storage roots."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from kho.cli.command import command, json_option
from kho.cli.judged import Judged, Judgements, jsonl_option, judged, paths_argument, report_judged
from kho.cli.session import Session
from schemas.names import printable


@command("ocfl", code="CLI-INSPECT-OCFL", printed=Judgements[Judged])
@paths_argument
@json_option
@jsonl_option
def inspect_ocfl(session: Session, paths: tuple[Path, ...], as_json: bool, as_lines: bool) -> int:
    """Each object is judged, and each storage root with all of its objects."""
    from repository.ocfl.validator import inspect

    def judgements() -> Iterator[Judged]:
        for path in paths:
            for found in inspect.inspect_ocfl(path):
                yield judged(session, printable(os.fsencode(found.path)), found.findings)

    return report_judged(session, judgements(), as_json=as_json, as_lines=as_lines)
