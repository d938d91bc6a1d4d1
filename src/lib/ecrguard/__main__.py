"""``python -m ecrguard``, and the command ``ecrguard`` where the package is installed."""

import sys

from ecrguard.cli.main import main


def run() -> int:
    """The command with the arguments of the process; its exit code."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
