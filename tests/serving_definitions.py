"""The configuration messages of TensorFlow Serving and Triton, for parsing what promotions write.

The names, numbers and types are those that the servers publish: of TensorFlow Serving's ``model_server_config.proto``
and what it imports all but the deprecated model type and configurations of other makers (``Any``), and of Triton's
``model_config.proto`` the version policy whole and of the rest what ordinary configurations use. They are written down
here as tables, and become real protocol buffer messages, so that ``google.protobuf.text_format`` reads files as
strictly as the servers do: an unknown field is an error.
"""

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format

Field = descriptor_pb2.FieldDescriptorProto

SCALARS = {
    "string": Field.TYPE_STRING,
    "int32": Field.TYPE_INT32,
    "int64": Field.TYPE_INT64,
    "uint32": Field.TYPE_UINT32,
    "uint64": Field.TYPE_UINT64,
    "bool": Field.TYPE_BOOL,
    "double": Field.TYPE_DOUBLE,
}

TENSORFLOW_SERVING = {
    "LogCollectorConfig": ["string type 1", "string filename_prefix 2"],
    "SamplingConfig": ["double sampling_rate 1", "int32 attributes 2"],
    "LoggingConfig": ["LogCollectorConfig log_collector_config 1", "SamplingConfig sampling_config 2"],
    "Latest": ["uint32 num_versions 1"],
    "All": [],
    "Specific": ["repeated int64 versions 1"],
    "ServableVersionPolicy": [
        "one Latest latest 100",
        "one All all 101",
        "one Specific specific 102",
    ],
    "ModelConfig": [
        "string name 1",
        "string base_path 2",
        "string model_platform 4",
        "LoggingConfig logging_config 6",
        "ServableVersionPolicy model_version_policy 7",
        "map string int64 version_labels 8",
    ],
    "ModelConfigList": ["repeated ModelConfig config 1"],
    "ModelServerConfig": ["ModelConfigList model_config_list 1"],
}

TRITON = {
    "Latest": ["uint32 num_versions 1"],
    "All": [],
    "Specific": ["repeated int64 versions 1"],
    "ModelVersionPolicy": ["one Latest latest 1", "one All all 2", "one Specific specific 3"],
    "ModelInput": ["string name 1", "enum data_type 2", "repeated int64 dims 4"],
    "ModelOutput": ["string name 1", "enum data_type 2", "repeated int64 dims 3", "string label_filename 4"],
    "ModelInstanceGroup": ["string name 1", "int32 count 2", "repeated int32 gpus 3"],
    "ModelDynamicBatching": [
        "repeated int32 preferred_batch_size 1",
        "uint64 max_queue_delay_microseconds 2",
    ],
    "ModelParameter": ["string string_value 1"],
    "ModelConfig": [
        "string name 1",
        "string platform 2",
        "ModelVersionPolicy version_policy 3",
        "int32 max_batch_size 4",
        "repeated ModelInput input 5",
        "repeated ModelOutput output 6",
        "repeated ModelInstanceGroup instance_group 7",
        "string default_model_filename 8",
        "map string string metric_tags 10",
        "one ModelDynamicBatching dynamic_batching 11",
        "map string ModelParameter parameters 14",
        "string backend 17",
    ],
}

DATA_TYPES = {"TYPE_INVALID": 0, "TYPE_UINT8": 2, "TYPE_INT64": 9, "TYPE_FP32": 11, "TYPE_STRING": 13}


def model_server_config(text: str) -> Any:
    """Return a ``ModelServerConfig`` of TensorFlow Serving."""
    return text_format.Parse(
        text, _made("serving", tuple(TENSORFLOW_SERVING), serving=True)["ModelServerConfig"]()
    )


def triton_config(text: str) -> Any:
    """Return a ``ModelConfig`` of Triton."""
    return text_format.Parse(text, _made("inference", tuple(TRITON), serving=False)["ModelConfig"]())


@cache
def _made(package: str, names: tuple[str, ...], *, serving: bool) -> dict[str, Any]:
    definitions = TENSORFLOW_SERVING if serving else TRITON
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    if not serving:
        values = file.enum_type.add(name="DataType").value
        for name, number in DATA_TYPES.items():
            values.add(name=name, number=number)
    for name in names:
        _add(file.message_type.add(name=name), definitions[name], package)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))
        for name in names
    }


def _add(message: descriptor_pb2.DescriptorProto, fields: list[str], package: str) -> None:
    for line in fields:
        *words, name, number = line.split()
        field = message.field.add(name=name, number=int(number), label=Field.LABEL_OPTIONAL)
        if words[0] == "map":
            entry = "".join(part.title() for part in name.split("_")) + "Entry"
            nested = message.nested_type.add(name=entry)
            nested.options.map_entry = True
            _add(nested, [f"{words[1]} key 1", f"{words[2]} value 2"], package)
            field.label, field.type = Field.LABEL_REPEATED, Field.TYPE_MESSAGE
            field.type_name = f".{package}.{message.name}.{entry}"
            continue
        if words[0] == "repeated":
            field.label = Field.LABEL_REPEATED
        if words[0] == "one":
            if not message.oneof_decl:
                message.oneof_decl.add(name="choice")
            field.oneof_index = 0
        kind = words[-1]
        if kind == "enum":
            field.type, field.type_name = Field.TYPE_ENUM, f".{package}.DataType"
        elif kind in SCALARS:
            field.type = SCALARS[kind]
        else:
            field.type, field.type_name = Field.TYPE_MESSAGE, f".{package}.{kind}"
