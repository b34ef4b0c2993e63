"""``python -m xorca``: the command line."""

from __future__ import annotations

from xorca.cli import main

if __name__ == "__main__":
    main(prog_name="python -m xorca")
