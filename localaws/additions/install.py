"""Puts the additions in front of the emulator's own handlers."""

from __future__ import annotations

import sys
from pathlib import Path

from localaws.additions import appconfig, apprunner, ecr_api, ecr_door, ecr_settings, ecs, host, permissions, stacks
from localaws.additions.wire import JsonService


def install() -> None:
    """Wrap the emulator's handlers, once, before it starts."""
    host.serve("ecr", JsonService("ecr", ecr_settings.OPERATIONS | ecr_api.OPERATIONS, host.handler("ecr")))
    host.serve_registry_door(ecr_door.door(host.registry_door()))
    host.serve("ecs", JsonService("ecs", ecs.OPERATIONS, host.handler("ecs"), off_loop=True))
    host.route("apprunner", "AppRunner")
    host.serve("apprunner", apprunner.SERVICE)
    host.serve("appconfig", appconfig.validating(host.handler("appconfig")))
    host.before_stack_sets("AWS::AppConfig::Deployment", appconfig.validated_deployment)
    host.before_stack_sets("AWS::Lambda::EventSourceMapping", stacks.numbered_event_source)
    host.run_functions_with(bare_interpreter())
    host.collect_whole_logs()
    host.requests_count_as_tls()
    host.authorize_on(permissions.resource)


def bare_interpreter() -> str:
    """The Python beneath this virtual environment.

    A function that runs on it finds what its bundle and layers carry and nothing else, as in Lambda; on this server's
    own interpreter a dependency that is missing from the bundle would be found by luck.
    """
    beneath = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(beneath) if beneath.exists() else sys.executable
