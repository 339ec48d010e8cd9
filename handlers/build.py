"""Which build of Baton this is: whether the domain runs compiled or interpreted."""

from typing import Final

from lifecycle import decide

CORE: Final = "interpreted" if str(decide.__file__).endswith(".py") else "compiled"
"""``compiled`` where mypyc's extension modules were found (``deploy/compiled.py``)."""
