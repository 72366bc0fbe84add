"""Text on its way into XML: characters it can hold, names it cannot, and hrefs.

XML 1.0 has no way to write most control characters, lone surrogates, U+FFFE and U+FFFF
(XML 1.0 §2.2 *Char*). A title may lose such a character; a file name may not, so names are
percent-encoded and say so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

_UNHOLDABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_PLAIN = re.compile("[^\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HREF_SAFE = "/!$&'()*+,;=@"

PERCENT_ENCODED = "percent-encoded bytes (RFC 3986)"
"""What a written name that is not its own plain text says of itself."""


def is_xml_text(text: str) -> bool:
    """Whether XML 1.0 can hold every character of ``text``."""
    return _UNHOLDABLE.search(text) is None


def xml_safe(text: str) -> str:
    """``text`` with every character XML 1.0 cannot hold replaced by U+FFFD.

    For titles, notes and other prose; names go through :func:`write_name`.
    """
    return _UNHOLDABLE.sub("\ufffd", text)


def encode_href(path: str) -> str:
    """The RFC 3986 relative reference that names ``path``; :func:`decode_href` gives it back.

    UTF-8, percent-encoded; ``/`` separates segments. A colon is encoded too, because in a
    first segment it would read as a scheme (RFC 3986 §4.2).
    """
    return quote(path.encode("utf-8", "surrogateescape"), safe=_HREF_SAFE)


def decode_href(href: str) -> str:
    """The path an href names; bytes that are not UTF-8 come back as lone surrogates.

    A ``%`` that starts no escape stays as it is: other writers forget to encode it.
    """
    return unquote_to_bytes(href).decode("utf-8", "surrogateescape")


@dataclass(frozen=True, slots=True)
class WrittenName:
    """A file name as XML holds it; ``encoded`` says that ``text`` is percent-encoded."""

    text: str
    encoded: bool


def write_name(name: str | bytes) -> WrittenName:
    """The written form of a name as received; :func:`read_name` gives its bytes back.

    Encoded when it is not UTF-8, when XML cannot hold it, or when a careful reader could
    still lose part of it: tabs and line ends, spaces at either end.
    """
    raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return WrittenName(quote(raw, safe="/"), encoded=True)
    if _NOT_PLAIN.search(text) or text != text.strip():
        return WrittenName(quote(raw, safe="/"), encoded=True)
    return WrittenName(text, encoded=False)


def read_name(text: str, *, encoded: bool) -> bytes:
    """The bytes of the name that :func:`write_name` wrote."""
    if encoded:
        return unquote_to_bytes(text)
    return text.encode("utf-8", "surrogateescape")
