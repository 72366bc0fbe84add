"""The bytes of an S3 object as they come; a break says what it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError
from urllib3.exceptions import HTTPError

from schemas.errors import KhoError
from storage_backends.streams import ReadingStream


class ObjectStream(ReadingStream):
    """A raw stream over the body of an answer; ``meaning`` turns a break into Kho's error."""

    def __init__(self, body: Any, offset: int, meaning: Callable[[Exception, int], KhoError]):
        super().__init__()
        self._body = body
        self._position = offset
        self._meaning = meaning

    def read(self, size: int = -1, /) -> bytes:
        if size == 0:
            return b""
        try:
            chunk: bytes = self._body.read(None if size < 0 else size)
        except (BotoCoreError, HTTPError, OSError) as error:
            raise self._meaning(error, self._position) from error
        self._position += len(chunk)
        return chunk

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()
