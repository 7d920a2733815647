"""``python -m workbench``: the lab from a terminal."""

from __future__ import annotations

import sys

from workbench.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
