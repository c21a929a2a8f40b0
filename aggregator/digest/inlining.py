"""Inlines CSS into elements, because mail programs drop parts of <style>."""

from __future__ import annotations

import css_inline

# Rules for screen widths, colour schemes and print cannot be inlined and stay in <style>. Nothing is loaded.
_INLINER = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False)


def inlined(html: str) -> str:
    """Return a whole page with its style rules inlined; the unchanged page if they cannot be read."""
    try:
        return _INLINER.inline(html)
    except (ValueError, css_inline.InlineError):
        return html
