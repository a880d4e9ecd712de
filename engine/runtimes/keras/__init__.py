"""Models saved by Keras 3 as one ``.keras`` file, executed by TensorFlow."""
