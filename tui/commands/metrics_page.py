"""The page about what is exposed to Prometheus, made from the list of families.

``python -P -m tui.commands.metrics_page > docs/prometheus.md`` writes it; a test fails where the page says something else.
"""

import sys

from storage.exposure_settings import Exposure
from storage.openmetrics import FAMILIES, UP, Family

INTRODUCTION = f"""# Prometheus and OpenMetrics

`modeltender metrics` prints the current figures as OpenMetrics 1.0 text, which is also valid in Prometheus' older format. If
`modeltender.toml` says so, the engine serves the same text to Prometheus itself, or writes it to a file for node exporter's textfile
collector; otherwise it opens no port.

```toml
[metrics]
listen = "127.0.0.1:9477"   # http://127.0.0.1:9477/metrics
textfile = "/var/lib/node_exporter/serving.prom"   # absolute, or below the workspace
every = "{Exposure().every}"
```

```yaml
scrape_configs:
  - job_name: modeltender
    static_configs:
      - targets: ["127.0.0.1:9477"]
```

**Serving.** `listen` takes only an address of this machine itself, because there is no password. Prometheus on another machine reaches
it through an agent here, a proxy that asks for a password, or `ssh -L`. Each workspace needs its own port; if it is taken, the engine's
log says so and the engine tries again. Only `GET /metrics` is answered, four requests at a time, and only if the machine was asked for
by its own address, so that no web page can read along. Within a second, the same text is served again.

**Thousands of models.** The text for 5,000 models is 30 MB. A model's part is made once and kept until something is written about that
model. So only the first scrape takes a core two seconds, and later ones take less than a tenth of a second; the engine uses 150 MB more
for it ([figures](benchmarks.md)). Clients that accept gzip, as Prometheus does, get a ninth of the bytes for another 0.15 s. On the same
machine, `enable_compression: false` in Prometheus' configuration spares both sides the effort.

**The file** is replaced in one step, so nobody reads half of it, and removed when the engine ends. A killed engine leaves it behind:
`time() - modeltender_engine_heartbeat_timestamp_seconds` says how old its figures are. If the folder is not writable, the engine's log
says so and the engine tries again. In a systemd unit, the folder becomes writable once you have run
`modeltender engine install --systemd` again ([service.md](service.md)).

Names, units and labels are a promise: they change only with a major version. An unknown figure is left out, never reported as zero.
Labels hold what the workspace holds: `model`, `version` (a number), `role` (`current`, `previous`, `candidate`), `metric` (as in
[metrics.md](metrics.md)), `device` (as in `modeltender devices`), `code` of a fault (as in [maintenance.md](maintenance.md)).

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
