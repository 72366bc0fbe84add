"""The 78 packages of the nasty kind, each received by an archive: what became of it, and why.

Run by the project's own tests: this prints their table, and writes it to
docs/measurements/nasty-packages.md; it fails where one comes out otherwise than stated.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from tempfile import TemporaryDirectory

PROJECT = Path(__file__).resolve().parents[2]
TEST = "tests/spec/test_the_78_packages.py"
PAGE = PROJECT / "docs" / "measurements" / "nasty-packages.md"
HEAD = (
    "# What becomes of 78 nasty packages\n\n"
    "Made by `scripts/acceptance nasty-packages` from a run: each package is generated and "
    "received by a new archive with two replicas. The outcomes are stated in "
    "`tests/data/outcomes.toml`; *as stated* says that the run agreed. After each of them the "
    "staging folder was empty, nothing lay beside the package, holding and archive held exactly "
    "what the outcome says, and receiving it took less than 24 MiB of the process's own memory."
    "\n\n"
    "| No. | Package | Outcome | Finding that tells most | As stated |\n"
    "|---:|---|---|---|---|\n"
)


def results() -> dict[str, bool]:
    """Whether each package came out as stated, by its number and name."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", TEST, "-q", f"--junitxml={report}"]
        subprocess.run(command, cwd=PROJECT, check=False, stdout=subprocess.DEVNULL)
        cases = ET.parse(report).getroot().iter("testcase")
        return {
            case.get("name", "").partition("[")[2].rstrip("]"): len(case) == 0 for case in cases
        }


def main() -> int:
    """The table; 1 when a package came out otherwise."""
    found = results()
    stated = tomllib.loads((PROJECT / "tests" / "data" / "outcomes.toml").read_text())["package"]
    lines, wrong = [], 0
    for row in stated:
        held = found.get(f"{row['number']}-{row['name']}", False)
        wrong += not held
        code = f"`{row['code']}`" if row["code"] else "none"
        name = row["name"].replace("-", " ")
        lines.append(
            f"| {row['number']} | {name} | {row['outcome']} | {code} | {'yes' if held else 'NO'} |"
        )
    text = f"{HEAD}{chr(10).join(lines)}\n\n{len(stated) - wrong} of {len(stated)} as stated.\n"
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
