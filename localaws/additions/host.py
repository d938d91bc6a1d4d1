"""Everything that the additions take from ministack, the emulator that hosts them, in one typed place.

ministack dispatches a request through ``SERVICE_HANDLERS[service]``, an async function of (method, path, headers, body,
query) that returns (status, headers, body). An addition wraps that function, answers the operations it knows and hands
the rest on. State lives in ministack's own stores, which resolve the account and Region of the request themselves.
"""

from __future__ import annotations

import array
import fcntl
import functools
import json
import termios
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final, NamedTuple, TypedDict, cast

from ministack import app as gateway
from ministack.core import iam_actions, iam_evaluator, lambda_runtime, responses, router
from ministack.services import (
    appconfig,
    batch,
    bedrock_agentcore,
    codebuild,
    dynamodb,
    ec2,
    ecr,
    ecs,
    eks,
    eventbridge,
    inspector2,
    lambda_svc,
    scheduler,
)
from ministack.services.cloudformation import changesets, engine, handlers, provisioners, stacks

from localaws.additions import rest

type Reply = tuple[int, dict[str, str], bytes]
type Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Reply]]
type Record = dict[str, Any]
type Store = MutableMapping[str, Any]


class ImageRecord(TypedDict, total=False):
    """An image as ministack's registry keeps it; the last three keys are the additions' own."""

    registryId: str
    repositoryName: str
    imageId: dict[str, str]
    imageDigest: str
    imageTags: list[str]
    imageManifest: str
    imageManifestMediaType: str
    imagePushedAt: int
    imageStatus: str
    lastArchivedAt: int
    lastActivatedAt: int


class Invocation(NamedTuple):
    """What a Lambda function answered: its payload, and whether that is an error's."""

    payload: Any
    failed: bool


_LOG_SECONDS: Final = 2.0
_LOG_IDLE_SECONDS: Final = 0.02

REPOSITORIES: Final = cast("Store", ecr._repositories)  # noqa: SLF001 - the emulator has no public store
IMAGES: Final = cast("Store", ecr._images)  # noqa: SLF001 - as above
MANIFESTS: Final = cast("Store", ecr._manifest_blobs)  # noqa: SLF001 - as above
BLOBS: Final = cast("Store", ecr._layer_blobs)  # noqa: SLF001 - as above
UPLOADS: Final = cast("Store", ecr._uploads)  # noqa: SLF001 - as above
CLUSTERS: Final = cast("Store", ecs._clusters)  # noqa: SLF001 - as above
SERVICES: Final = cast("Store", ecs._services)  # noqa: SLF001 - as above
TASKS: Final = cast("Store", ecs._tasks)  # noqa: SLF001 - as above
TASK_DEFINITIONS: Final = cast("Store", ecs._task_defs)  # noqa: SLF001 - as above
FUNCTIONS: Final = cast("Store", lambda_svc._functions)  # noqa: SLF001 - as above
COMPUTE_ENVIRONMENTS: Final = cast("Store", batch._compute_envs)  # noqa: SLF001 - as above
JOB_DEFINITIONS: Final = cast("Store", batch._job_definitions)  # noqa: SLF001 - as above
PROJECTS: Final = cast("Store", codebuild._projects)  # noqa: SLF001 - as above
AGENT_RUNTIMES: Final = cast("Store", bedrock_agentcore._runtimes)  # noqa: SLF001 - as above
KUBERNETES_CLUSTERS: Final = cast("Store", eks._clusters)  # noqa: SLF001 - as above
NODE_GROUPS: Final = cast("Store", eks._nodegroups)  # noqa: SLF001 - as above
RESOURCE_TAGS: Final = cast("Store", eks._tags)  # noqa: SLF001 - as above
RULES: Final = cast("Store", eventbridge._rules)  # noqa: SLF001 - as above
RULE_TARGETS: Final = cast("Store", eventbridge._targets)  # noqa: SLF001 - as above
CONFIGURATION_PROFILES: Final = cast("Store", appconfig._config_profiles)  # noqa: SLF001 - as above
CONFIGURATION_VERSIONS: Final = cast("Store", appconfig._hosted_versions)  # noqa: SLF001 - as above


def store() -> Store:
    """A new store that keeps each account and Region apart, as ministack's own do."""
    return cast("Store", responses.AccountRegionScopedDict())


def account() -> str:
    """The account that the current request acts in, 12 digits."""
    return cast("str", responses.get_account_id())


def region() -> str:
    """The Region that the current request acts in."""
    return cast("str", responses.get_region())


