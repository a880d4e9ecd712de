"""The page about formats and devices, made from the registry of runtimes and from what the contract tests hold.

``python -P -m engine.runtimes_reference > docs/runtimes.md`` writes it; a test fails where the page says something else.
It must not know any runtime by name: what is particular to one stands in its specification.
"""

import sys

from engine.protocols import RuntimeSpec
from engine.runtimes import RUNTIMES
from storage.vocabulary import Format

FILES: dict[Format, str] = {
    Format.KERAS: "`.keras`, as Keras 3 saves it",
    Format.KERAS_H5: "`.h5`, a whole model as Keras 2 and 3 save it",
    Format.SAVED_MODEL: "a SavedModel folder: `saved_model.pb` with `variables/` and `assets/`",
    Format.TORCHSCRIPT: "`.pt`, as `torch.jit.save` writes it",
    Format.TORCH_EXPORT: "`.pt2`, as `torch.export.save` writes it",
    Format.ONNX: "`.onnx`, with or without files of weights beside it",
    Format.LITERT: "`.tflite`: float, dynamic-range and full-integer",
    Format.OPENVINO: "`.xml` with `.bin` beside it, as `openvino.save_model` writes them",
    Format.SAFETENSORS: "`.safetensors` with your own loader (see below)",
}
"""What people call each format; what a file is, is decided by its content."""

OPERATIONS: dict[str, tuple[str, str]] = {
    "recognised": ("tests/contract/test_runtimes.py", "test_a_model_is_recognised_by_its_content"),
    "truncation noticed": (
        "tests/contract/test_runtimes.py",
        "test_a_model_that_is_cut_short_is_never_taken_for_whole",
    ),
    "sandboxed": ("tests/unit/engine/processes/test_client.py", "test_model_is_confined"),
    "described": ("tests/contract/test_runtimes.py", "test_a_model_describes_itself"),
    "evaluated exactly": ("tests/unit/engine/processes/test_client.py", "test_evaluation_is_exact"),
    "timed": ("tests/unit/engine/processes/test_client.py", "test_latency_is_measured"),
}
"""What is done with a model of every format on the CPU, and the test that does it for each format."""

REFUSED = ("tests/contract/test_runtimes.py", "test_a_device_that_cannot_be_used_is_an_error")

INTRODUCTION = """# Formats, runtimes and devices

A file's format is decided by its content, never by its name. Each version runs in its own sandboxed process. A format whose loading
runs code is refused if the sandbox lacks the wall for files, network or system calls, and so is a model that an owner trusts although
it asks for code (`modeltender trust`). With `[trust] require_sandbox = true`, every format needs every wall.
"""

EXAMPLE = """import torch
from torch import nn

INPUTS = {"images": ([None, 1, 8, 8], "float32")}
OUTPUTS = {"logits": ([None, 10], "float32")}


def load(weights, device):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    network.to(device).eval()

    def run(images):
        return network(torch.from_numpy(images).to(device)).cpu().numpy()

    return run
"""
"""A loader as people write it; a test runs it."""

