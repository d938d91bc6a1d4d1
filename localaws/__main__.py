"""``python -m localaws``: AWS on this machine, bare or with the product deployed; images to push; the demo."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# Each command imports what it needs: the emulator, the registry client and the demo are slow to load.
# ruff: noqa: PLC0415


def main() -> int:
    """Run the command that the arguments name; the exit code is 0 when it did what it says."""
    parser = argparse.ArgumentParser(prog="python -m localaws", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve AWS on GATEWAY_PORT (default 4566) until SIGTERM or Ctrl-C")

    up = commands.add_parser("up", help="serve AWS with the stack deployed; prints how to use it, then `ready`")
    up.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="of the template (default: Enforcement=tag)")
    up.add_argument("--port", type=int, help="default: LOCALAWS_PORT, else 4566")
    up.add_argument("--built", action="store_true", help="deploy what was built last, without building")

    watch = commands.add_parser("watch", help="show alerts of the stack that `up` deployed")
    watch.add_argument("--json", action="store_true", help="the documents as they were published, one a line")

    layout = commands.add_parser("layout", help="write a small image as an OCI image layout")
    layout.add_argument("directory", type=Path)
    layout.add_argument("platforms", nargs="+", metavar="platform", help="linux/arm64; several make an index")

    push = commands.add_parser("push", help="push an OCI image layout with a registry client")
    push.add_argument("layout", type=Path, help="directory of the layout")
    push.add_argument("reference", help="host:port/repository:tag")
    push.add_argument("--client", choices=("skopeo", "oras"), help="default: skopeo where it is installed, else oras")

    demo = commands.add_parser("demo", help="deploy, push, and show what became of each image")
    demo.add_argument("--picture", type=Path, metavar="FILE.svg", help="put a picture of the message in Slack there")
    demo.add_argument("--built", action="store_true", help="deploy what was built last, without building")
    return _run(parser.parse_args())


def _run(arguments: argparse.Namespace) -> int:
    match arguments.command:
        case "serve":
            serve()
        case "up":
            from localaws.up import DEFAULT_PORT, PORT_VARIABLE, up

            port = arguments.port or int(os.environ.get(PORT_VARIABLE) or DEFAULT_PORT)
            given = dict(parameter.partition("=")[::2] for parameter in arguments.parameters)
            return up(port, {"Enforcement": "tag"} | given, build_first=not arguments.built)
        case "watch":
            from localaws.watch import watch

            return watch(documents=arguments.json)
        case "layout":
            from localaws import images

            built = [images.image(platform) for platform in arguments.platforms]
            root = built[0] if len(built) == 1 else images.index(built, attestations=True)
            print(images.write_layout(root, arguments.directory).digest)
        case "push":
            from localaws import registry

            print(registry.push(arguments.layout, arguments.reference, client=arguments.client))
        case "demo":
            from localaws.demo import demo

            return demo(build_first=not arguments.built, picture_file=arguments.picture)
    return 0


def serve() -> None:
    """Start the emulator with the additions and stay until told to stop."""
    # The emulator reads its own command line.
    sys.argv = ["ministack"]
    from localaws.additions import host, install

    install.install()
    host.run()


if __name__ == "__main__":
    sys.exit(main())
