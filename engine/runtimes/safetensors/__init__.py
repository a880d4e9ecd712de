"""Weights in a ``.safetensors`` file, made a model by a Python file of their owner's."""