ENDING = """
## The same network, the same figure

`test_evaluation_is_exact` evaluates one classifier, saved in every format, through the real hosts and model processes. Each must give
the accuracy that numpy alone computes from the weights, to the last example.

## Devices

Choose a device with `--device` (`cpu`, `cuda:0`, `npu:0` ...). A runtime never falls back silently: if the device cannot be used, the
job fails with a sentence that says why, and what to install. This refusal is tested for every format.

`pytest tests/devices` runs every format on the first NVIDIA GPU, and is skipped where there is none: the machine that all other tests
run on has none. On an NVIDIA H200 (driver 580, CUDA 13.0) it passed on 2026-11-28 for ONNX Runtime 1.31 and, with torch 2.11, for Keras
on torch, TorchScript and safetensors: the class of each of 797 digits is the one that numpy computes, the same examples are answered
alike to the bit, a network of convolutions (TorchScript, ONNX) answers within half a percent of what it does on the CPU, and every
wall stands but the limit on addresses. CUDA's libraries came from pip's packages (`onnxruntime-gpu[cuda,cudnn]`), and none from the
system.

- **torch.export** failed there, because its host had started CUDA before it forked. That is mended, and was not tried on a GPU since.
- **TensorFlow** was not tried on a GPU. Nor was an NPU; ONNX Runtime uses Intel's through its OpenVINO provider
  (`onnxruntime-openvino`).

## Keras without TensorFlow

If torch and Keras are installed but TensorFlow is not, torch runs Keras' own files; the figures then name `keras-torch`.
`test_torch_runs_them_to_the_same_figures` in `tests/unit/engine/runtimes/keras/test_keras_on_torch.py` checks that the figures stay
the same.

## Weights alone, with your own loader

A `.safetensors` file holds weights, not a model. Describe how to build the model in a Python file beside `model.toml`, and name that
file there:

```toml
[runtime]
loader = "loader.py"
```

A loader is code. It runs only behind every wall for files, network and system calls, and only if `modeltender.toml` allows it:

```toml
[trust]
own_loaders = true
```

`load(weights, device)` receives the tensors as numpy arrays by name (numpy has no bfloat16: those are float32 with the same values), and
`"cpu"` or `"cuda:0"`. It returns a function that takes numpy arrays, batch first, and returns one array or a tuple of them; the
function must not change its arguments. `INPUTS` and `OUTPUTS` are optional: names with shape, where `None` is variable, and type.
Without `INPUTS` there is one input. This is a complete `loader.py` for the `state_dict` of a small torch network:

EXAMPLE

numpy and, if installed, torch are already imported. A loader may import anything else that is installed, at the cost of some time at
each load. It can read no other file, and download nothing. Without torch, the weights run on the CPU with numpy alone.

The loader's content is part of what makes figures comparable: only versions measured with the same loader are compared. After a change,
versions that could not be loaded are tried again automatically; evaluate the others again.

## scikit-learn, XGBoost, LightGBM

Convert them to ONNX once; ONNX Runtime then runs them:

```python notest
from skl2onnx import to_onnx  # or onnxmltools for XGBoost and LightGBM

model = to_onnx(classifier, x[:1].astype("float32"), options={"zipmap": False})
open("model.onnx", "wb").write(model.SerializeToString())
```

`zipmap=False` matters: with it the model answers with tensors, without it with maps, which are refused with an explanation.

## A quantised model's figures

A full-integer LiteRT model takes and gives integers that stand for real numbers. modeltender quantises your data with the input's own
scale and zero point and converts the answers back, so the figures can be compared with those of the original model.

## Adding a runtime

LiteRT's is the smallest: `engine/runtimes/litert/`.

1. `spec.py`: a `RuntimeSpec` and `recognise(content, archive)`, which looks at bytes without any framework. It returns a
   `Recognition`, or `None` if the file belongs to another runtime. It raises `CutShortError` for a file that may still be on its
   way, and `ContentError` for one that must not be tried.
2. `loader.py`: `load(artefact, device)` returns an object with `inputs`, `outputs`, `parameters` and `run(batch)`. It may import
   its framework at the top of the module only: once the process is confined, nothing more can be imported.
3. A word in `storage.vocabulary.Format`, the module in `engine.runtimes._MODULES`, and an import contract in `pyproject.toml`.
4. A writer in `tests/tiny_models.py`: from then on, every contract test covers the new format too. Regenerate this page with
   `python -P -m engine.runtimes_reference > docs/runtimes.md`.
"""


def page() -> str:
    """Return the whole page."""
    ending = ENDING.replace("EXAMPLE\n", f"```python notest\n{EXAMPLE}```\n").rstrip()
    return "\n".join([INTRODUCTION, *_formats(), "", *_operations(), ending]) + "\n"


def _formats() -> list[str]:
    lines = [
        "| format | files | runs on | install | devices | needs the sandbox |",
        "|---|---|---|---|---|---|",
    ]
    for spec in RUNTIMES:
        for kind in spec.formats:
            devices = ", ".join(["cpu", *(f"{name}:N" for name in spec.accelerators)])
            lines.append(
                f"| {kind} | {FILES[kind]} | {_runs_on(spec)} | `modeltender[{spec.extra}]` | {devices} "
                f"| {'yes: it runs code' if spec.needs_sandbox else 'no'} |"
            )
    return lines


def _runs_on(spec: RuntimeSpec) -> str:
    return " and ".join(spec.distributions)


def _operations() -> list[str]:
    """Return a line a format; every cell is a test that is parametrised over the registry."""
    heads = [*OPERATIONS, "unusable device refused"]
    lines = [
        "What is tested for each format on the CPU:",
        "",
        f"| format | {' | '.join(heads)} |",
        f"|---|{'---|' * len(heads)}",
    ]
    lines += [f"| {kind} | {' | '.join(['✓'] * len(heads))} |" for spec in RUNTIMES for kind in spec.formats]
    tests = {**OPERATIONS, heads[-1]: REFUSED}
    lines += ["", *(f"- {head}: `{test}` in `{file}`" for head, (file, test) in tests.items())]
    return lines


if __name__ == "__main__":
    sys.stdout.write(page())
