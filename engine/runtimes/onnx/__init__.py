"""ONNX models, with or without external data, executed by ONNX Runtime."""
