"""docs/measurements/forty-faults.md and the tests beside this one say the same."""

from __future__ import annotations

import re

from kit.oracles import PROJECT

TABLE = PROJECT / "docs" / "measurements" / "forty-faults.md"
TEST = r"^def (test_\d\d_\w+)"
ROW = r"^\| (\d+) \|(.*)$"


def test_each_of_the_forty_faults_has_a_row_and_each_row_the_tests_it_names() -> None:
    written = {
        name: int(name[5:7])
        for file in (PROJECT / "tests" / "faults").glob("test_faults_*.py")
        for name in re.findall(TEST, file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named: dict[str, int] = {}
    numbers = []
    for row in re.findall(ROW, TABLE.read_text(encoding="utf-8"), re.MULTILINE):
        numbers.append(int(row[0]))
        named |= dict.fromkeys(re.findall(r"`(test_\w+)`", row[1].rsplit("|", 2)[1]), int(row[0]))
    assert numbers == list(range(1, 41))
    assert named == written
