"""The language of filters: text to a tree of terms; an error names the column where it stands.

    class:car area>5000 iou<0.6 (tag:night or tag:rain) -status:reviewed name~frankfurt

Terms that stand side by side all hold, and of one and the same class and object of the image.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches

from segstudio.core.errors import UserError
from segstudio.session.dataset.query_fields import FIELDS, STATES, Field

_TOKEN = re.compile(r'\s*(?:(?P<mark>[()|])|(?P<minus>-(?=[^\s]))|(?P<word>(?:"[^"]*"?|[^\s()|"])+))')
_TERM = re.compile(r"(?P<field>[A-Za-z_]+)(?P<op>!=|<=|>=|[:=<>~])(?P<value>.*)", re.DOTALL)
_NUMBER = re.compile(r"(?P<digits>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(?P<unit>[%kKmM]?)")
_UNITS = {"": 1.0, "%": 0.01, "k": 1e3, "m": 1e6}
MAX_DEPTH = 50
"""Parentheses inside one another; more is no question that a person asks."""


class QueryError(UserError):
    """A filter that cannot be understood; `column` (from 1) is where."""

    def __init__(self, column: int, message: str, *, hint: str = "") -> None:
        super().__init__(f"column {column}: {message}", hint=hint)
        self.column = column


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison. `value` is a number (dates as seconds since 1970), or text for every other kind of field."""

    field: Field
    op: str
    value: float | str
    column: int


@dataclass(frozen=True, slots=True)
class Not:
    """Images of which `node` does not hold, whatever class or object one looks at."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """All hold, of the same class and object. Without any, everything holds."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one holds."""

    nodes: tuple[Node, ...]


Node = Term | Not | And | Or


def parse(text: str) -> Node:
    """The tree of a filter; an empty one lets every image pass. Raises `QueryError`."""
    return _Parser(text).parse()


def plain(word: str) -> str:
    """A word as words are compared: without case, blanks, hyphens and underscores ("to do" is "todo")."""
    return re.sub(r"[\s_-]+", "", word.casefold())


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


class _Parser:
    """Recursive descent over: either = all {"or" all}; all = single {single}; single = ["-"] (term | "(" either ")")"""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0
        self._end = len(text) + 1

    def parse(self) -> Node:
        if not self._tokens:
            return And(())
        node = self._either()
        if (token := self._peek()) is not None:
            raise QueryError(token.column, "there is no “(” for this “)”")
        return node

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _either(self) -> Node:
        nodes = [self._all()]
        while (token := self._peek()) is not None and token.kind == "or":
            self._at += 1
            nodes.append(self._all())
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _all(self) -> Node:
        nodes: list[Node] = []
        while (token := self._peek()) is not None and token.kind not in ("or", ")"):
            if token.kind == "and" and nodes:
                self._at += 1
                token = self._peek()
            if token is None or token.kind in ("or", ")", "and"):
                break
            nodes.append(self._single(token))
        if not nodes or self._tokens[self._at - 1].kind == "and":
            token = self._peek()
            raise QueryError(token.column if token is not None else self._end, "something to look for is missing here")
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _single(self, token: _Token) -> Node:
        self._at += 1
        if token.kind == "term":
            return _term(token)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise QueryError(token.column, "too many parentheses inside one another")
        try:
            return self._negated(token) if token.kind == "not" else self._group(token)
        finally:
            self._depth -= 1

    def _negated(self, token: _Token) -> Node:
        following = self._peek()
        if following is None or following.kind in ("or", "and", ")"):
            raise QueryError(token.column, "a minus needs something to take away")
        return Not(self._single(following))

    def _group(self, token: _Token) -> Node:
        node = self._either()
        closing = self._peek()
        if closing is None:
            raise QueryError(token.column, "this “(” is not closed")
        self._at += 1
        return node


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:  # a lone minus
            lone = len(text) - len(text[at:].lstrip())
            raise QueryError(lone + 1, "a minus needs something to take away")
        kind = match.lastgroup or ""
        word, column = match[kind], match.start(kind) + 1
        if kind == "word" and word == "-":
            raise QueryError(column, "a minus needs something to take away")
        if word.count('"') % 2:
            raise QueryError(column + word.index('"'), "this quotation mark is not closed")
        lowered = word.lower()
        if kind == "mark":
            kind = "or" if word == "|" else word
        elif kind == "minus" or lowered == "not":
            kind = "not"
        else:
            kind = lowered if lowered in ("or", "and") else "term"
        tokens.append(_Token(kind, word, column))
        at = match.end()
    return tokens


def _term(token: _Token) -> Term:
    match = _TERM.fullmatch(token.text) if not token.text.startswith('"') else None
    if match is None:
        return Term(FIELDS["name"], "~", token.text.replace('"', "").casefold(), token.column)
    name, op = match["field"].lower(), match["op"]
    value, place = match["value"].replace('"', ""), token.column + match.start("value")
    field = FIELDS.get(name)
    if field is None:
        near = get_close_matches(name, FIELDS, 1)
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(FIELDS)}"
        raise QueryError(token.column, f"there is no field “{name}”", hint=hint)
    if not value:
        raise QueryError(place, f"{name}{op} needs a value, as in {field.example}")
    return Term(
        field, _operator(field, op, token.column + match.start("op")), _value(field, value, place), token.column
    )


def _operator(field: Field, op: str, column: int) -> str:
    same = {"=": ":"} if ":" in field.operators else {":": "="}
    op = same.get(op, op)
    if op not in field.operators:
        raise QueryError(column, f"{field.name} cannot be compared with {op}", hint=f"as in {field.example}")
    return op


def _value(field: Field, text: str, column: int) -> float | str:
    if field.kind == "number":
        match = _NUMBER.fullmatch(text.replace(",", ""))
        number = float(match["digits"]) * _UNITS[match["unit"].lower()] if match is not None else math.nan
        if not math.isfinite(number):
            raise QueryError(column, f"“{text}” is not a number", hint=f"as in {field.example}")
        return number
    if field.kind == "date":
        return _seconds(field, text, column)
    if field.kind == "state" and plain(text) not in STATES:
        raise QueryError(column, f"there is no state “{text}”", hint=f"there are: {', '.join(STATES)}")
    return plain(text) if field.kind in ("word", "class", "state") else text.casefold()


def _seconds(field: Field, text: str, column: int) -> float:
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise QueryError(column, f"“{text}” is not a date", hint=f"as in {field.example}") from None
