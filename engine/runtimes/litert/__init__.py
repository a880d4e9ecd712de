"""LiteRT (TensorFlow Lite) models, one ``.tflite`` file each, executed by LiteRT's interpreter on the CPU."""
