"""``python external_start.py CPU_S MEMORY_BYTES FILE_BYTES COMMAND…`` becomes that command.

The limits stand before the command begins, and its environment is empty. Run as a file by
``preservation.formats.external``: a limit set between fork and exec is not safe where there
are threads.
"""

from __future__ import annotations

import os
import resource
import sys

NOT_STARTED = 126
"""The exit code when the command cannot be started."""


def main() -> None:
    """Never returns."""
    names = (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE)
    wanted = dict(zip(names, map(int, sys.argv[1:4]), strict=True))
    for what, value in {**wanted, resource.RLIMIT_CORE: 0}.items():
        _, hard = resource.getrlimit(what)
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # At the hard limit the kernel kills without saying why: processor seconds have one more.
        one_more = what == resource.RLIMIT_CPU and (hard == resource.RLIM_INFINITY or least < hard)
        resource.setrlimit(what, (least, least + one_more))
    try:
        os.execve(sys.argv[4], sys.argv[4:], {})  # noqa: S606  what it is for
    except OSError as problem:
        sys.stderr.write(str(problem))
        os._exit(NOT_STARTED)


if __name__ == "__main__":
    main()
