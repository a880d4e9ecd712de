"""Two hostile files for tests of what becomes of such: one that its owner may trust, and one that nobody may."""

from pathlib import Path

from sample_models.hostile import archives, keras_files


def keras_lambda(folder: Path, canary: Path) -> Path:
    """Write a model with a Lambda layer, which asks for code by name."""
    return keras_files.lambda_layer(folder / "lambda.keras", canary)


def zip_bomb(folder: Path, canary: Path) -> Path:
    """Write an archive that unpacks to far more than it is."""
    return archives.bomb(folder / "bomb.keras", canary)
