"""Another process at work on an archive: one that is killed, and one that is a rival.

    python other_process.py SETTINGS.json store NUMBER KILL_AT
    python other_process.py SETTINGS.json version AIP_ID WAIT_AT

``store`` takes in a small dossier and kills itself, with no chance to tidy up, before that call
on its stores (0: never). ``version`` builds the AIP's next version, says ``ready`` and waits for
a line; before call WAIT_AT (0: never) it says ``waiting`` and waits for another. What became of
it is one line of JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]


class Rival:
    """The other process as the test sees it."""

    def __init__(self, settings: Path, *arguments: str) -> None:
        command = [sys.executable, __file__, str(settings), *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def wait_for(self, word: str) -> None:
        """The process says so; it is waiting then."""
        assert self.process.stdout is not None
        said = self.process.stdout.readline().strip()
        if said != word:
            _out, errors = self.process.communicate()
            raise AssertionError(f"{said!r} instead of {word!r}: {errors[-2000:]}")

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def outcome(self) -> dict[str, Any]:
        """What it said at its end."""
        out, errors = self.process.communicate()
        lines = out.splitlines()
        assert lines, errors[-2000:]
        return dict(json.loads(lines[-1]))

    def die(self) -> int:
        """The signal or the exit code it ended with."""
        self.process.communicate()
        return self.process.returncode


def main(settings_file: str, verb: str, what: str, at: str) -> None:
    import msgspec

    from kit.archives import store
    from repository.archive import Repository
    from repository.settings import RepositorySettings
    from repository.versions import build_next
    from schemas.errors import KhoError
    from schemas.ids import AipId
    from storage_backends.faulty import FaultyBackend
    from storage_backends.registry import open_backend

    settings = msgspec.json.decode(Path(settings_file).read_bytes(), type=RepositorySettings)
    act = _kill if verb == "store" else _wait
    watch = _at_call(int(at), act)
    backends = {
        replica.name: FaultyBackend(
            open_backend(replica.name, replica.url, replica.options), before=watch
        )
        for replica in settings.replicas
    }
    with Repository.open(settings, backends=backends) as archive:
        if verb == "store":
            store(archive, files_of(int(what)))
            _say({"stored": True})
            return
        archive.prepare_to_write()
        with archive.submission_folder() as folder:
            added = {f"metadata/other/{archive._writer_id}.txt": archive._writer_id.encode()}
            build = build_next(archive, AipId(what), added, folder, message="của tôi")
            _wait("ready")
            watch.armed = True  # type: ignore[attr-defined]  # a function that counts
            try:
                archive.store(build)
            except KhoError as error:
                _say({"stored": False, "code": error.code, "exit_code": error.exit_code})
            else:
                _say({"stored": True})


def files_of(number: int) -> dict[bytes, bytes]:
    return {b"a.txt": b"van ban %d" % number, b"b/c.txt": b"phu luc %d" % number}


def _at_call(number: int, act: Callable[[], None]) -> Callable[[object], None]:
    lock = threading.Lock()
    calls = 0

    def watch(_call: object) -> None:
        nonlocal calls
        if not getattr(watch, "armed", act is _kill):
            return
        with lock:
            calls += 1
            if calls == number:
                act()

    return watch


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(word: str = "waiting") -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()
    sys.stdin.readline()


def _say(outcome: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(outcome) + "\n")


def run(arguments: Sequence[str]) -> None:
    main(*arguments)


if __name__ == "__main__":
    run(sys.argv[1:])
