"""The kinds of job a worker knows, and what each may use.

A kind maps to ``module:function`` inside the package ``preservation``; the child imports it
at the first job of that kind. A job is a pure function ``(file, params) -> dict`` over a
read-only binary stream; it returns plain JSON values (bytes become base64).
"""

from __future__ import annotations

from collections.abc import Mapping

from preservation.worker_frames import JobLimits

JOBS: Mapping[str, str] = {
    "second-opinion": "preservation.formats.job:second_opinion",
    "sheet": "preservation.formats.sheets.job:read",
    "signature": "preservation.signatures.job:examine",
    "validate": "preservation.formats.job:validate",
}

LIMITS: Mapping[str, JobLimits] = {
    # A Go runtime reserves far more addresses than it uses.
    "second-opinion": JobLimits(wall_s=30, cpu_s=30, memory_bytes=8 * 1024**3),
    "sheet": JobLimits(wall_s=120, cpu_s=90, memory_bytes=2 * 1024**3),
    "signature": JobLimits(wall_s=60, cpu_s=60, memory_bytes=1536 * 1024**2),
    "validate": JobLimits(wall_s=300, cpu_s=240, memory_bytes=3 * 1024**3),
}

DEFAULT_LIMITS = JobLimits()
