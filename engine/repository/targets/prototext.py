"""Editing a protocol buffer's text format in place: numbers of one field change, every other byte stays.

Owns the grammar of the format as the servers read it (comments, strings, both kinds of brackets, lists, short and
long forms) and the few edits that promotions need. It knows no message: which fields there are is its caller's.
Parsing with the servers' own definitions and printing again would lose comments, order, and fields that a newer
server knows and we do not.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n\f\v]+|\#[^\n]*)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<word>[A-Za-z0-9_.+][A-Za-z0-9_.+]*(?:(?<=[eE])-[0-9]+)?)
      | (?P<symbol>[{}<>\[\]:;,/-])""",
    re.VERBOSE,
)

CLOSING = {"{": "}", "<": ">"}

DEEPEST = 64
"""Messages within messages; the servers' own parsers stop at 100."""

INDENT = "  "

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|[xX]([0-9A-Fa-f]{1,2})|(.))", re.DOTALL)


class Token(NamedTuple):
    """A piece of the text that means something."""

    start: int
    end: int
    text: str
    kind: str


class Message(NamedTuple):
    """A message: its fields, and where its inside begins and ends."""

    start: int
    """Of its opening bracket; of the text for the outermost."""
    inside: int
    close: int
    """Where its closing bracket is; for the outermost the end of the text."""
    fields: "tuple[Field, ...]"

    def named(self, name: str) -> "list[Field]":
        """Return the fields of that name."""
        return [field for field in self.fields if field.name == name]

    def messages(self, name: str) -> "list[Message]":
        """Return the messages of that name, those in lists as well."""
        return [value for field in self.named(name) for value in field.values if isinstance(value, Message)]

    def scalars(self, name: str) -> "list[Scalar]":
        """Return the plain values of that name, those in lists as well."""
        return [value for field in self.named(name) for value in field.values if isinstance(value, Scalar)]


class Scalar(NamedTuple):
    """A number, word or string, as it stands and as it is meant."""

    start: int
    end: int
    meant: str


class Field(NamedTuple):
    """A field with its value, or the values of its list."""

    name: str
    start: int
    value_end: int
    end: int
    """Behind the separator that may follow."""
    values: tuple[Message | Scalar, ...]


class Edit(NamedTuple):
    """What takes the place of a part of the text."""

    start: int
    end: int
    text: str


class SyntaxProblem(Exception):  # noqa: N818 - said to a person with the file's name before it
    """The text is not in the format."""


