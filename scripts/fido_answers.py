"""Writes what stock fido says of the skeleton corpus, for the suite to compare with.

    python scripts/fido_answers.py [SKELETONS.tar.gz] > tests/data/fido-answers.tsv

A skeleton's name holds its PUID. Files that fido answers with just that PUID, by signature
in ``fmt`` and ``x-fmt``, by container in ``containers``, are only counted; every other answer
is one line: file, method, PUIDs (each once, in fido's order).
"""

from __future__ import annotations

import os
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from preservation.formats.fido_adapter import FidoAdapter

SKELETONS = Path(__file__).resolve().parents[2] / "shared/corpora/pronom-skeletons.tar.gz"


def main() -> None:
    source = Path(sys.argv[1]) if len(sys.argv) > 1 else SKELETONS
    adapter = FidoAdapter()
    plain = 0
    lines = []
    with tempfile.TemporaryDirectory() as folder, tarfile.open(source) as archive:
        archive.extractall(folder, filter="data")
        for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            found = adapter.identify(os.fsencode(path))
            puids = list(dict.fromkeys(found.puids))
            kind, number = re.match(r"(x-fmt|fmt)-(\d+)", path.name).groups()  # type: ignore[union-attr]
            method = "container" if path.parent.name == "containers" else "signature"
            if (puids, found.method) == ([f"{kind}/{number}"], method):
                plain += 1
            else:
                lines.append(f"{path.name}\t{found.method}\t{' '.join(puids)}")
    print(f"# {adapter.signature_set}; made by scripts/fido_answers.py")
    print(f"# {plain} more files: the PUID of their name, by the method of their folder")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
