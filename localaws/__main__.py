"""``python -m localaws``: serve AWS on this machine, or push an image layout to it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> int:
    """Run the command that the arguments name; the exit code is 0 when it did what it says."""
    parser = argparse.ArgumentParser(prog="python -m localaws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve AWS on GATEWAY_PORT (default 4566) until SIGTERM or Ctrl-C")
    push = commands.add_parser("push", help="push an OCI image layout with a registry client")
    push.add_argument("layout", type=Path, help="directory of the layout")
    push.add_argument("reference", help="host:port/repository:tag")
    push.add_argument("--client", choices=("skopeo", "oras"), help="default: skopeo where it is installed, else oras")
    arguments = parser.parse_args()
    if arguments.command == "serve":
        serve()
    else:
        from localaws import registry  # noqa: PLC0415 - each command loads only what it needs

        print(registry.push(arguments.layout, arguments.reference, client=arguments.client))
    return 0


def serve() -> None:
    """Start the emulator with the additions and stay until told to stop."""
    # The emulator reads its own command line.
    sys.argv = ["ministack"]
    from localaws.additions import host, install  # noqa: PLC0415 - loading the emulator configures logging

    install.install()
    host.run()


if __name__ == "__main__":
    sys.exit(main())
