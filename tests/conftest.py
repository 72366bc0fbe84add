"""What holds for every test: no network, no private environment, repeatable examples."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from kit import network

pytest_plugins = ["kit.servers"]
GATE = pytest.StashKey[network.Gate]()
KEPT_VARIABLES = frozenset({"KHO_ORACLE_PYTHON", "KHO_SUITE"})
REMOVED_PREFIXES = ("KHO_", "AWS_", "XDG_")

hypothesis.settings.register_profile(
    "ci", derandomize=True, deadline=None, database=None, print_blob=True
)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--skips-file", help="write what was skipped, and why, to this file")


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("KHO_SUITE") == "installed":
        _refuse_the_checkout(config.rootpath)
    config.stash[GATE] = network.install()


def _refuse_the_checkout(root: Path) -> None:
    """scripts/test promises that what is tested is what was installed."""
    import schemas

    found = Path(str(schemas.__file__)).resolve()
    if found.parent.parent == root:
        raise pytest.UsageError(f"the suite was to run on the installed package, not on {found}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Opens the loopback interface around a whole test, fixtures of every scope included."""
    allowed = item.get_closest_marker("loopback") is not None
    with item.config.stash[GATE].allowing_loopback(allowed):
        return (yield)


@pytest.fixture
def gate(request: pytest.FixtureRequest) -> network.Gate:
    """The gate before the network, for tests about the gate."""
    return request.config.stash[GATE]


@pytest.fixture(autouse=True)
def _no_network(gate: network.Gate) -> Iterator[None]:
    """A refused socket fails the test even where the code under test swallowed the refusal."""
    gate.take_refused()
    yield
    if refused := gate.take_refused():
        pytest.fail(f"reached for the network: {', '.join(refused)}")


@pytest.fixture(scope="session")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, _home: Path) -> None:
    """No test sees the operator's settings, credentials or home."""
    for name in list(os.environ):
        if name.startswith(REMOVED_PREFIXES) and name not in KEPT_VARIABLES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(_home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """The skips, one test function a line, where ``--skips-file`` asked for them."""
    target = config.getoption("--skips-file")
    if not target:
        return
    lines = set()
    for report in terminalreporter.stats.get("skipped", []):
        where = report.nodeid.partition("[")[0]
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        lines.add(f"{where}: {reason.removeprefix('Skipped: ')}\n")
    Path(target).write_text("".join(sorted(lines)), encoding="utf-8")
