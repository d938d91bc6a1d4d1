from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.policies import documents

from ecrguard.domain.policy_document import MAX_BYTES, PolicyError, Problem, read_policy
from ecrguard.policy_yaml import load_document, load_policy

LOADERS = [pytest.param(yaml.SafeLoader, id="python"), pytest.param(yaml.CSafeLoader, id="libyaml")]


def problems_of(text: bytes, loader: type = yaml.SafeLoader) -> tuple[Problem, ...]:
    """What is wrong with a text; anything but a PolicyError fails the test."""
    try:
        load_document(text, loader)
    except PolicyError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"linked: off", {"linked": "off"}),
        (b"[yes, no, on, y]", ["yes", "no", "on", "y"]),
        (b"[true, False, null, ~, ]", [True, False, None, None]),
        (b"[1, -2, 017, 0x1F, 1_000, 1.10, .5, 1e3, 12:30]", [1, -2, 17, "0x1F", "1_000", 1.1, 0.5, 1000.0, "12:30"]),
        (b"until: 2027-01-31", {"until": "2027-01-31"}),
        (b"['1', \"true\", '~']", ["1", "true", "~"]),
        (b"- v1.4.2\n- |\n  text\n", ["v1.4.2", "text\n"]),
        (b"{a: &both [x, y], b: *both}", {"a": ["x", "y"], "b": ["x", "y"]}),
        (b"<<: {a: 1}", {"<<": {"a": 1}}),
        (b"\xef\xbb\xbfa: 1", {"a": 1}),
        (b"", None),
        (b'{"a": [1, true, "\\u00e4"]}', {"a": [1, True, "ä"]}),
    ],
)
def test_values_are_those_of_yaml_1_2(text: bytes, expected: Any, loader: type) -> None:
    assert load_document(text, loader).data == expected


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b", ".join([b"*%c" % (name - 1)] * 10)) for name in b"bcdefghi"
)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"rules: []\nversion: 1\nrules: []", "line 3: column 1: the key 'rules' stands twice in this mapping"),
        (b"a: !!python/object/apply:os.system [x]", "line 1: column 4: expected plain values without YAML tags"),
        (b"a: !!str 1", "line 1: column 4: expected plain values without YAML tags"),
        (b"a: ! 5", "line 1: column 4: expected plain values without YAML tags"),
        (b"a: !env X", "line 1: column 4: expected plain values without YAML tags"),
        (b"---\na\n---\nb", "line 3: column 1: expected one document, got a second"),
        (b"a: &x [*x]", "line 1: column 8: expected the alias of an anchor above it, got *x"),
        (b"repositories:\n  - *-web\n", "put a glob that begins with * in quotes"),
        (b"repositories: [*]", "put a glob that begins with * in quotes"),
        (b"? [a]\n: b", "expected a text as key"),
        (b"1: a", "line 1: column 1: expected a text as key"),
        (b"a: [", "line "),
        (b"a:\n\t- b", "line 2: column 1"),
        (b"a: b: c", "line 1: column 5"),
        (b"a: \x01", "not YAML"),
        (b"a:\n- \xff", "line 2: expected UTF-8, got the byte 0xff"),
        (b'"\\UFFFFFFFF"', ""),
        (b'"\\ud800"', ""),
        (b"[" * 60 + b"]" * 60, "line 1: column 21: expected at most 20 levels"),
        (b"[" * 100_000, "line 1: column 21: expected at most 20 levels"),
        (BOMB, "expected at most 100000 values, aliases expanded"),
        (b"#" * (MAX_BYTES + 1), "expected at most 262144 bytes, got 262145"),
    ],
)
def test_what_is_not_taken_is_told_with_its_line(text: bytes, says: str, loader: type) -> None:
    [problem] = problems_of(text, loader)

    assert says in str(problem)


def test_each_problem_of_a_policy_has_its_line() -> None:
    text = b"""\
version: 1
defaults: {linked: never}
rules:
  - name: a
    platforms:
      - linux/amd64
      - linux/amd46
    mach: any
  - repositories: [x]
"""
    with pytest.raises(PolicyError) as raised:
        load_policy(text)

    assert [(problem.path, problem.line) for problem in raised.value.problems] == [
        ("defaults.linked", 2),
        ("rules[0].platforms[1]", 7),
        ("rules[0].mach", 8),
        ("rules[1]", 9),
    ]


@pytest.mark.parametrize("loader", LOADERS)
def test_a_policy_of_nearly_the_largest_size_is_read(loader: type) -> None:
    rule = (
        "- name: team {0} builds for both\n  repositories: [team-{0}/*]\n  tags: ['v*', 'release-*']\n"
        "  platforms: [linux/amd64, linux/arm64]\n  linked: off\n"
    )
    exemption = "- repositories: [team-{0}/old]\n  reason: still on the old cluster\n  until: 2027-01-31\n"
    numbers = range(1000)
    text = "".join(
        ["version: 1\nrules:\n", *map(rule.format, numbers), "exemptions:\n", *map(exemption.format, numbers)]
    ).encode()
    assert 0.8 * MAX_BYTES < len(text) <= MAX_BYTES

    policy = load_policy(text)

    assert len(policy.rules) == len(policy.exemptions) == 1000
    assert read_policy(load_document(text, loader).data) == policy


@given(documents)
def test_a_document_is_the_same_in_yaml_and_json(document: dict[str, Any]) -> None:
    as_yaml = yaml.safe_dump(document, sort_keys=False).encode()
    as_json = json.dumps(document).encode()

    assert load_policy(as_yaml) == load_policy(as_json) == read_policy(document)


_fragments = st.sampled_from(
    ["a", ":", " ", "\n", "- ", "[", "]", "{", "}", ",", "&a ", "*a", "!", "!!x ", "'", '"', "|", ">", "%", "---",
     "\\U", "\\x", "?", "#", "~", "0", "\t", "é", "\u2028", "%YAML 1.2", "..."]
)  # fmt: skip


@given(st.lists(_fragments, max_size=30).map(lambda parts: "".join(parts).encode()) | st.binary(max_size=60))
def test_whatever_comes_is_data_or_a_policy_error(text: bytes) -> None:
    for loader in (yaml.SafeLoader, yaml.CSafeLoader):
        assert all(str(problem) for problem in problems_of(text, loader))
