"""``make mutation-cosmic-ray``: a second opinion on the rules, by a mutation tester that we did not write.

Cosmic Ray breaks files in place, so it is given a copy of the tree. It changes operators, comparisons, numbers and
decorators; dropped checks, statements and arguments are left to ``make mutation``. A survivor that does the same as the
module is named with its reason in ``equivalent-cosmic-ray.toml``, by its lines: ``function: before => after``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent-cosmic-ray.toml")
# Left out: unions, which stand in annotations alone here; what is compared by identity (None, members of enumerations)
# compared by value or by the alphabet, which says nothing of a member; and equal texts being one object, which they are
# in tests and nowhere else.
_SAME = (
    "core/ReplaceBinaryOperator_BitOr_.*",
    "core/ReplaceComparisonOperator_(Is|IsNot)_(Eq|NotEq|Lt|LtE|Gt|GtE)$",
    "core/ReplaceComparisonOperator_(Eq_Is|NotEq_IsNot)$",
)
# Left out as well: imports for the type checker may be made, and no rule rests on a value that cannot be changed.
_DECLARED = ("module: if TYPE_CHECKING:", "module: @dataclass(frozen=True, slots=True) => @dataclass(")
_COPIED = ("src", "tests", "pyproject.toml")
_RESULTS = """
    SELECT definition_name, worker_outcome, test_outcome, diff
    FROM mutation_specs LEFT JOIN work_results USING (job_id)
    ORDER BY start_pos_row, start_pos_col, operator_name, occurrence
"""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of the mutants of a module.

    Attributes:
        module: full name.
        fates: how many were killed, survived, or were left out.
        survivors: the name of each.
    """

    module: str
    fates: Counter[str]
    survivors: tuple[str, ...]


def main(arguments: list[str]) -> int:
    """Try the modules whose last names are among the arguments, or all of ``tool.mutation.cosmic-ray``.

    The exit code: 1 where a survivor is not reviewed, or a reviewed one was killed.
    """
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutation"]
    reviewed: dict[str, dict[str, str]] = tomllib.loads(EQUIVALENT.read_text())
    chosen = [each for each in config["cosmic-ray"] if not arguments or each.rpartition(".")[2] in arguments]
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        for name in _COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tree / name)
        tried = [_tried(tree, module, config["modules"][module], config["timeout"]) for module in chosen]
    sys.stdout.write(f"\n{'module':<28}{'mutants':>9}{'left out':>10}{'killed':>9}{'equivalent':>12}{'survived':>10}\n")
    problems: list[str] = []
    for each in tried:
        known = reviewed.get(each.module, {})
        left = [name for name in each.survivors if name not in known]
        problems += [f"{each.module}: survived: {name}" for name in left]
        problems += [
            f"{EQUIVALENT.name}: no survivor of {each.module}: {name}" for name in known if name not in each.survivors
        ]
        sys.stdout.write(
            f"{each.module.removeprefix('ecrguard.'):<28}{each.fates.total():>9}{each.fates['left out']:>10}"
            f"{each.fates['killed']:>9}{len(each.survivors) - len(left):>12}{len(left):>10}\n"
        )
    sys.stdout.write("".join(f"\n{problem}" for problem in problems) + "\n" * bool(problems))
    return 1 if problems or not tried else 0


def _tried(tree: Path, module: str, tests: list[str], timeout: float) -> Tried:
    path = f"src/lib/{module.replace('.', '/')}.py"
    command = shlex.join([sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *tests])
    left_out = ", ".join(f"'{pattern}'" for pattern in _SAME)
    (tree / "session.toml").write_text(
        f"[cosmic-ray]\nmodule-path = '{path}'\ntimeout = {float(timeout)}\nexcluded-modules = []\n"
        f'test-command = """{command}"""\n'
        "[cosmic-ray.distributor]\nname = 'local'\n"
        f"[cosmic-ray.filters.operators-filter]\nexclude-operators = [{left_out}]\n"
    )
    sys.stdout.write(f"{module}\n")
    sys.stdout.flush()
    session = tree / "session.sqlite"
    _run(tree, "cosmic-ray", "init", "--force", "session.toml", session.name)
    _run(tree, "cosmic-ray", "baseline", "session.toml")
    _run(tree, "cr-filter-operators", session.name, "session.toml")
    _run(tree, "cosmic-ray", "exec", "session.toml", session.name)
    with sqlite3.connect(session) as results:
        return _read(module, results.execute(_RESULTS).fetchall())


def _read(module: str, rows: list[tuple[str | None, str, str, str | None]]) -> Tried:
    fates: Counter[str] = Counter()
    survivors: list[str] = []
    for where, worker, outcome, diff in rows:
        name = f"{where or 'module'}: {_changed(diff or '')}"
        fate = "left out" if worker == "SKIPPED" or name.startswith(_DECLARED) else outcome.lower()
        fates[fate] += 1
        if fate == "survived":
            survivors.append(name)
    return Tried(module, fates, tuple(survivors))


def _changed(diff: str) -> str:
    lines = [line for line in diff.splitlines() if line and not line.startswith(("---", "+++"))]
    before, after = (" ".join(" ".join(line[1:] for line in lines if line[0] == sign).split()) for sign in "-+")
    return f"{before} => {after or 'nothing'}"


def _run(tree: Path, tool: str, *arguments: str) -> None:
    """Run one of its tools in the copy.

    Raises:
        CalledProcessError: it failed, or the tests do not pass on the module as it is.
    """
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "ci", "PYTHONHASHSEED": "0"}
    subprocess.run([ROOT / ".tools/cosmic-ray/bin" / tool, *arguments], cwd=tree, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
