"""Puts the additions in front of the emulator's own handlers."""

from __future__ import annotations

import sys
from pathlib import Path

from localaws.additions import (
    agentcore,
    appconfig,
    apprunner,
    batch,
    codebuild,
    ecr_api,
    ecr_door,
    ecr_settings,
    ecs,
    ecs_tasks,
    host,
    inspector,
    kubernetes,
    lambda_images,
    permissions,
    sagemaker,
    schedules,
    stacks,
    templates,
    trail,
)
from localaws.additions.rest import RestService
from localaws.additions.wire import JsonService


def install() -> None:
    """Wrap the emulator's handlers, once, before it starts."""
    images = JsonService("ecr", ecr_settings.OPERATIONS | ecr_api.OPERATIONS, host.handler("ecr"))
    host.serve("ecr", trail.pushes_by_call(images))
    host.serve_registry_door(trail.pushes_at_the_door(ecr_door.door(host.registry_door())))
    host.serve("ecs", JsonService("ecs", ecs.OPERATIONS, host.handler("ecs"), off_loop=True))
    host.on_tasks(ecs_tasks.started, ecs_tasks.stopped)
    host.route("apprunner", "AppRunner")
    host.serve("apprunner", apprunner.SERVICE)
    host.serve("lambda", lambda_images.functions(host.handler("lambda")))
    host.serve("batch", RestService("batch", batch.OPERATIONS, host.handler("batch")))
    host.serve("codebuild", JsonService("codebuild", codebuild.OPERATIONS, host.handler("codebuild")))
    host.route("sagemaker", "SageMaker.")
    host.serve("sagemaker", sagemaker.SERVICE)
    runtimes = agentcore.runtimes(host.handler("bedrock-agentcore"))
    host.serve("bedrock-agentcore", RestService("bedrock-agentcore", agentcore.OPERATIONS, runtimes))
    host.serve("eks", RestService("eks", kubernetes.OPERATIONS, host.handler("eks")))
    host.instances_are_of(kubernetes.architecture)
    host.serve("inspector2", RestService("inspector2", inspector.OPERATIONS, host.handler("inspector2")))
    host.serve("appconfig", appconfig.validating(host.handler("appconfig")))
    host.before_stack_sets("AWS::AppConfig::Deployment", appconfig.validated_deployment)
    host.before_stack_sets("AWS::Lambda::EventSourceMapping", stacks.numbered_event_source)
    host.conditions_compare(templates.resolved)
    host.before_stack_sets("AWS::CloudWatch::Alarm", templates.plain_alarm)
    host.after_stack_sets("AWS::DynamoDB::Table", stacks.completed_table)
    host.serve("events", JsonService("events", schedules.OPERATIONS, host.handler("events")))
    host.serve("scheduler", schedules.paging(host.handler("scheduler")))
    for service in trail.CALLS:
        host.serve(service, trail.recording(service, host.handler(service)))
    host.rates_begin_at_once()
    host.run_functions_with(bare_interpreter())
    host.collect_whole_logs()
    host.requests_count_as_tls()
    host.authorize_on(permissions.resource)
    host.authorize_by(permissions.leading_keys)
    host.authorize_routes("bedrock-agentcore", "bedrock-agentcore-control")


def bare_interpreter() -> str:
    """The Python beneath this virtual environment.

    A function that runs on it finds what its bundle and layers carry and nothing else, as in Lambda; on this server's
    own interpreter a dependency that is missing from the bundle would be found by luck.
    """
    beneath = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(beneath) if beneath.exists() else sys.executable
