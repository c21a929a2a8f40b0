"""Parses XML text into elements; the only module that uses ElementTree's parser.

Expat fetches nothing, and document types are removed before parsing, so there are no entities to expand.
"""

from __future__ import annotations

import html
from xml.etree.ElementTree import Element, ParseError, XMLParser

from aggregator.parsing.repair import without_doctype

MAX_DEPTH = 200  # nested elements that are written out as markup
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)


class XmlError(ValueError):
    """Text that is not well-formed XML; the message says what and where."""


def read_tree(text: str) -> Element:
    """Return the root element of an XML document; raises XmlError."""
    parser = XMLParser()  # noqa: S314  no document type reaches it, see above
    try:
        parser.feed(without_doctype(text))
        root = parser.close()
    except ParseError as error:
        raise XmlError(str(error)) from None
    except (ValueError, UnicodeError) as error:
        raise XmlError(f"unreadable characters: {error}") from None
    if not isinstance(root, Element):
        raise XmlError("no element found")
    return root


def xhtml_markup(element: Element) -> str:
    """Return the markup inside an element of Atom's type xhtml, without the one div that wraps it."""
    children = list(element)
    lone = len(children) == 1 and not (element.text or "").strip() and not (children[0].tail or "").strip()
    if lone and isinstance(children[0].tag, str):
        name = local_name(children[0].tag)
        return (inner_markup(children[0]) if name == "div" else outer_markup(children[0])).strip()
    return inner_markup(element).strip()


def inner_markup(element: Element, depth: int = 0) -> str:
    """Return the content of an element as HTML, without namespaces and comments."""
    parts = [html.escape(element.text or "", quote=False)]
    for child in element:
        if isinstance(child.tag, str):
            parts.append(outer_markup(child, depth + 1))
        parts.append(html.escape(child.tail or "", quote=False))
    return "".join(parts)


def outer_markup(element: Element, depth: int = 0) -> str:
    """Return an element as HTML, without namespaces; below MAX_DEPTH only its text."""
    name = local_name(element.tag)
    if depth > MAX_DEPTH:
        return html.escape("".join(element.itertext()), quote=False)
    attributes = "".join(f' {local_name(key)}="{html.escape(value)}"' for key, value in element.attrib.items())
    if name in _VOID:
        return f"<{name}{attributes}>"
    return f"<{name}{attributes}>{inner_markup(element, depth)}</{name}>"


def local_name(tag: str) -> str:
    """Return a tag or attribute name without its namespace."""
    return tag.rpartition("}")[2]
