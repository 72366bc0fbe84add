"""S3 and what speaks its language: the door to boto3.

client.py    the client: credentials, certificates, time-outs
errors.py    what the store says, in Kho's words
bucket.py    the requests that are made
store.py     the backend contract
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping

from schemas.errors import ConfigError
from storage_backends.interface import StorageBackend
from storage_backends.s3.client import make_client
from storage_backends.s3.options import read_options, read_place
from storage_backends.s3.store import S3Store


class FastClientMissing(ConfigError):
    """``client = "fast"`` needs the extra ``fast``, which is not installed."""

    code = "S3-FAST-MISSING"


def open_store(
    name: str, url: str, options: Mapping[str, str | int | bool], *, create: bool = False
) -> StorageBackend:
    """The store at ``s3://bucket/prefix``, whose bucket answered.

    A bucket is never made, with ``create`` either: its place, its owner and its locks are the
    operator's to choose. ConfigError or AccessDenied say what is wrong, by distinct codes.
    """
    del create
    stated = read_options(name, options)
    place = read_place(name, url)
    client = make_client(name, stated)
    if stated.client == "fast":
        if importlib.util.find_spec("obstore") is None:
            raise FastClientMissing(backend=name)
        from storage_backends.s3_fast import FastS3Store

        store: S3Store = FastS3Store(name, client, place, stated)
    else:
        store = S3Store(name, client, place, stated)
    store.bucket.check()
    return store


__all__ = ["FastClientMissing", "S3Store", "open_store"]
