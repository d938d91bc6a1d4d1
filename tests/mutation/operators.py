"""Mutants: a module's source with one thing wrong, of the kinds that would let something be done that must not be.

The usual tools leave out what matters most here. One does not mutate properties and what stands outside of functions,
such as the tables of checks; the other has no operator that drops a check or a statement, and mutates annotations.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Mutant:
    """A source with one thing wrong.

    Attributes:
        name: of it, stable while the function that it is in is: ``function: before => after``.
        line: of the thing.
        source: of the whole module.
    """

    name: str
    line: int
    source: str


_OPPOSITE: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.Is: ("is not",),
    ast.IsNot: ("is",),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
_SIGNS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_OTHER_CALL = {"any": "all", "all": "any", "min": "max", "max": "min", "sorted": "list"}


def mutants(source: str, names: Mapping[str, object]) -> list[Mutant]:
    """Every mutant of a module, in the order of its source.

    Args:
        source: of the module.
        names: that the module knows as it runs; an enumeration's members are taken one for another.
    """
    made: list[Mutant] = []
    seen: dict[str, int] = {}
    for where, node, changed in _Changes(source, names).of(ast.parse(source), ""):
        begin, end = _span(source, node)
        text = source.encode()
        name = f"{where}: {_short(text[begin:end].decode())} => {_short(changed) or 'nothing'}"
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            name = f"{name} ({seen[name]})"
        made.append(Mutant(name, node.lineno, (text[:begin] + changed.encode() + text[end:]).decode()))
    return made


def _span(source: str, node: ast.expr | ast.stmt) -> tuple[int, int]:
    """The bytes of a node."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    end_line, end_column = node.end_lineno, node.end_col_offset
    if end_line is None or end_column is None:
        raise ValueError(f"expected a node that ends, got {ast.dump(node)}")
    return starts[node.lineno - 1] + node.col_offset, starts[end_line - 1] + end_column


def _short(text: str) -> str:
    return " ".join(text.split())


type _Change = tuple[str, ast.expr | ast.stmt, str]


