"""``make mutation``: break each rule in every way that is known here, and see its tests fail.

``pyproject.toml`` names the modules and their tests (``tool.mutation``). A mutant that survives asks for a test, unless
it does the same as the module: then ``equivalent.toml`` says why.
"""

from __future__ import annotations

import importlib
import sys
import time
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.operators import Mutant, mutants
from tests.mutation.trial import BrokenTrialError, Fate, Trial, run

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True, slots=True)
class Tested:
    """A module, its mutants and what became of each."""

    module: str
    path: Path
    mutants: list[Mutant]
    fates: list[Fate]
    reviewed: dict[str, str]

    @property
    def survivors(self) -> list[Mutant]:
        """Those that no test fails on."""
        return [each for each, fate in zip(self.mutants, self.fates, strict=True) if fate is Fate.SURVIVED]

    @property
    def problems(self) -> list[str]:
        """Survivors that are not known to be equivalent, and what is wrongly taken for one."""
        survivors = {each.name for each in self.survivors}
        found = [
            f"{self.path.relative_to(ROOT)}:{each.line}: survived: {each.name}"
            for each in self.survivors
            if each.name not in self.reviewed
        ]
        stale = [name for name in self.reviewed if name not in survivors]
        return [*found, *(f"{EQUIVALENT.relative_to(ROOT)}: no survivor of {self.module}: {name}" for name in stale)]


def main(arguments: list[str]) -> int:
    """Try the modules whose last names are among the arguments, or all.

    The exit code: 1 where a survivor is not reviewed, 2 where tests do not pass.
    """
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutation"]
    reviewed: dict[str, dict[str, str]] = tomllib.loads(EQUIVALENT.read_text())
    known: dict[str, list[str]] = config["modules"]
    chosen = [module for module in known if not arguments or module.rpartition(".")[2] in arguments]
    try:
        tested = [_tested(module, known[module], config["timeout"], reviewed.get(module, {})) for module in chosen]
    except BrokenTrialError as error:
        _write(f"\n{error}\n")
        return 2
    _write(f"\n{'module':<28}{'mutants':>9}{'killed':>9}{'timed out':>11}{'equivalent':>12}{'survived':>10}\n")
    for each in tested:
        counts = Counter(each.fates)
        equivalent = sum(mutant.name in each.reviewed for mutant in each.survivors)
        _write(
            f"{each.module.removeprefix('ecrguard.'):<28}{len(each.mutants):>9}{counts[Fate.KILLED]:>9}"
            f"{counts[Fate.TIMED_OUT]:>11}{equivalent:>12}{counts[Fate.SURVIVED] - equivalent:>10}\n"
        )
    problems = [problem for each in tested for problem in each.problems]
    _write("".join(f"\n{problem}" for problem in problems) + "\n" * bool(problems))
    return 1 if problems or not tested else 0


def _tested(module: str, tests: list[str], timeout: float, reviewed: dict[str, str]) -> Tested:
    path = ROOT / "src/lib" / f"{module.replace('.', '/')}.py"
    source = path.read_text()
    made = mutants(source, dict(vars(importlib.import_module(module))))
    # Each trial imports all of the product anew, so that what other modules took from this one is the mutant's.
    for name in [name for name in sys.modules if name.partition(".")[0] == "ecrguard"]:
        del sys.modules[name]
    unchanged = Trial(module, path, source, tuple(tests))
    if run([unchanged], timeout=timeout, tell=_nothing) != [Fate.SURVIVED]:
        raise BrokenTrialError(f"expected the tests of {module} to pass, they fail: pytest {' '.join(tests)}")
    began = time.monotonic()

    def tell(ended: int) -> None:
        _write(f"\r{module}: {ended} of {len(made)} mutants, {time.monotonic() - began:.0f} s")

    trials = [Trial(module, path, mutant.source, tuple(tests)) for mutant in made]
    fates = run(trials, timeout=timeout, tell=tell)
    _write("\n")
    return Tested(module, path, made, fates, reviewed)


def _nothing(_ended: int) -> None:
    pass


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
