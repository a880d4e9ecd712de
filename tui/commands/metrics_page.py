"""The page about what is exposed to Prometheus, made from the list of families.

``python -P -m tui.commands.metrics_page > docs/prometheus.md`` writes it; a test fails where the page says something else.
"""

import sys

from storage.exposure_settings import Exposure
from storage.openmetrics import FAMILIES, UP, Family

INTRODUCTION = f"""# Prometheus and OpenMetrics

`modeltender metrics` prints the present figures as OpenMetrics 1.0 text, which is valid in Prometheus' older format too. The
engine gives the same text to Prometheus itself, or writes it into a file for node exporter's textfile collector, or
whatever reads it, where `modeltender.toml` says so; otherwise it opens no port.

```toml
[metrics]
listen = "127.0.0.1:9477"   # http://127.0.0.1:9477/metrics
textfile = "/var/lib/node_exporter/serving.prom"   # absolute, or below the workspace
every = "{Exposure().every}"
```

`listen` takes an address of this machine's own, and no other: there is no password. Prometheus on another machine reaches it
through an agent here, a proxy that asks for one, or `ssh -L`. Each workspace needs a port of its own; one that is taken is told in
the engine's log, and tried again. Only `GET /metrics` is answered, four at a time, and only to who asks for the
machine by its own address, so that no page in a browser reads along. Asked again within a second, the same text is given again.

The text of 5,000 models has 30 MB. What it says of a model is made once and kept while nothing is written about that model,
so only the first scrape takes a core two seconds, and later ones less than a tenth; the engine has 150 MB more for it
([figures](benchmarks.md)). Who accepts gzip, as Prometheus does, gets a ninth of the bytes for another 0.15 s;
`enable_compression: false` in its configuration spares both sides that on the same machine.

```yaml
scrape_configs:
  - job_name: modeltender
    static_configs:
      - targets: ["127.0.0.1:9477"]
```

The file is replaced in one step, so that nobody reads half of it, and is taken away when the engine ends. An engine that was
killed leaves it: `time() - modeltender_engine_heartbeat_timestamp_seconds` says how old its figures are. A folder that cannot
be written is told in the engine's log, and tried again. In a unit of systemd the folder is writable once
`modeltender engine install --systemd` was typed again ([service.md](service.md)).

Names, units and labels are a promise: they change with a major version only. A figure that is not known is left out, and
never told as zero. Labels hold what the workspace holds: `model`, `version` (a number), `role` (`current`, `previous`,
`candidate`), `metric` (as in [metrics.md](metrics.md)), `device` (as in `modeltender devices`), `code` of a fault (as in
[maintenance.md](maintenance.md)).

| gauge | labels | what it says |
|---|---|---|
"""

ENDING = """
## Alerts

```yaml
groups:
  - name: modeltender
    rules:
      - alert: ModelFault
        expr: count by (model, code) (modeltender_fault_since_timestamp_seconds{severity="error", state="open"}) > 0
      - alert: ModelEngineSilent
        expr: time() - modeltender_engine_heartbeat_timestamp_seconds > 60 or absent(modeltender_engine_up)
      - alert: ModelAccuracyLow
        expr: modeltender_model_metric_high{role="current", metric="accuracy"} < 0.95
```

The last one asks for the upper end of the interval: chance alone does not wake anybody.
"""


def page() -> str:
    """Return the whole page."""
    return INTRODUCTION + "\n".join(map(_row, (UP, *FAMILIES))) + "\n" + ENDING


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    return f"| `{family.full_name}` | {labels} | {family.help} |"


if __name__ == "__main__":
    sys.stdout.write(page())
