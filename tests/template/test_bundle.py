"""What is deployed: the product, the pinned packages it needs, and nothing of what it is developed with."""

from __future__ import annotations

import re
import subprocess
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING

import pytest
from tests.template.promises_functions import FUNCTIONS
from tests.template.stack import ROOT

if TYPE_CHECKING:
    from pathlib import Path

LAMBDA_LIMIT = 250 * 1024 * 1024
"""Bytes that a function and its layers may have, unzipped."""


def _pinned(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;]+)", path.read_text(), re.MULTILINE))


def _name(distribution: Distribution) -> str:
    return re.sub(r"[-_.]+", "-", distribution.name).lower()


@pytest.fixture(scope="module")
def built() -> Path:
    done = subprocess.run(["make", "build"], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S607 - whichever make there is
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / ".aws-sam" / "build"


@pytest.fixture(scope="module")
def layer(built: Path) -> Path:
    return built / "LibraryLayer" / "python"


def test_sam_builds_from_the_pins_of_the_bundle() -> None:
    # A copy, because sam build sees no file outside ContentUri where it builds in a container.
    assert (ROOT / "src/lib/requirements.txt").read_text() == (ROOT / "requirements/bundle.txt").read_text()


def test_carries_exactly_the_pinned_packages(layer: Path) -> None:
    carried = {_name(found): found.version for found in distributions(path=[str(layer)])}
    assert carried == _pinned(ROOT / "requirements/bundle.txt")
    assert "boto3" in carried


def test_carries_no_development_package(layer: Path) -> None:
    development = _pinned(ROOT / "requirements/dev.txt").keys() - _pinned(ROOT / "requirements/bundle.txt").keys()
    assert {"pytest", "mypy"} <= development
    assert not development & {_name(found) for found in distributions(path=[str(layer)])}


def test_carries_the_product_and_nothing_left_over(layer: Path) -> None:
    source = {path.relative_to(ROOT / "src/lib") for path in (ROOT / "src/lib/ecrguard").rglob("*.py")}
    assert {path.relative_to(layer) for path in (layer / "ecrguard").rglob("*.py")} == source
    assert not [path for path in layer.rglob("*") if path.name in ("__pycache__", "bin") and path.is_dir()]
    assert not list(layer.rglob("*.pyc"))


def test_runs_on_both_architectures(layer: Path) -> None:
    modules = {path.name for path in layer.rglob("*.so")}
    assert modules
    for name in modules:
        assert name.replace("x86_64", "aarch64") in modules
        assert name.replace("aarch64", "x86_64") in modules


def test_functions_are_the_handlers_alone(built: Path) -> None:
    handlers = {path.name for path in (ROOT / "src/handler").glob("*.py")}
    for function in FUNCTIONS:
        assert {path.name for path in (built / function).iterdir()} == handlers


def test_fits_into_lambda(built: Path) -> None:
    size = sum(path.stat().st_size for part in ("LibraryLayer", "PushFunction") for path in (built / part).rglob("*"))
    assert size < LAMBDA_LIMIT / 2, f"{size / 1024 / 1024:.0f} MiB"
