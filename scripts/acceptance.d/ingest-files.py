"""One dossier of 20,000 files of 4 KiB into two replicas: files/s, peak memory, slope from 2,000.

Beside its floor in the same run (tests/kit/intake.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from kit.intake import fill, measure, options_of

LINE = "Căn cứ Luật Lưu trữ, Ủy ban nhân dân thành phố quyết định về hồ sơ số"


def make_source(folder: Path, files: int, size_bytes: int) -> None:
    """A folder of text files with contents of their own."""
    for number in range(files):
        path = folder / f"{number // 1000:03d}" / f"van-ban-{number:06d}.txt"
        fill(path, f"{LINE} {number:06d}.", size_bytes)


def main() -> None:
    """Prints a table of both sizes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--size-bytes", type=int, default=4096)
    options = options_of(parser, lambda source: [str(source), "--json"])
    rates = []
    for files in (options.files // 10, options.files):
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "ho so"
            make_source(source, files, options.size_bytes)
            found = measure(source)
        rates.append(found.ingest.seconds / files)
        per_second = f"{files / found.ingest.seconds:.0f} files/s"
        print(
            f"{files:>7} files of {options.size_bytes} bytes: {found.told(per_second)}",
            flush=True,
        )
    print(f"seconds per file at 10 times the size: {rates[1] / rates[0]:.2f} times")


if __name__ == "__main__":
    main()