def caller(headers: dict[str, str]) -> str:
    """ARN of the user or the role's session whose keys signed a request; empty where nobody has them."""
    key = router.extract_access_key_id(headers)
    found = cast("Record | None", iam_evaluator.resolve_caller_identity(key))
    return cast("str", found["userArn"]) if found else ""


def handler(service: str) -> Handler:
    """The function that answers ``service`` now."""
    return cast("Handler", gateway.SERVICE_HANDLERS[service])


def serve(service: str, replacement: Handler) -> None:
    """Answer ``service`` with ``replacement`` from now on."""
    gateway.SERVICE_HANDLERS[service] = replacement


def route(service: str, target_prefix: str) -> None:
    """Recognise a service that ministack does not have, by its ``X-Amz-Target`` prefix or its signature's scope."""
    router.SERVICE_PATTERNS[service] = {"target_prefixes": [target_prefix], "credential_scope": service}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[service] = service


def registry_door() -> Handler:
    """The function that answers the OCI distribution protocol (``/v2/...``) now."""
    return cast("Handler", ecr.handle_registry_request)


def serve_registry_door(replacement: Handler) -> None:
    """Answer the OCI distribution protocol with ``replacement`` from now on."""
    ecr.handle_registry_request = replacement


def registry_path(path: str) -> tuple[str, str, str] | None:
    """Split ``/v2/<repository>/<verb>/<reference>`` into (verb, repository, reference); None for any other path."""
    return cast("tuple[str, str, str] | None", ecr._parse_v2_path(path))  # noqa: SLF001 - as above


def select_registry_scope(repository: str, headers: dict[str, str], query: dict[str, list[str]]) -> None:
    """Put an unsigned registry request into the account and Region that its host name or repository implies."""
    ecr._select_registry_request_scope(repository, headers, query)  # noqa: SLF001 - as above


def emit(source: str, detail_type: str, detail: Record, resources: list[str]) -> None:
    """Put an event of an AWS service on the default bus of the current account and Region."""
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": resources,
    }
    status, _, body = eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)  # noqa: SLF001 - as above
    if status >= 400 or json.loads(body)["FailedEntryCount"]:  # noqa: PLR2004 - an HTTP error
        raise RuntimeError(f"EventBridge refused the event {detail_type!r}: {body!r}")


def ecs_action(name: str, parameters: Record) -> tuple[int, Record]:
    """The HTTP status and members of ministack's own answer to an ECS operation, without the members that are null."""
    status, _, body = ecs._finalize_ecs_response(ecs._dispatch_action(name, parameters))  # noqa: SLF001 - as above
    return status, cast("Record", _without_nulls(json.loads(body)))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def on_tasks(started: Callable[[Record], None], stopped: Callable[[Record], None]) -> None:
    """Hand over each task that ECS starts or stops, for a service or a caller, as its store holds it."""
    run, stop = ecs._run_task, ecs._mark_task_stopped  # noqa: SLF001 - as above

    def run_task(parameters: Record) -> Reply:
        answer = cast("Reply", run(parameters))
        for task in json.loads(answer[2]).get("tasks", []):
            started(TASKS[task["taskArn"]])
        return answer

    def mark_task_stopped(arn: str, task: Record, *more: Any, **named: Any) -> bool:
        done = cast("bool", stop(arn, task, *more, **named))
        if done:
            stopped(task)
        return done

    ecs._run_task = run_task  # noqa: SLF001 - as above
    ecs._ACTION_MAP["RunTask"] = run_task  # noqa: SLF001 - as above
    ecs._mark_task_stopped = mark_task_stopped  # noqa: SLF001 - as above


def rates_begin_at_once() -> None:
    """Have a schedule of EventBridge Scheduler with a rate fire when it begins, then at the rate; look every second.

    The emulator would wait for one interval first (Scheduler user guide, "Rate-based schedules").
    """
    tick = scheduler._tick_schedules  # noqa: SLF001 - as above

    def tick_schedules() -> None:
        for key, schedule in list(scheduler._schedules._data.items()):  # noqa: SLF001 - as above
            if schedule["ScheduleExpression"].startswith("rate("):
                scheduler._schedule_last_fired.setdefault(key, 0.0)  # noqa: SLF001 - as above
        tick()

    scheduler._tick_schedules = tick_schedules  # noqa: SLF001 - as above
    scheduler._SCHEDULE_TICK_INTERVAL = 1  # noqa: SLF001 - as above


