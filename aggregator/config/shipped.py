"""Files shipped for other programs and for reading: defaults, systemd's unit, Datasette's description.

They live in ``config/`` at the top of the repository; the build maps that folder into the package.
"""

from __future__ import annotations

from pathlib import Path

from aggregator.exceptions import NotFoundError

_HERE = Path(__file__).parent
_FOLDERS = (_HERE / "data", _HERE.parents[1] / "config")  # as installed, and in a checkout


def shipped_folder() -> Path:
    """Return the folder with ``defaults.yaml``, ``aggregator.service`` and ``datasette.yaml``; NotFoundError without one."""
    for folder in _FOLDERS:
        if (folder / "defaults.yaml").is_file():
            return folder
    raise NotFoundError(f"{_FOLDERS[0]}: the files that come with the product are missing; install it again")
