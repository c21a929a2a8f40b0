"""The class of MinHash signatures; the only home of datasketch.

It is a module of its own, because threads wait while another thread imports a module: none sees it half loaded.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from datasketch import MinHash as MinHash


def _signature_class() -> type[MinHash]:
    """Import datasketch's MinHash without the rest of the package.

    Its ``__init__`` brings the LSH indexes and with them SciPy: half a second and 40 MB in every process that sketches,
    for nothing of which a signature has use. The package is left to be imported by others as usual.
    """
    spec = find_spec("datasketch")
    if spec is None or "datasketch" in sys.modules:
        from datasketch import MinHash

        return cast("type[MinHash]", MinHash)  # the library has no types
    sys.modules["datasketch"] = module_from_spec(spec)
    try:
        from datasketch.minhash import MinHash as Bare
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "datasketch"]:
            del sys.modules[name]
    return cast("type[MinHash]", Bare)


if not TYPE_CHECKING:
    MinHash = _signature_class()
