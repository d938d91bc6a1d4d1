"""Enforcement in the demo: what the stack does at each level, each of it taken back, and each reason to leave it be."""

from __future__ import annotations

import json
import shlex
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from localaws import inventory, verdicts
from localaws.command import ecrguard
from localaws.demo_levels import LEVELS, SCENES, TAG
from localaws.demo_stage import WAIT_SECONDS
from localaws.process import ACCOUNT, REGION, ROOT
from localaws.shelf import shelf

if TYPE_CHECKING:
    from localaws.command import Ran
    from localaws.demo_levels import Scene
    from localaws.demo_stage import Seen, Stage
    from localaws.images import Node
    from localaws.subscriber import Alert

WHY: Final = "it is meant so"


@dataclass
class Played:
    """What came of a scene.

    Attributes:
        scene: that was played.
        shelves: what the repository held, each time with what had been done.
        alert: on the image; None where none came.
        follows: that the image was archived or deleted; None where it was not.
        commands: that were run.
        problems: what is not as it must be.
    """

    scene: Scene
    shelves: list[tuple[str, str]] = field(default_factory=list)
    alert: Alert | None = None
    follows: Alert | None = None
    commands: dict[str, Ran] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def expect(self, what: str, wanted: object, found: object) -> None:
        """Note a problem unless the two are equal."""
        if wanted != found:
            self.problems.append(f"{self.scene.repository}, {what}: expected {wanted or 'none'}, got {found or 'none'}")


@dataclass
class Enforcement:
    """Plays scenes.

    Attributes:
        stage: where.
        played: scenes that were begun.
    """

    stage: Stage
    played: dict[str, Played] = field(default_factory=dict)

    def preview(self, scene: Scene) -> None:
        """Push a scene's images one level below, and have the command say what would be done at the scene's level."""
        played = self._begin(scene)
        self._push_both(played)
        image = f"{scene.repository}:{TAG}"
        ran = self._run(played, "plan", image, "--enforcement", scene.level)
        played.expect("exit code of plan", 1, ran.code)
        wanted = "\n".join(map(scene.filled, scene.preview))
        if wanted not in ran.text:
            played.problems.append(f"{image}: expected of ecrguard plan\n{wanted}\ngot\n{ran.text}")

    def play(self, scene: Scene) -> Played:
        """Push a scene's images, and see what is done about the bad one within seconds."""
        played = self._begin(scene)
        played.alert = self._push_both(played)
        self._look(played, "pushed", scene.after)
        actions = played.alert["actions"] if played.alert else {"done": [], "later": None}
        played.expect("done", list(scene.done), [done["action"] for done in actions["done"]])
        played.expect("later", scene.level if scene.swept else None, actions["later"])
        return played

    def sweep(self, scene: Scene) -> None:
        """See that the image itself was taken away, after a full reading."""
        played = self.played[scene.repository]
        came = self.stage.follow(played.alert, "action") if played.alert else []
        played.follows = came[0] if came else None
        done = [done["action"] for each in came for done in each["actions"]["done"]]
        played.expect("done later", [scene.level], done)
        self._look(played, "full reading", scene.swept)

    def undo(self, scene: Scene) -> None:
        """Take it back with the command that the alert names, and what else can be done then."""
        played = self.played[scene.repository]
        commands = {done["undo"] for done in played.alert["actions"]["done"]} if played.alert else set()
        if len(commands) != 1:
            played.problems.append(f"{scene.repository}: expected one command to undo it all, got {commands}")
            return
        said = shlex.split(commands.pop())
        ran = self._run(played, *(WHY if word == "WHY" else word for word in said[1 : said.index("--stack")]))
        played.expect("exit code of release", scene.code, ran.code)
        self._look(played, "released", scene.released)
        if scene.again:
            line = self.push(scene.bad, scene.repository, TAG)[0] or {}
            played.expect("verdict on it when it is pushed again", "released", line.get("reason"))
            self._look(played, "pushed again", scene.again)
        if scene.restored:
            ran = self._run(played, "restore", f"{scene.repository}:{TAG}", "--why", WHY)
            played.expect("exit code of restore", 0, ran.code)
            self._look(played, "restored", scene.restored)

    def push(self, image: Node, repository: str, tag: str) -> tuple[dict[str, Any] | None, list[Alert], list[Alert]]:
        """Push, and wait for the verdict and what it announces."""
        before = len(verdicts.judged(self.stage.deployment, repository, tag, image.digest))
        self.stage.account.push(image, f"{repository}:{tag}")
        return self.stage.handled(repository, tag, image, before)

    def _begin(self, scene: Scene) -> Played:
        return self.played.setdefault(scene.repository, Played(scene))

    def _push_both(self, played: Played) -> Alert | None:
        scene, known = played.scene, bool(played.commands)
        if scene.good is not None:
            line, _, resolved = self.push(scene.good, scene.repository, TAG)
            played.expect("verdict on the good image", "ok", line["judgement"] if line else "none")
            played.expect("messages that it is right again", int(known), len(resolved))
            self._look(played, "before", "1 → good" + (", {marker} → bad" if known else ""))
        _, alerts, _ = self.push(scene.bad, scene.repository, TAG)
        played.expect("alerts", 1, len(alerts))
        return alerts[0] if alerts else None

    def _look(self, played: Played, when: str, wanted: str) -> None:
        scene = played.scene
        found = shelf(self.stage.deployment, scene.repository, scene.names)
        played.shelves.append((when, found))
        played.expect(f"in ECR, {when}", scene.filled(wanted), found)

    def _run(self, played: Played, *arguments: str) -> Ran:
        ran = ecrguard(self.stage.deployment.aws, *arguments, "--stack", self.stage.deployment.stack)
        played.commands[arguments[0]] = ran
        return ran


