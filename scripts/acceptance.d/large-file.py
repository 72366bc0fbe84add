"""One file of 1 GiB from submission to restore, in constant memory and byte for byte.

Peak memory of the whole life (init, ingest, audit, restore) in one process, at 64 MiB and at
the full size: constant means that the second is not much more than the first.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def make_file(path: Path, size_bytes: int) -> str:
    """Bytes that do not compress; their sha256."""
    digest = hashlib.sha256()
    with path.open("wb") as out:
        for _chunk in range(size_bytes // (1 << 20)):
            content = os.urandom(1 << 20)
            digest.update(content)
            out.write(content)
    return digest.hexdigest()


def life(size_bytes: int) -> dict[str, float]:
    """Seconds of each part and the peak, of a life in this process."""
    from kho.cli.edge import run

    seconds: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "nop").mkdir()
        expected = make_file(work / "nop" / "phim.bin", size_bytes)
        copies = [f"{name}={work / name},site={name}" for name in ("a", "b")]
        options = [part for copy in copies for part in ("--replica", copy)]
        archive, out = str(work / "archive"), str(work / "out")
        origin = (work / "b").as_uri()
        commands = {
            "init": ["init", archive, *options, "--accept-shared-failure-domain"],
            "ingest": ["-C", archive, "ingest", str(work / "nop")],
            "audit": ["-C", archive, "audit", "--all"],
            "restore": ["restore", "--all", "--from", origin, "--to", out, "--as", "submission"],
        }
        for name, command in commands.items():
            started = time.monotonic()
            if run(command):
                raise SystemExit(f"{name} failed")
            seconds[name] = time.monotonic() - started
        (restored,) = (work / "out").rglob("phim.bin")
        with restored.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != expected:
                raise SystemExit("the restored file differs")
    return {**seconds, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main() -> None:
    """Prints both lives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=1024)
    parser.add_argument("--child", type=int, default=0)
    options = parser.parse_args()
    if options.child:
        quiet = os.dup(1)
        os.dup2(2, 1)
        measured = life(options.child << 20)
        os.dup2(quiet, 1)
        print(json.dumps(measured))
        return
    for mebibytes in (64, options.mebibytes):
        command = [sys.executable, __file__, "--child", str(mebibytes)]
        run = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        measured = json.loads(run.stdout.splitlines()[-1])
        parts = ", ".join(
            f"{name} {value:.1f} s" for name, value in measured.items() if name != "peak_mib"
        )
        print(f"{mebibytes:>6} MiB: identical; {parts}; peak {measured['peak_mib']:.0f} MiB")


if __name__ == "__main__":
    main()
