"""Registries of MLflow by hand: its database and its folder of files, with the tables, names and lines that MLflow 3 writes."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from tests.handmade_models import save_onnx

TABLES = """
CREATE TABLE model_versions (
    name VARCHAR(256) NOT NULL, version INTEGER NOT NULL, creation_time BIGINT, last_updated_time BIGINT,
    description VARCHAR(5000), user_id VARCHAR(256), current_stage VARCHAR(20), source VARCHAR(500), run_id VARCHAR(32),
    status VARCHAR(20), status_message VARCHAR(500), run_link VARCHAR(500), storage_location VARCHAR(500),
    workspace VARCHAR(63) DEFAULT 'default' NOT NULL, CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version)
);
CREATE TABLE registered_model_aliases (
    alias VARCHAR(256) NOT NULL, version INTEGER NOT NULL, name VARCHAR(256) NOT NULL,
    workspace VARCHAR(63) DEFAULT 'default' NOT NULL, CONSTRAINT registered_model_alias_pk PRIMARY KEY (workspace, name, alias)
)
"""


class Registered(NamedTuple):
    """A version of the model ``mnist`` in a registry."""

    version: int
    place: str
    stage: str = "None"
    alias: str = ""


def logged(folder: Path, name: str) -> Path:
    """Write a model as MLflow logs it, with what it lays beside, and return its folder."""
    artifacts = folder / "mlruns" / "0" / "models" / f"m-{name}" / "artifacts"
    save_onnx(artifacts / "model.onnx", name)
    (artifacts / "MLmodel").write_text("flavors:\n  onnx:\n    data: model.onnx\n    onnx_version: 1.19.0\n")
    (artifacts / "requirements.txt").write_text("onnx\nonnxruntime\n")
    (artifacts / "python_env.yaml").write_text("python: 3.11.7\n")
    return artifacts


def database(folder: Path, *registered: Registered) -> Path:
    """Write a registry's database."""
    file = folder / "mlflow.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(TABLES)
        for one in registered:
            connection.execute(
                "INSERT INTO model_versions (name, version, current_stage, source, status, storage_location) "
                "VALUES ('mnist', ?, ?, 'models:/m-of-somewhere', 'READY', ?)",
                (one.version, one.stage, one.place),
            )
            if one.alias:
                connection.execute(
                    "INSERT INTO registered_model_aliases (alias, version, name) VALUES (?, ?, 'mnist')",
                    (one.alias, one.version),
                )
        connection.commit()
    return file


def files(folder: Path, *registered: Registered) -> Path:
    """Write a registry's folder of files."""
    home = folder / "mlruns" / "models" / "mnist"
    (home / "aliases").mkdir(parents=True)
    (home / "meta.yaml").write_text("aliases: {}\nname: mnist\nworkspace: default\n")
    for one in registered:
        version = home / f"version-{one.version}"
        version.mkdir()
        (version / "meta.yaml").write_text(
            f"current_stage: {one.stage}\ndescription: null\nname: mnist\nsource: models:/m-of-somewhere\nstatus: READY\n"
            f"storage_location: {one.place}\nuser_id: null\nversion: {one.version}\nworkspace: default\n"
        )
        if one.alias:
            (home / "aliases" / one.alias).write_text(str(one.version))
    return folder / "mlruns"