def read_all(stage: Stage) -> None:
    """Have all workloads read as a whole, and done what waits for it, as the schedule does every hour."""
    inventory.reconcile(stage.deployment, *inventory.sources(stage.deployment))


def event(stage: Stage, name: str, image: Node, sample: str = "push-single", identity: str = "") -> None:
    """Send an event as EventBridge does.

    Args:
        stage: whose push queue takes it.
        name: ``repository:tag`` that the image was pushed as.
        image: that the event is of.
        sample: of ``events/`` that it is like.
        identity: its id; a new one by default.
    """
    repository, _, tag = name.partition(":")
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{sample}.json").read_text())
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    found |= {"account": ACCOUNT, "region": REGION, "id": identity or str(uuid.uuid4()), "time": now}
    found["detail"] |= {"repository-name": repository, "image-digest": image.digest}
    if "image-tag" in found["detail"]:
        found["detail"]["image-tag"] = tag
    queue = stage.deployment.outputs["PushQueueUrl"]
    stage.deployment.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(found))


def repeat(stage: Stage, seen: Seen, times: int = 2) -> list[str]:
    """Send the event of a push that was alerted again; what of it is not as it must be.

    A further alert would be one astray.
    """
    case, deployment = seen.case, stage.deployment
    for _ in range(times):
        event(stage, case.name, case.image, identity=seen.verdicts[0]["correlation_id"])

    def known() -> bool:
        lines = verdicts.judged(deployment, case.repository, case.tag, case.image.digest)
        return len([line for line in lines if line["known"]]) == times

    told = stage.mail.wait_for(known, WAIT_SECONDS)
    return [] if told else [f"{case.name}: expected its event to be known when it came {times} times more"]


def scenes_of(level: str) -> list[Scene]:
    """The scenes of a level."""
    return [scene for scene in SCENES if scene.level == level]


def previews_at(level: str) -> list[Scene]:
    """The scenes that are looked at one level before theirs."""
    following = LEVELS[LEVELS.index(level) + 1 :][:1]
    return [scene for scene in SCENES if scene.preview and scene.level in following]