def invoke(function: str, event: Record) -> Invocation | None:
    """Invoke a Lambda function by name or ARN and wait for its answer; None when there is no such function.

    Must run on a worker thread: the function may call back to this server.
    """
    record, config, _ = lambda_svc._get_func_record_for_ref(function)  # noqa: SLF001 - as above
    if not record or not config:
        return None
    runnable = lambda_svc._execution_record_for_config(record, config)  # noqa: SLF001 - as above
    result = lambda_svc._execute_function_with_config_scope(runnable, event)  # noqa: SLF001 - as above
    return Invocation(result.get("body"), bool(result.get("error")))


def run_functions_with(interpreter: str) -> None:
    """Run Python functions with ``interpreter`` instead of the one that runs this server."""
    detect = lambda_runtime._detect_runtime_binary  # noqa: SLF001 - as above

    def runtime_binary(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (interpreter if runtime.startswith("python") else binary), script

    lambda_runtime._detect_runtime_binary = runtime_binary  # noqa: SLF001 - as above


def collect_whole_logs() -> None:
    """Have an invocation's log end when the function's output has been read, not when the machine is slow to read it.

    What is left over would come with the log of the next invocation, which may be never.
    """
    worker = lambda_runtime.Worker
    drain = worker._drain_stderr_bounded  # noqa: SLF001 - as above

    def drain_all(self: Any, *arguments: Any, **named: Any) -> str:
        deadline = time.monotonic() + _LOG_SECONDS
        while self._proc is not None and _unread(self._proc) and time.monotonic() < deadline:
            time.sleep(0.001)
        return cast("str", drain(self, *arguments, **({"idle_confirm": _LOG_IDLE_SECONDS} | named)))

    worker._drain_stderr_bounded = drain_all  # noqa: SLF001 - as above


def _unread(process: Any) -> int:
    """Bytes that wait in the pipe of a process's standard error."""
    waiting = array.array("i", [0])
    if not process.stderr.closed:
        fcntl.ioctl(process.stderr, termios.FIONREAD, waiting)
    return waiting[0]


def before_stack_sets(resource_type: str, prepare: Callable[[Record], Record]) -> None:
    """Have CloudFormation create and update a resource with the properties that ``prepare`` makes of the template's.

    A ValueError that ``prepare`` raises fails the stack, with its message as the reason.
    """
    resource = provisioners._RESOURCE_HANDLERS[resource_type]  # noqa: SLF001 - as above
    # create(logical id, properties, ...) and update(physical id, old properties, new properties, ...)
    for action, position in (("create", 1), ("update", 2)):
        if action in resource:
            resource[action] = _with_argument(resource[action], position, prepare)


def after_stack_sets(resource_type: str, complete: Callable[[str, Record], None]) -> None:
    """Call ``complete`` with a resource's physical id and properties when CloudFormation has created or updated it."""
    resource = provisioners._RESOURCE_HANDLERS[resource_type]  # noqa: SLF001 - as above
    for action, position in (("create", 1), ("update", 2)):
        resource[action] = _completed(resource[action], position, complete)


def _completed(
    act: Callable[..., tuple[str, Record]], position: int, complete: Callable[[str, Record], None]
) -> Callable[..., tuple[str, Record]]:
    @functools.wraps(act)
    def completed(*arguments: Any, **named: Any) -> tuple[str, Record]:
        made = act(*arguments, **named)
        complete(made[0], arguments[position])
        return made

    return completed


def set_table(name: str, *, recovery: bool, time_to_live: Record | None) -> None:
    """Set a DynamoDB table's point-in-time recovery and, where it is given, its ``TimeToLiveSpecification``."""
    dynamodb._pitr_settings[name] = recovery  # noqa: SLF001 - as above
    if time_to_live:
        dynamodb._update_ttl(  # noqa: SLF001 - as above
            {"TableName": name, "TimeToLiveSpecification": time_to_live}
        )


def _with_argument(
    act: Callable[..., object], position: int, prepare: Callable[[Record], Record]
) -> Callable[..., object]:
    @functools.wraps(act)
    def prepared(*arguments: Any, **named: Any) -> object:
        before, properties, after = arguments[:position], arguments[position], arguments[position + 1 :]
        return act(*before, prepare(properties), *after, **named)

    return prepared


def conditions_compare(texts: Callable[[Any, Record], Any]) -> None:
    """Have CloudFormation evaluate conditions of what ``texts`` makes of them with the values of the parameters."""
    evaluate = engine._evaluate_conditions  # noqa: SLF001 - as above

    def evaluated(template: Record, parameters: Record) -> Any:
        values = {name: str(given["Value"]) for name, given in parameters.items()}
        return evaluate({**template, "Conditions": texts(template.get("Conditions", {}), values)}, parameters)

    for module in (engine, changesets, handlers, stacks):
        module._evaluate_conditions = evaluated  # noqa: SLF001 - as above


def requests_count_as_tls() -> None:
    """Have every request count as one over TLS in policies: AWS has no other door, and here clients have no choice."""
    pin = gateway.pin_request_origin
    gateway.pin_request_origin = lambda address, _: pin(address, True)


def authorize_on(resource: Callable[[str, str, Record], str | None]) -> None:
    """Check permissions on the ARN that ``resource`` finds for (service, operation, request), if it finds one."""
    extract = iam_actions.extract_resource_arn

    def found(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *more: Any) -> str:
        target = headers.get("x-amz-target", "").rpartition(".")[2]
        if target:
            named = resource(service, target, json.loads(body)) if body else None
        else:
            asked = rest.asked(service, method, path, more[0] if more else {}, body)
            named = resource(service, asked.operation, asked.request) if asked else None
        return named or cast("str", extract(service, method, path, headers, body, *more))

    iam_actions.extract_resource_arn = found


def authorize_by(leading_keys: Callable[[Record], list[str]]) -> None:
    """Let policies tell requests to DynamoDB apart by the partition keys that ``leading_keys`` finds in them."""
    known = iam_actions.dynamodb_service_context

    def told(body: bytes) -> Record:
        keys = leading_keys(json.loads(body)) if body else []
        # As on AWS, a request that names no key has none.
        return {**known(body), **({"dynamodb:LeadingKeys": keys} if keys else {})}

    iam_actions.dynamodb_service_context = told


def authorize_routes(service: str, model: str) -> None:
    """Check permissions of ``service`` on the operations of a botocore model, where the emulator lets all pass."""
    iam_actions._BOTOCORE_SERVICE_MAP[service] = [model]  # noqa: SLF001 - as above


def instances_are_of(architecture: Callable[[str], str]) -> None:
    """Give each instance of EC2 that is launched the architecture that ``architecture`` finds for its type."""
    launch = ec2._launch_instances_internal  # noqa: SLF001 - as above

    @functools.wraps(launch)
    def launched(*arguments: Any, **named: Any) -> list[Record]:
        instances = cast("list[Record]", launch(*arguments, **named))
        for instance in instances:
            instance["Architecture"] = architecture(instance["InstanceType"])
        return instances

    ec2._launch_instances_internal = launched  # noqa: SLF001 - as above


def launch_instances(instance_type: str, count: int, tags: Record) -> None:
    """Launch instances of EC2 with these tags, in the default subnet."""
    ec2._ensure_defaults_initialized()  # noqa: SLF001 - as above
    launched = ec2._launch_instances_internal(  # noqa: SLF001 - as above
        "ami-00000000",
        instance_type,
        ec2._DEFAULT_SUBNET_ID,  # noqa: SLF001 - as above
        count,
    )
    for instance in launched:
        ec2._tags[instance["InstanceId"]] = [  # noqa: SLF001 - as above
            {"Key": key, "Value": value} for key, value in tags.items()
        ]


def terminate_instances(tags: Record) -> None:
    """Terminate the instances of EC2 that have all of these tags."""
    wanted = [{"Key": key, "Value": value} for key, value in tags.items()]
    for number, instance in list(ec2._instances.items()):  # noqa: SLF001 - as above
        if all(tag in ec2._tags.get(number, []) for tag in wanted):  # noqa: SLF001 - as above
            instance["State"] = {"Code": 48, "Name": "terminated"}


def node_group(cluster: str, action: str, argument: Any) -> tuple[int, Record]:
    """The HTTP status and members of ministack's own answer to CreateNodegroup or DeleteNodegroup."""
    act = {"create": eks._create_nodegroup, "delete": eks._delete_nodegroup}[action]  # noqa: SLF001 - as above
    status, _, body = act(cluster, argument)
    return status, cast("Record", json.loads(body))


def inspects_images() -> bool:
    """Whether Inspector scans images of the current account: ``Enable`` with the resource type ECR was called."""
    return bool(inspector2._get_config()["ecr"]["status"] == "ENABLED")  # noqa: SLF001 - as above


def run() -> None:
    """Run ministack's own entry point until the process is told to stop."""
    gateway.main()
