"""An entry is new unless there is proof that it is an old one; two that stand side by side are two."""

from __future__ import annotations
