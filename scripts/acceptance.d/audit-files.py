"""Audits of 10,000, 100,000 and 1,000,000 files: memory does not grow with them.

The catalogue is real and on disk; the replica is made up as it is read (tests/kit/synthetic.py),
so that a million files cost no disk. Each audit is a process of its own, and looks at everything.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from kit.synthetic import make_synthetic  # noqa: E402 - found by the line above
from preservation.audit_items import AuditScope  # noqa: E402
from preservation.fixity import audit  # noqa: E402
from repository.archive import Repository  # noqa: E402
from schemas.moments import utc_now  # noqa: E402

BAR_MIB = 300


def child(files: int) -> None:
    """One archive is made and audited; the peak is that of both."""
    with tempfile.TemporaryDirectory() as folder:
        settings, store = make_synthetic(Path(folder), files=files)
        made_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started_s, cpu_s, opened = time.perf_counter(), time.process_time(), store.opened
        backends = {store.name: store}
        with Repository.open(settings, backends=backends, now=utc_now) as archive:
            result = audit(archive, AuditScope(everything=True), seed=1)
        if not result.is_trustworthy or not result.complete or result.damage:
            raise SystemExit(f"the audit went wrong: {result.canaries}")
        told = {
            "files": result.files,
            "opened": store.opened - opened,
            "wall_s": time.perf_counter() - started_s,
            "cpu_s": time.process_time() - cpu_s,
            "made_mib": made_kib / 1024,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "strays": result.unexpected,
        }
    print(json.dumps(told))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", default="10000,100000,1000000")
    parser.add_argument("--child", type=int, default=0)
    options = parser.parse_args()
    if options.child:
        child(options.child)
        return
    peaks = []
    for files in options.files.split(","):
        command = [sys.executable, __file__, "--child", files]
        ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        told = json.loads(ran.stdout.splitlines()[-1])
        peaks.append(told["peak_mib"])
        print(
            f"{told['files']:>9} files: peak {told['peak_mib']:4.0f} MiB"
            f" (making the archive: {told['made_mib']:.0f}), CPU {told['cpu_s']:.1f} s"
            f" ({told['cpu_s'] / told['files'] * 1e6:.0f} us each), {told['wall_s']:.1f} s,"
            f" {told['opened'] / told['files']:.3f} reads a file, strays {told['strays']}",
            flush=True,
        )
    if max(peaks) > BAR_MIB:
        raise SystemExit(f"more than {BAR_MIB} MiB")


if __name__ == "__main__":
    main()
