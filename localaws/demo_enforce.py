"""Enforcement in the demo, from marker tags to deletion: the stack is updated level by level, and shown at each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws import verdicts
from localaws.demo_enforcement import Enforcement, previews_at, read_all, scenes_of
from localaws.demo_enforcement_table import show_refused, show_scene
from localaws.demo_levels import LEVELS, SCENES
from localaws.demo_refusals import DENIED, UNREADABLE
from localaws.demo_refusing import Refusing
from localaws.deployment import deploy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.demo_stage import Stage
    from localaws.terminal import Terminal


def enforce(stage: Stage, parameters: Mapping[str, str], terminal: Terminal) -> list[str]:
    """Play and show all of it; what is not as it must be.

    Args:
        stage: with the stack at the first level.
        parameters: that it was deployed with.
        terminal: to show it on.
    """
    stage.account.repositories([scene.repository for scene in SCENES])
    enforcement = Enforcement(stage)
    for level in LEVELS:
        if level != LEVELS[0]:
            with terminal.step(f"sam deploy Enforcement={level}"):
                deploy(stage.account.aws, {**parameters, "Enforcement": level})
        _play_level(enforcement, level, terminal)
    found = [problem for played in enforcement.played.values() for problem in played.problems]
    return found + _refuse(stage, terminal)


def _play_level(enforcement: Enforcement, level: str, terminal: Terminal) -> None:
    scenes = scenes_of(level)
    for scene in scenes:
        with terminal.step(f"push {scene.repository}:1, {scene.story}") as said:
            played = enforcement.play(scene)
            said.append(scene.done[-1] if not played.problems else "not as it must be")
    swept = [scene for scene in scenes if scene.swept]
    if swept:
        with terminal.step("a full reading of the workloads, as the schedule makes one") as said:
            read_all(enforcement.stage)
            for scene in swept:
                enforcement.sweep(scene)
            said.append(f"{level}d")
    with terminal.step("each taken back, with the command that the alert names"):
        for scene in scenes:
            enforcement.undo(scene)
    previewed = previews_at(level)
    if previewed:
        with terminal.step("what the next level would do: ecrguard plan, a dry run"):
            for scene in previewed:
                enforcement.preview(scene)
    for scene in scenes:
        show_scene(enforcement.played[scene.repository], terminal)
    terminal.line()


def _refuse(stage: Stage, terminal: Terminal) -> list[str]:
    refusing = Refusing(stage)
    with terminal.step("images that the policy asks to delete, and what stands in the way of each"):
        refusing.prepare()
    with terminal.step("all of them pushed") as said:
        refusing.push()
        said.append(f"{len(refusing.refused)} alerts")
    with terminal.step("meanwhile things change; then a full reading of the workloads"):
        refusing.change()
        read_all(stage)
        refusing.swept()
    with terminal.step("pushes when the hour has had its acts"):
        refusing.capped()
    found = verdicts.troubles(stage.deployment)
    with terminal.step("pushes when permissions are taken away, and when nothing was read for a day"):
        refusing.denied()
        refusing.stale()
    found += verdicts.troubles(stage.deployment, meant=(UNREADABLE.repository, DENIED.repository))
    terminal.line()
    show_refused(refusing.refused, terminal)
    return [
        *(problem for each in refusing.refused for problem in each.problems),
        *(f"expected no trouble in the logs, got {trouble}" for trouble in dict.fromkeys(found)),
    ]
