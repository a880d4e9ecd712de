"""TensorFlow SavedModel folders, executed by TensorFlow."""
