# The engine of one workspace in a container: docs/service.md says how it is run, and what it needs to keep its walls.
#   docker build --tag modeltender --build-arg EXTRAS=onnx,litert,data .
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS builder
# What runs models here, as in `pip install modeltender[...]`: frameworks are big, and few need all of them.
ARG EXTRAS=onnx,litert,data
# Where else pip looks, for example for a torch without CUDA; empty: nowhere.
ARG PIP_EXTRA_INDEX_URL=
WORKDIR /source
COPY CHANGELOG.md LICENSE MANIFEST.in README.md constraints.txt pyproject.toml ./
COPY engine engine
COPY sample_models sample_models
COPY storage storage
COPY tui tui
# The releases that the tests passed with.
RUN python -m venv /opt/modeltender \
    && /opt/modeltender/bin/pip install --no-cache-dir --constraint constraints.txt ".[${EXTRAS}]"

FROM python:${PYTHON}-slim
# Owner of what the engine writes into the mounted workspace.
ARG UID=1000
RUN useradd --uid "${UID}" --create-home modeltender \
    && install --directory --owner=modeltender --group=modeltender /workspace
COPY --from=builder /opt/modeltender /opt/modeltender
ENV PATH=/opt/modeltender/bin:$PATH \
    PYTHONUNBUFFERED=1
USER ${UID}
WORKDIR /workspace
VOLUME ["/workspace"]
# The engine parks its jobs and ends its model processes on SIGTERM, which takes it a few seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["modeltender", "engine", "status"]
ENTRYPOINT ["modeltender"]
CMD ["engine", "run"]
