"""Promises about editing protobuf's text format: the right number changes, and nothing else does."""

import pytest

from engine.repository.targets import prototext
from engine.repository.targets.prototext import SyntaxProblem
from tests.serving_definitions import triton_config

FULL = """\
# what people write: { "braces" } in comments
name: "mnist"  # and behind values
platform: 'onnxruntime' "_onnx"
max_batch_size: 8;
input [
  { name: "x" data_type: TYPE_FP32 dims: [ -1, 28, 28 ] },  # a list
  < name: "y" data_type: TYPE_FP32 dims: 1 dims: 2 >
]
version_policy: { specific: < versions: 1, versions: [2, 3] > }
parameters: { key: "say \\"{\\" \\x41\\101" value: { string_value: "}" } }
"""


def written(text: str, versions: list[int]) -> str:
    """Return the text with these versions in its policy."""
    [policy] = prototext.parse(text).messages("version_policy")
    [specific] = policy.messages("specific")
    return prototext.apply(text, prototext.set_numbers(text, specific, "versions", versions))


def test_what_is_read_is_what_the_servers_read() -> None:
    """Names, strings in pieces, escapes, both brackets, lists and separators mean what protobuf says they mean."""
    ours, theirs = prototext.parse(FULL), triton_config(FULL)
    assert ours.scalars("platform")[0].meant == theirs.platform == "onnxruntime_onnx"
    assert [one.scalars("name")[0].meant for one in ours.messages("input")] == [
        one.name for one in theirs.input
    ]
    assert [value.meant for value in ours.messages("input")[0].scalars("dims")] == ["-1", "28", "28"]
    [specific] = ours.messages("version_policy")[0].messages("specific")
    assert [int(value.meant) for value in specific.scalars("versions")] == list(
        theirs.version_policy.specific.versions
    )
    [key] = theirs.parameters
    assert ours.messages("parameters")[0].scalars("key")[0].meant == key == 'say "{" AA'


def test_an_edit_changes_one_field_and_no_other_byte() -> None:
    """What stands before and behind the numbers stays as it was, comments included, and the whole still parses."""
    changed = written(FULL, [7])
    assert list(triton_config(changed).version_policy.specific.versions) == [7]
    before, after = FULL.split("versions: 1, versions: [2, 3]")
    assert changed.startswith(before)
    assert changed.endswith(after)
    for name in ("name", "platform", "max_batch_size", "input", "parameters"):
        assert getattr(triton_config(changed), name) == getattr(triton_config(FULL), name)


@pytest.mark.parametrize(
    "policy",
    [
        "version_policy { specific { versions: 1 } }",
        "version_policy: { specific { } }",
        "version_policy: { specific {\n  # nothing yet\n} }",
        "version_policy: <\n  specific <\n    versions: 1\n    versions: 2 # two\n  >\n>",
        "version_policy: { specific { versions: [] } } max_batch_size: 4",
        "version_policy { specific { versions: [1], } };",
    ],
)
def test_every_way_of_writing_a_list_is_replaced_once(policy: str) -> None:
    """Whichever form the numbers had, the same numbers stand there after one edit and after the same edit again."""
    changed = written(policy, [12, 11])
    assert list(triton_config(changed).version_policy.specific.versions) == [12, 11]
    assert written(changed, [12, 11]) == changed
    assert changed.count("#") == policy.count("#")


@pytest.mark.parametrize(
    "text",
    ["", "\n", 'name: "mnist"', 'name: "mnist"\n', 'name: "mnist" # why\n', 'name: "a", # why', "# only"],
)
def test_a_field_is_added_where_there_was_none(text: str) -> None:
    """A field that is added is read, wherever the text ended, and never falls into a comment."""
    edit = prototext.insert(text, prototext.parse(text), "max_batch_size: 3")
    assert triton_config(prototext.apply(text, [edit])).max_batch_size == 3


def test_a_field_is_added_in_the_style_of_its_neighbours() -> None:
    """A new line has the indentation of the line before it."""
    text = "input {\n    name: 'x'\n    dims: 1  # one\n}\n"
    [message] = prototext.parse(text).messages("input")
    changed = prototext.apply(text, [prototext.insert(text, message, "data_type: TYPE_FP32")])
    assert changed == "input {\n    name: 'x'\n    dims: 1  # one\n    data_type: TYPE_FP32\n}\n"
    assert triton_config(changed).input[0].data_type == 11


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: ", "it ends too early"),
        ("\nname { ", "it ends too early"),
        ("name: }", "line 1: '}' is not expected there"),
        ("a: 1\nb {>", "line 2: '>' is not expected there"),
        ('name: "open\n', "line 1: '\"' begins nothing"),
        ("name = 3", "line 1: '=' begins nothing"),
        ("name 3", "line 1: '3' is not expected there"),
        ("a: [1 2]", "line 1: '2' is not expected there"),
        ("a {" * 200, "its messages lie more than 64 deep in each other"),
    ],
)
def test_what_is_not_in_the_format_is_refused_with_its_line(text: str, said: str) -> None:
    """A file that no server could read is not written to."""
    with pytest.raises(SyntaxProblem) as caught:
        prototext.parse(text)
    assert str(caught.value) == said


def test_quoting_is_read_back() -> None:
    """Whatever a label is called, what is written means the same."""
    label = 'a "b" \\ ü 1'
    text = f"platform: {prototext.quoted(label)}"
    assert triton_config(text).platform == label
    assert prototext.parse(text).scalars("platform")[0].meant == label


def test_a_field_that_is_taken_away_takes_its_line_along() -> None:
    """No empty line is left where a number stood alone; what shares its line with others leaves only itself."""
    lines = "version_policy {\n  specific {\n    versions: 1\n    versions: 2\n  }\n}\n"
    assert written(lines, [7]) == lines.replace("    versions: 2\n", "").replace(
        "versions: 1", "versions: [ 7 ]"
    )
    shared = "version_policy { specific {\n versions: 1 versions: 2\n } }"
    assert written(shared, [7]) == shared.replace("versions: 1 versions: 2", "versions: [ 7 ] ")


def test_a_field_is_added_behind_what_shares_a_line_with_the_next() -> None:
    """Where the last field and the end of the message stand on one line, both stay readable, and so do their words."""
    text = "a {\n  b: 1 c: 2 }\n"
    [message] = prototext.parse(text).messages("a")
    changed = prototext.apply(text, [prototext.insert(text, message, "d: 3")])
    [after] = prototext.parse(changed).messages("a")
    assert [field.name for field in after.fields] == ["b", "c", "d"]


def test_extensions_are_passed_over() -> None:
    """A field that another maker added stands in brackets, and is none of ours; its end is looked for."""
    text = '[type.googleapis.com/pkg.Extra] { versions: 4 }\n[pkg.more]: 5\nname: "mnist"\n'
    found = prototext.parse(text)
    assert [field.name for field in found.fields] == ["[", "[", "name"]
    assert found.scalars("versions") == []
    with pytest.raises(SyntaxProblem, match="ends too early"):
        prototext.parse("[pkg.more")