class _Changes:
    """The changes of a tree: where, which node, and the text that takes its place."""

    def __init__(self, source: str, names: Mapping[str, object]) -> None:
        self._source = source
        self._names = names

    def of(self, node: ast.AST, where: str, declared: str | None = None) -> Iterator[_Change]:
        """The changes of a node and all that it contains; annotations, decorators and docstrings are not code.

        Args:
            node: of the tree.
            where: the function that it is in.
            declared: what that function says that it returns; None outside of functions.
        """
        if isinstance(node, ast.expr | ast.stmt):
            yield from ((where or "module", node, changed) for changed in self._here(node, declared))
        for condition in _conditions(node):
            yield from ((where or "module", condition, f"({always})") for always in ("True", "False"))
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            where = f"{where}.{node.name}" if where else node.name
        if isinstance(node, ast.FunctionDef):
            declared = "" if node.returns is None else self._text(node.returns)
        for child in _code(node):
            yield from self.of(child, where, declared)

    def _text(self, node: ast.expr) -> str:
        return ast.get_source_segment(self._source, node) or ""

    def _here(self, node: ast.expr | ast.stmt, declared: str | None) -> Iterator[str]:
        match node:
            case ast.Expr() | ast.Assign() | ast.AugAssign() | ast.Raise() | ast.Continue() | ast.Break():
                if declared is not None and not _is_docstring(node):
                    yield "pass"
            case ast.Return(ast.expr() as value):
                yield from (f"return {each}" for each in _returned(declared or "") if each != self._text(value))
            case ast.Tuple(elements, ast.Load()) | ast.List(elements, ast.Load()) | ast.Set(elements):
                yield from self._without_one(node, elements)
            case ast.Call():
                yield from self._called(node)
            case ast.Constant(value):
                yield from _constants(value)
            case ast.Attribute(ast.Name(owner), member):
                yield from self._members(owner, member)
            case _:
                yield from self._operated(node)

    def _operated(self, node: ast.AST) -> Iterator[str]:
        match node:
            case ast.BoolOp(op, values):
                yield from self._operands(op, values)
            case ast.UnaryOp(ast.Not(), operand):
                yield f"({self._text(operand)})"
            case ast.Compare(left, operators, rights):
                yield from self._compared(left, operators, rights)
            case ast.BinOp(left, op, right):
                yield from (self._text(left), self._text(right))
                if isinstance(op, ast.Add | ast.Sub):
                    sign = "-" if isinstance(op, ast.Add) else "+"
                    yield f"{self._text(left)} {sign} {self._text(right)}"
            case _:
                pass

    def _operands(self, op: ast.boolop, values: Sequence[ast.expr]) -> Iterator[str]:
        texts = [f"({self._text(value)})" for value in values]
        word, other = (" and ", " or ") if isinstance(op, ast.And) else (" or ", " and ")
        yield f"({other.join(texts)})"
        for at in range(len(texts)):
            yield f"({word.join(texts[:at] + texts[at + 1 :])})"

    def _compared(self, left: ast.expr, operators: Sequence[ast.cmpop], rights: Sequence[ast.expr]) -> Iterator[str]:
        for at, operator in enumerate(operators):
            for other in _OPPOSITE[type(operator)]:
                signs = [_SIGNS[type(each)] for each in operators]
                signs[at] = other
                pairs = zip(signs, rights, strict=True)
                yield " ".join([self._text(left), *(f"{sign} {self._text(right)}" for sign, right in pairs)])

    def _without_one(self, node: ast.expr, elements: Sequence[ast.expr]) -> Iterator[str]:
        texts = [self._text(element) for element in elements]
        for at in range(len(texts)):
            rest = texts[:at] + texts[at + 1 :]
            match node:
                case ast.List():
                    yield f"[{', '.join(rest)}]"
                case ast.Set():
                    yield f"{{{', '.join(rest)}}}" if rest else "set()"
                case _:
                    yield f"({''.join(f'{text}, ' for text in rest)})"

    def _called(self, node: ast.Call) -> Iterator[str]:
        texts = [self._text(argument) for argument in node.args]
        keywords = [f"{each.arg}={self._text(each.value)}" if each.arg else "" for each in node.keywords]
        name = self._text(node.func)
        if name in _OTHER_CALL:
            yield f"{_OTHER_CALL[name]}({', '.join(texts)})"
        if len(texts) > 1:
            yield f"{name}({', '.join([*texts[:-1], *keywords])})"
        for at in range(len(keywords)):
            yield f"{name}({', '.join([*texts, *keywords[:at], *keywords[at + 1 :]])})"

    def _members(self, owner: str, member: str) -> Iterator[str]:
        known = self._names.get(owner)
        if not isinstance(known, type) or not issubclass(known, Enum) or member not in known.__members__:
            return
        members = list(known.__members__)
        at = members.index(member)
        for other in {(at + 1) % len(members), (at - 1) % len(members)} - {at}:
            yield f"{owner}.{members[other]}"


def _returned(declared: str) -> Iterator[str]:
    """What a function might return that found nothing."""
    if declared == "bool":
        yield from ("True", "False")
    if declared.startswith("tuple[") and declared.endswith("...]"):
        yield "()"
    if declared.endswith("| None"):
        yield "None"


def _constants(value: object) -> Iterator[str]:
    if isinstance(value, bool):
        yield str(not value)
    elif isinstance(value, int):
        yield str(value + 1)
    elif value == "":
        yield '"?"'


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _code(node: ast.AST) -> Iterator[ast.AST]:
    """The children that are run."""
    match node:
        case ast.FunctionDef():
            yield from (*node.args.defaults, *(each for each in node.args.kw_defaults if each is not None), *node.body)
        case ast.ClassDef():
            yield from node.body
        case ast.AnnAssign():
            yield from [node.value] if node.value is not None else []
        case ast.TypeAlias() | ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            pass
        case ast.If(ast.Name("TYPE_CHECKING")):
            pass
        case ast.Expr(ast.Constant()):
            pass
        case _:
            yield from ast.iter_child_nodes(node)


def _conditions(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.If(ast.Name("TYPE_CHECKING")):
            pass
        case ast.If(test) | ast.While(test) | ast.IfExp(test):
            yield test
        case ast.comprehension(ifs=tests):
            yield from tests
        case ast.match_case(guard=ast.expr() as guard):
            yield guard
        case _:
            pass
