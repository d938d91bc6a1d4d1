"""Policy documents for tests: valid ones for hypothesis, and the table that parser and schema are both held to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_repository_globs = st.lists(
    st.sampled_from(["*", "team/*", "team/web", "base", "x-?", "*/jobs", "a.b_c-d/*"]), min_size=1, max_size=3
)
_tag_globs = st.lists(st.sampled_from(["*", "v*", "latest", "V1.?", "*-arm64", "1_0"]), min_size=1, max_size=3)
_captures = st.lists(
    st.sampled_from(["{version}-{arch}", "{version}_{arch}", "{v}-{platform}", "*-{os}-{arch}", "{arch}-{variant}"]),
    min_size=1,
    max_size=3,
)
_platforms = st.lists(
    st.sampled_from(
        [
            "linux/amd64",
            "arm64",
            "linux",
            "linux/arm/v7",
            "windows(10.0.20348)/amd64",
            "x86_64",
            "Windows()/amd64",
            "windows(10.0.20348.169)",
            "linux/amd64/v3",
            "linux/arm64/V8.2",
            "linux/arm64/9.0",
            "linux/arm/6",
        ]
    ),
    min_size=1,
    max_size=3,
)
_linked = st.sampled_from(["exact", "repository", "off"])
_on_mismatch = st.sampled_from(["alert", "tag", "quarantine", "archive", "delete"])
_dates = st.dates().map(lambda day: day.isoformat())
_words = st.sampled_from(["why not", "bis die PDF-Bibliothek für arm64 da ist", "JIRA-1: x"])

_exemptions = st.lists(
    st.fixed_dictionaries(
        {"reason": _words, "until": _dates}, optional={"repositories": _repository_globs, "tags": _tag_globs}
    ),
    max_size=3,
)
_common: dict[str, SearchStrategy[Any]] = {
    "repositories": _repository_globs,
    "linked": _linked,
    "on_mismatch": _on_mismatch,
    "exemptions": _exemptions,
}
_rules: SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries({}, optional={**_common, "tags": _tag_globs}),
    st.fixed_dictionaries({"tags": _captures}, optional={**_common, "extra": st.booleans()}),
    st.fixed_dictionaries(
        {"platforms": _platforms},
        optional={
            **_common,
            "tags": _tag_globs,
            "match": st.sampled_from(["all", "any"]),
            "extra": st.booleans(),
        },
    ),
)


@st.composite
def _documents(draw: st.DrawFn) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    for number, rule in enumerate(draw(st.lists(_rules, max_size=5))):
        # A glob of its own keeps each rule reachable, whatever stands before it.
        own = [*rule.get("repositories", []), f"own-{number}"]
        rules.append({"name": f"rule {number}", **rule, "repositories": own})
    first_catch_all = next((place for place, rule in enumerate(rules) if "*" in rule["repositories"]), len(rules))
    document: dict[str, Any] = {"version": 1, "rules": rules[: first_catch_all + 1]}
    if draw(st.booleans()):
        document["exemptions"] = draw(_exemptions)
    if draw(st.booleans()):
        document["defaults"] = draw(
            st.fixed_dictionaries({}, optional={"linked": _linked, "on_mismatch": _on_mismatch})
        )
    return document


documents: SearchStrategy[dict[str, Any]] = _documents()
"""Valid policy documents."""


def ruled(**rule: Any) -> dict[str, Any]:
    """A document of one rule."""
    return {"version": 1, "rules": [{"name": "r", **rule}]}


def exempted(**exemption: Any) -> dict[str, Any]:
    """A document of one exemption."""
    return {"version": 1, "exemptions": [{"reason": "why", "until": "2027-01-31", **exemption}]}


INVALID: list[tuple[str, Any, str]] = [
    ("not a mapping", [], "expected a mapping with the keys version, defaults, rules, exemptions, got a list"),
    ("nothing", None, "expected a mapping with the keys version, defaults, rules, exemptions, got nothing"),
    ("no version", {"rules": []}, "expected version: 1, got none"),
    ("later version", {"version": 2}, "version: expected version: 1, got 2"),
    ("version as text", {"version": "1"}, "version: expected version: 1, got '1'"),
    ("version as truth", {"version": True}, "version: expected version: 1, got true"),
    ("unknown key", {"version": 1, "ruls": []}, "ruls: unknown key; did you mean rules?"),
    ("far-off key", ruled(zzz=1), ("rules[0].zzz: unknown key; expected one of name, repositories, tags, platforms, "
     "match, extra, linked, on_mismatch, exemptions")),
    ("rules no list", {"version": 1, "rules": {}}, "rules: expected a list, got a mapping"),
    ("rules left empty", {"version": 1, "rules": None}, "rules: expected a list, got nothing"),
    ("too many rules", {"version": 1, "rules": [{"name": f"r{n}", "repositories": [f"r{n}"]} for n in range(1001)]},
     "rules: expected at most 1000 items, got 1001"),
    ("rule no mapping", {"version": 1, "rules": ["x"]}, ("rules[0]: expected a mapping with the keys name, "
     "repositories, tags, platforms, match, extra, linked, on_mismatch, exemptions, got 'x'")),
    ("no name", {"version": 1, "rules": [{}]}, "rules[0]: expected the key name"),
    ("empty name", ruled(name=""), "rules[0].name: expected a text of one line without blanks around it, got ''"),
    ("long name", ruled(name="n" * 101), "rules[0].name: expected at most 100 characters, got 101"),
    ("repositories as text", ruled(repositories="team/*"), "rules[0].repositories: expected a list, got 'team/*'"),
    ("no repositories", ruled(repositories=[]),
     "rules[0].repositories: expected at least one item, got an empty list; leave the key out instead"),
    ("upper-case repository", ruled(repositories=["Team/*"]), ("rules[0].repositories[0]: expected a glob over "
     "repository names (lower-case letters, digits, - _ . / and the wildcards * and ?), got 'Team/*'")),
    ("long repository", ruled(repositories=["a" * 257]),
     "rules[0].repositories[0]: expected at most 256 characters, got 257"),
    ("many globs", ruled(repositories=["a"] * 101), "rules[0].repositories: expected at most 100 items, got 101"),
    ("number as tag", ruled(tags=[1.1]), "rules[0].tags[0]: expected a text, got 1.1; put it in quotes"),
    ("character set in a tag", ruled(tags=["v[12]"]), ("rules[0].tags[0]: expected a glob over tags (letters, digits, "
     "- _ ., the wildcards * and ?, captures such as {version}-{arch}), got 'v[12]'")),
    ("long tag", ruled(tags=["a" * 129]), "rules[0].tags[0]: expected at most 128 characters, got 129"),
    ("no platforms", ruled(platforms=[]),
     "rules[0].platforms: expected at least one item, got an empty list; leave the key out instead"),
    ("platform of four parts", ruled(platforms=["linux/arm/v7/x"]),
     "rules[0].platforms[0]: expected os/architecture[/variant], such as linux/amd64, got 'linux/arm/v7/x'"),
    ("platform glob", ruled(platforms=["linux/*"]),
     "rules[0].platforms[0]: expected os/architecture[/variant], such as linux/amd64, got 'linux/*'"),
    ("platform as number", ruled(platforms=[386]), "rules[0].platforms[0]: expected a text, got 386; put it in quotes"),
    ("Windows by its other name", ruled(platforms=["windows(ltsc2022)/amd64"]), ("rules[0].platforms[0]: expected a "
     "build such as windows(10.0.20348)/amd64 (Server 2022), got 'windows(ltsc2022)/amd64'")),
    ("half a version", ruled(platforms=["windows(10.0)"]), ("rules[0].platforms[0]: expected a build such as "
     "windows(10.0.20348)/amd64 (Server 2022), got 'windows(10.0)'")),
    ("level in words", ruled(platforms=["linux/arm64/fast"]), ("rules[0].platforms[0]: 'linux/arm64/fast' names an "
     "unknown CPU level 'fast'; arm64 has v8 and v9, also with a minor version: v8.2")),
    ("match of nothing", ruled(match="any"),
     "rules[0].match: says how many of platforms an image must have, and the rule names none"),
    ("unknown match", ruled(platforms=["arm64"], match="some"),
     "rules[0].match: expected one of all, any, got 'some'"),
    ("extra as text", ruled(platforms=["arm64"], extra="no"), "rules[0].extra: expected true or false, got 'no'"),
    ("unknown linked", ruled(linked="repo"), "rules[0].linked: did you mean repository?, got 'repo'"),
    ("linked switched off by YAML 1.1", ruled(linked=False),
     "rules[0].linked: expected one of exact, repository, off, got false"),
    ("unknown action", ruled(on_mismatch="remove"),
     "rules[0].on_mismatch: expected one of alert, tag, quarantine, archive, delete, got 'remove'"),
    ("misspelt action", ruled(on_mismatch="quarantaine"),
     "rules[0].on_mismatch: did you mean quarantine?, got 'quarantaine'"),
    ("unknown default", {"version": 1, "defaults": {"on_mismatch": "Tag"}},
     "defaults.on_mismatch: did you mean tag?, got 'Tag'"),
    ("defaults no mapping", {"version": 1, "defaults": []},
     "defaults: expected a mapping with the keys linked, on_mismatch, got a list"),
    ("no reason", {"version": 1, "exemptions": [{"until": "2027-01-31"}]}, "exemptions[0]: expected the key reason"),
    ("no end", {"version": 1, "exemptions": [{"reason": "why"}]}, "exemptions[0]: expected the key until"),
    ("no such day", exempted(until="2027-02-30"),
     "exemptions[0].until: expected a date such as 2027-01-31, got '2027-02-30'"),
    ("another date form", exempted(until="20270131"),
     "exemptions[0].until: expected a date such as 2027-01-31, got '20270131'"),
    ("date as number", exempted(until=2027), "exemptions[0].until: expected a text, got 2027; put it in quotes"),
    ("captures in an exemption", exempted(tags=["{v}-{arch}"]), ("exemptions[0].tags[0]: expected a glob over tags "
     "(letters, digits, - _ . and the wildcards * and ?), got '{v}-{arch}'")),
    ("long reason", exempted(reason="n" * 501), "exemptions[0].reason: expected at most 500 characters, got 501"),
]  # fmt: skip
"""What is wrong, the document, and what the parser says of it; the schema refuses each too."""

INVALID_TO_THE_PARSER: list[tuple[str, Any, str]] = [
    ("unknown architecture", ruled(platforms=["linux/amd46"]),
     "rules[0].platforms[0]: 'linux/amd46' names an unknown architecture 'amd46'; did you mean amd64?"),
    ("unknown os", ruled(platforms=["linus/amd64"]),
     "rules[0].platforms[0]: 'linus/amd64' names an unknown operating system 'linus'; did you mean linux?"),
    ("version of Linux", ruled(platforms=["linux(5.4.0)/amd64"]), ("rules[0].platforms[0]: expected a version of "
     "windows only, such as windows(10.0.20348)/amd64, got 'linux(5.4.0)/amd64'")),
    ("unknown level", ruled(platforms=["linux/amd64/v9"]),
     "rules[0].platforms[0]: 'linux/amd64/v9' names an unknown CPU level 'v9'; amd64 has v1 to v4"),
    ("level of what has none", ruled(platforms=["linux/386/v7"]),
     "rules[0].platforms[0]: 'linux/386/v7' names an unknown CPU level 'v7'; 386 has none"),
    ("name over two lines", ruled(name="a\nb"),
     "rules[0].name: expected a text of one line without blanks around it, got 'a\\nb'"),
    ("name used twice", {"version": 1, "rules": [{"name": "r", "repositories": ["a"]}, {"name": "r"}]},
     "rules[1].name: expected a name of its own, got that of rules[0]"),
    ("unreachable", {"version": 1, "rules": [{"name": "all"}, {"name": "web", "repositories": ["team/web"]}]},
     ("rules[1]: rule 'web' can never match: rules[0] 'all' stands before it and takes all that it would; put the "
      "more specific rule first")),
    ("captures beside platforms", ruled(tags=["{v}-{arch}"], platforms=["arm64"]),
     "rules[0].platforms: the tags capture the platform; leave platforms out, or the captures"),
    ("captures beside globs", ruled(tags=["{v}-{arch}", "v*"]),
     "rules[0].tags: expected captures in all of the tags or in none; make two rules of it"),
    ("misspelt capture", ruled(tags=["{v}-{archi}"]),
     "rules[0].tags[0]: {archi} would match anything; did you mean {arch}?"),
    ("extra of nothing", ruled(extra=False),
     "rules[0].extra: says whether there may be other platforms, and the rule names none"),
]  # fmt: skip
"""As above; a schema cannot say these."""
