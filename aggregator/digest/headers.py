"""Mail headers, encoded so that every mail program shows them correctly.

The library's own way of folding loses the blank between an encoded word and a plain one, and lets encoded words grow
beyond the 75 characters that RFC 2047 allows.
"""

from __future__ import annotations

from email.header import Header
from email.headerregistry import Address, AddressHeader
from email.policy import EmailPolicy
from typing import Any

_LINE = 76  # characters, line end not counted: RFC 2047, 2
_SPECIAL = frozenset('()<>[]:;@\\,."')  # RFC 5322, 3.2.3


class MailPolicy(EmailPolicy):
    """The policy for mail over SMTP: a subject or a person's name is encoded as a whole, if it needs encoding."""

    def fold(self, name: str, value: Any) -> str:
        """Return a header as lines of text."""
        if isinstance(value, AddressHeader):
            return f"{name}: {_addresses(name, value.addresses)}{self.linesep}"
        if name.lower() == "subject":
            return f"{name}: {_text(str(value), len(name) + 2)}{self.linesep}"
        return str(super().fold(name, value))

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return a header as lines of bytes."""
        return self.fold(name, value).encode("ascii", "surrogateescape")


POLICY = MailPolicy(linesep="\r\n")


def _text(text: str, used: int) -> str:
    """Return a text in ASCII, folded; one that looks like an encoded word is encoded, so that no reader decodes it."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    # after a long header name the first line could have no space for a single character
    return Header(text, charset, maxlinelen=_LINE, header_name="x" * min(used, 40)).encode(linesep="\r\n")


def _addresses(name: str, addresses: tuple[Address, ...]) -> str:
    return ",\r\n ".join(_address(one, len(name) + 2) for one in addresses)


def _address(one: Address, used: int) -> str:
    shown = one.display_name
    if not shown:
        return str(one.addr_spec)
    if shown.isascii() and "=?" not in shown:
        if not _SPECIAL.isdisjoint(shown):
            quoted = shown.replace("\\", "\\\\").replace('"', '\\"')
            shown = f'"{quoted}"'
        return f"{shown} <{one.addr_spec}>"
    return f"{_text(shown, used)}\r\n <{one.addr_spec}>"
