"""The class of MinHash signatures, and the only module that imports datasketch.

It is a module of its own because the import lock of a module makes other threads wait, so that none sees it half loaded.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from datasketch import MinHash as MinHash


def _signature_class() -> type[MinHash]:
    """Import datasketch's MinHash without the rest of the package.

    Its ``__init__`` imports the LSH indexes and with them SciPy: half a second and 40 MB in every process that sketches, for
    code that a signature does not use. Afterwards other code can import the package as usual.
    """
    spec = find_spec("datasketch")
    if spec is None or "datasketch" in sys.modules:
        from datasketch import MinHash

        return cast("type[MinHash]", MinHash)  # the library has no types
    sys.modules["datasketch"] = module_from_spec(spec)
    try:
        from datasketch.minhash import MinHash as Class
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "datasketch"]:
            del sys.modules[name]
    return cast("type[MinHash]", Class)


if not TYPE_CHECKING:
    MinHash = _signature_class()
