"""What was added to keep of devices: their details, and readings over years."""

DETAILS_OF_DEVICES = """
ALTER TABLE devices ADD COLUMN obstacles TEXT NOT NULL DEFAULT '[]';
ALTER TABLE devices ADD COLUMN details TEXT NOT NULL DEFAULT '{}'
"""

ROLLED_UP_READINGS = """
CREATE TABLE readings (
    device_id TEXT NOT NULL,
    at REAL NOT NULL,
    utilisation REAL,
    memory_used_bytes INTEGER,
    temperature_c REAL,
    power_w REAL,
    PRIMARY KEY (device_id, at)
) STRICT, WITHOUT ROWID;
INSERT INTO readings SELECT device_id, at, utilisation, memory_used_bytes, temperature_c, power_w FROM device_samples;
DROP TABLE device_samples;
ALTER TABLE readings RENAME TO device_samples;
CREATE TABLE device_series (
    id INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    reading TEXT NOT NULL,
    UNIQUE (device_id, reading)
) STRICT;
CREATE TABLE device_minutes (
    series_id INTEGER NOT NULL REFERENCES device_series(id),
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    least REAL NOT NULL,
    mean REAL NOT NULL,
    greatest REAL NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (series_id, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_hours (
    series_id INTEGER NOT NULL REFERENCES device_series(id),
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    least REAL NOT NULL,
    mean REAL NOT NULL,
    greatest REAL NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (series_id, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE device_days (
    series_id INTEGER NOT NULL REFERENCES device_series(id),
    at INTEGER NOT NULL,
    n INTEGER NOT NULL,
    least REAL NOT NULL,
    mean REAL NOT NULL,
    greatest REAL NOT NULL,
    sketch BLOB NOT NULL,
    PRIMARY KEY (series_id, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE rollups_due (
    level INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (level, device_id, at)
) STRICT, WITHOUT ROWID;
INSERT INTO rollups_due SELECT DISTINCT level, device_id, CAST(at / level AS INTEGER) * level
    FROM device_samples, (SELECT 60 AS level UNION SELECT 3600 UNION SELECT 86400)
"""
