"""``python -m gatewright`` and the command ``gatewright``."""

from gatewright.cli.main import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
