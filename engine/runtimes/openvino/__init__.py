"""OpenVINO's intermediate representation (``.xml`` with ``.bin``), executed by OpenVINO."""
