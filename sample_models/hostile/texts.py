"""Models that attack the screen: with what they are called, what their parts are called, and what their errors say.

Owns the writers; the models are put together with onnx.
"""

from pathlib import Path

from sample_models.hostile.attack import Attack, Stop
from sample_models.hostile.onnx_files import built
from storage.vocabulary import Format

ESCAPES = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202eevil\u2066\x00\x08\r\n"
"""A title for the terminal, a cleared screen, a colour by an 8-bit code, text from right to left, and control marks."""

MARKUP = "fold[/]er[@click=app.quit]x[/]"
"""What a console that takes names for markup dies of, or turns into a button that ends it."""

LONG = 10 * 1024 * 1024


def escaping_parts(file: Path, canary: Path) -> Path:
    """Write a model whose input and output are called by control sequences."""
    del canary  # it attacks the terminal
    return _passing(file, ESCAPES.replace("\x00", ""))


def escaping_error(file: Path, canary: Path) -> Path:
    """Write a model that cannot be loaded, for a reason that is a control sequence."""
    del canary  # as above
    from onnx import helper

    node = helper.make_node(ESCAPES.replace("\x00", ""), ["x"], ["y"])
    file.write_bytes(built([node]).SerializeToString())
    return file


def endless_name(file: Path, canary: Path) -> Path:
    """Write a model with an input whose name has ten million letters."""
    del canary  # it attacks every table that it would stand in
    return _passing(file, "n" * LONG)


def marked_up_parts(file: Path, canary: Path) -> Path:
    """Write a model whose input and output are called by markup."""
    del canary  # it attacks the console
    return _passing(file, MARKUP)


def _passing(file: Path, name: str) -> Path:
    """Write a model that answers with its input, both called ``name``."""
    from onnx import helper

    nodes = [helper.make_node("Identity", [name], [f"{name}!"])]
    file.write_bytes(built(nodes, inputs=name, outputs=f"{name}!").SerializeToString())
    return file


ATTACKS = (
    Attack(
        "escaping.onnx",
        23,
        "an ONNX model whose input is called by escape sequences",
        escaping_parts,
        "",
        Stop.CLEANED,
        Format.ONNX,
    ),
    Attack(
        "\x1b]0;pwned\x07\u202efile.onnx",
        23,
        "a good ONNX model in a file that is called by escape sequences",
        marked_up_parts,
        "",
        Stop.CLEANED,
        Format.ONNX,
    ),
    Attack(
        "error.onnx",
        23,
        "an ONNX model whose error is an escape sequence",
        escaping_error,
        "pwned",
        Stop.WALLED,
        Format.ONNX,
    ),
    Attack(
        "endless-name.onnx",
        23,
        "an ONNX model with a name of ten million letters",
        endless_name,
        "",
        Stop.CLEANED,
        Format.ONNX,
    ),
    Attack(
        "markup.onnx",
        24,
        "an ONNX model whose input is called by markup",
        marked_up_parts,
        "",
        Stop.CLEANED,
        Format.ONNX,
    ),
    Attack(
        "[@click=app.quit]file[bold].onnx",
        24,
        "a good ONNX model in a file that is called by markup",
        marked_up_parts,
        "",
        Stop.CLEANED,
        Format.ONNX,
    ),
)
