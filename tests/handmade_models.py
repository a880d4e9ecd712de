"""Model files made by hand, byte by byte: real to every check that looks without a framework, made in no time."""

from pathlib import Path


def onnx_bytes(name: str = "tiny", *, location: str = "", size: int = 0) -> bytes:
    """Return an ONNX file of one node, which ONNX Runtime runs; ``name`` makes contents differ, ``location`` puts its weights into that file."""
    node = _text(1, "x") + _text(2, "y") + _text(4, "Relu")
    tensor = _bytes(2, _bytes(1, _number(1, 1) + _bytes(2, _bytes(1, _text(2, "n")))))
    graph = _bytes(1, node) + _text(2, name)
    if location:
        where = _bytes(13, _text(1, "location") + _text(2, location))
        length = _bytes(13, _text(1, "length") + _text(2, str(size)))
        weights = _number(1, size // 4) + _number(2, 1) + _text(8, "w") + where + length + _number(14, 1)
        graph += _bytes(5, weights)
    graph += _bytes(11, _text(1, "x") + tensor) + _bytes(12, _text(1, "y") + tensor)
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _text(1, "") + _number(2, 17))


def save_onnx(file: Path, name: str = "tiny") -> Path:
    """Write an ONNX file and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(onnx_bytes(name))
    return file


def save_onnx_with_weights(file: Path, location: str = "weights.bin", size: int = 64) -> Path:
    """Write an ONNX file whose weights lie beside it, and return its path."""
    save_onnx(file).write_bytes(onnx_bytes(location=location, size=size))
    (file.parent / location).write_bytes(bytes(size))
    return file


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, content: str) -> bytes:
    return _bytes(field, content.encode())


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])
