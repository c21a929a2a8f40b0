"""Inlining of CSS into elements, since mail programs drop parts of <style>."""

from __future__ import annotations

import css_inline

# Rules for the screen's width, its colours and for print cannot stand in an element; they stay where they are. Nothing is loaded.
_INLINER = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def inlined(html: str) -> str:
    """Return a whole page with its style rules in its elements; the page itself where they cannot be read."""
    try:
        return _INLINER.inline(html)
    except (ValueError, css_inline.InlineError):
        return html