def parse(text: str) -> Message:
    """Return what a text holds.

    Raises:
        SyntaxProblem: it is not in the format; the message names the line.
    """
    return _Parser(text).whole()


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with edits made that do not overlap."""
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def set_numbers(text: str, message: Message, name: str, numbers: Sequence[int]) -> list[Edit]:
    """Return the edits that make a repeated field of a message hold these numbers and no others."""
    written = f"{name}: [ {', '.join(map(str, numbers))} ]"
    fields = message.named(name)
    if not fields:
        return [insert(text, message, written)]
    first, *rest = fields
    return [
        Edit(first.start, first.value_end, written),
        *(_removal(text, field) for field in rest),
    ]


def _removal(text: str, field: Field) -> Edit:
    """Return the edit that takes a field away, with its line where it stands alone on it."""
    start, end = text.rfind("\n", 0, field.start) + 1, text.find("\n", field.end) + 1
    if end and not text[start : field.start].strip() and not text[field.end : end].strip():
        return Edit(start, end, "")
    return Edit(field.start, field.end, "")


def insert(text: str, message: Message, written: str) -> Edit:
    """Return the edit that adds a field at the end of a message, on a line of its own where the others are."""
    last = message.fields[-1] if message.fields else None
    at = last.end if last else message.inside
    if "\n" not in text[message.inside : message.close] and message.close < len(text):
        return Edit(at, at, f" {written}{'' if text[at : at + 1].isspace() else ' '}")
    home = last.start if last else message.start
    line = text[text.rfind("\n", 0, home) + 1 : home]
    indent = line[: len(line) - len(line.lstrip())] + ("" if last else INDENT)
    # Behind a comment that ends the line, not within it.
    end = text.find("\n", at)
    rest = text[at : len(text) if end < 0 else end]
    if not rest.strip() or rest.strip().startswith("#"):
        at += len(rest)
    return Edit(at, at, f"\n{indent}{written}" + ("" if text[at : at + 1] in {"\n", ""} else f"\n{indent}"))


def quoted(text: str) -> str:
    """Return a string as the format writes it."""
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}" for byte in text.encode()
    )
    return f'"{escaped}"'


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._at = 0

    def whole(self) -> Message:
        fields = self._fields("", 0)
        return Message(0, 0, len(self._text), fields)

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def _next(self, wanted: str = "") -> Token:
        if self._at == len(self._tokens):
            raise SyntaxProblem("it ends too early")
        token = self._tokens[self._at]
        if wanted and token.text != wanted:
            raise self._wrong(token)
        self._at += 1
        return token

    def _wrong(self, token: Token) -> SyntaxProblem:
        line = self._text.count("\n", 0, token.start) + 1
        return SyntaxProblem(f"line {line}: '{token.text[:40]}' is not expected there")

    def _fields(self, close: str, depth: int) -> "tuple[Field, ...]":
        if depth > DEEPEST:
            raise SyntaxProblem(f"its messages lie more than {DEEPEST} deep in each other")
        found = []
        while self._peek() and self._peek() != close:
            found.append(self._field(depth))
        return tuple(found)

    def _field(self, depth: int) -> Field:
        first = self._next()
        if first.text == "[":
            # The name of an extension, or the type of an Any.
            while self._peek() != "]":
                self._next()
            self._next()
        elif first.kind != "word":
            raise self._wrong(first)
        if self._peek() == ":":
            self._next()
        elif self._peek() not in CLOSING and self._peek() != "[":
            raise self._wrong(self._next())
        values = self._values(depth)
        value_end = self._tokens[self._at - 1].end
        if self._peek() in {";", ","}:
            self._next()
        return Field(first.text, first.start, value_end, self._tokens[self._at - 1].end, values)

    def _values(self, depth: int) -> tuple[Message | Scalar, ...]:
        if self._peek() != "[":
            return (self._value(depth),)
        self._next()
        found = []
        while self._peek() != "]":
            found.append(self._value(depth))
            if self._peek() != "]":
                self._next(",")
        self._next()
        return tuple(found)

    def _value(self, depth: int) -> Message | Scalar:
        first = self._next()
        if first.text in CLOSING:
            fields = self._fields(CLOSING[first.text], depth + 1)
            return Message(first.start, first.end, self._next(CLOSING[first.text]).start, fields)
        if first.kind == "string":
            parts = [first]
            while self._at < len(self._tokens) and self._tokens[self._at].kind == "string":
                parts.append(self._next())
            return Scalar(first.start, parts[-1].end, "".join(_meant(part.text) for part in parts))
        sign = first.text == "-"
        word = self._next() if sign else first
        if word.kind != "word":
            raise self._wrong(word)
        return Scalar(first.start, word.end, f"{'-' if sign else ''}{word.text}")


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            line = text.count("\n", 0, at) + 1
            raise SyntaxProblem(f"line {line}: {text[at]!r} begins nothing")
        if found.lastgroup != "blank":
            yield Token(at, found.end(), found.group(), str(found.lastgroup))
        at = found.end()


def _meant(literal: str) -> str:
    def one(found: re.Match[bytes]) -> bytes:
        octal, hexadecimal, plain = found.groups()
        if octal is not None:
            return bytes([int(octal, 8) & 255])
        if hexadecimal is not None:
            return bytes([int(hexadecimal, 16)])
        return ESCAPES.get(plain.decode("latin-1"), "").encode() or plain

    return ESCAPE.sub(one, literal[1:-1].encode()).decode(errors="replace")
