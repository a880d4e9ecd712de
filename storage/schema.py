"""The tables, as numbered migrations.

A migration is never edited once released; a change is a new one at the end. `SCHEMA_VERSION` counts them
and is written to ``user_version``, so that an older program can refuse a newer database without reading it.
Loaded only where the engine or ``init`` writes, because sqlite_utils brings more than a viewer needs.
"""

from sqlite_utils import Database, Migrations

from storage.statements.deploying import (
    DEPLOYED_CONTENTS,
    IMPORTS,
    PROMOTION_TARGETS,
    PROMOTIONS_BY_THEMSELVES,
    TRUST_AND_QUARANTINE,
)
from storage.statements.devices import DETAILS_OF_DEVICES, ROLLED_UP_READINGS
from storage.statements.first import FIRST_TABLES
from storage.statements.history import FIGURES_OVER_YEARS, OVERVIEWS
from storage.statements.measured import (
    EXAMPLES_OF_EVALUATIONS,
    LATENCY_MEASUREMENTS,
    SLICES_OF_EXAMPLES,
    WHAT_VERSIONS_NEED,
)
from storage.statements.notices import NOTICES
from storage.statements.upkeep import (
    ANSWERS_OF_CHECKS,
    EXPORTS,
    MEMORY_READINGS,
    REMEDIES,
    REPAIRS_THAT_MAKE_VERSIONS,
    TRAINING_RUNS,
)

migrations = Migrations("modeltender")

SCHEMA_VERSION = 24


@migrations()
def first_tables(database: Database) -> None:
    """Create the tables of version 0.1."""
    _execute(database, FIRST_TABLES)


@migrations()
def latency_measurements(database: Database) -> None:
    """Keep latency measurements that belong to no evaluation."""
    _execute(database, LATENCY_MEASUREMENTS)


@migrations()
def slices_of_examples(database: Database) -> None:
    """Keep the figures of parts of the examples, how outputs were read, and what to know about the figures."""
    _execute(database, SLICES_OF_EXAMPLES)


@migrations()
def stamps_of_test_data(database: Database) -> None:
    """Keep which state of the test data a version was last tried on."""
    database.conn.execute("ALTER TABLE versions ADD COLUMN data_stamp TEXT NOT NULL DEFAULT ''")


@migrations()
def what_versions_need(database: Database) -> None:
    """Keep what a version is and takes to load, and why its last evaluation did not work."""
    _execute(database, WHAT_VERSIONS_NEED)


@migrations()
def trust_and_quarantine(database: Database) -> None:
    """Keep what owners trust, what was taken out of the inbox, and what was found in versions that are refused."""
    _execute(database, TRUST_AND_QUARANTINE)


@migrations()
def contents_of_deployed_versions(database: Database) -> None:
    """Keep what versions held when they were deployed, whatever becomes of their folders, and which files that is.

    What may be of several files is looked into once more.
    """
    _execute(database, DEPLOYED_CONTENTS)


@migrations()
def examples_of_evaluations(database: Database) -> None:
    """Keep what each example came to, who was judged on which test set, and what no candidate may be worse than."""
    _execute(database, EXAMPLES_OF_EVALUATIONS)


@migrations()
def promotion_targets(database: Database) -> None:
    """Keep what was last said to each promotion target, and why a promotion was taken back."""
    _execute(database, PROMOTION_TARGETS)


@migrations()
def details_of_devices(database: Database) -> None:
    """Keep what devices tell besides their use, and what keeps runtimes from using them."""
    _execute(database, DETAILS_OF_DEVICES)


@migrations()
def exports(database: Database) -> None:
    """Keep what exported versions were made from."""
    _execute(database, EXPORTS)


@migrations()
def targets_of_promotions(database: Database) -> None:
    """Keep what became of each target when it was told of a promotion."""
    database.conn.execute("ALTER TABLE promotions ADD COLUMN told TEXT NOT NULL DEFAULT '[]'")


@migrations()
def promotions_by_themselves(database: Database) -> None:
    """Keep which jobs wait for which other ones, and which versions are on probation."""
    _execute(database, PROMOTIONS_BY_THEMSELVES)


@migrations()
def answers_of_checks(database: Database) -> None:
    """Keep what each check for faults last said, stored answers to compare with, and what was done about a fault."""
    _execute(database, ANSWERS_OF_CHECKS)


@migrations()
def rolled_up_readings(database: Database) -> None:
    """Keep what devices read for years, rolled up; the readings of a device stay when it goes."""
    _execute(database, ROLLED_UP_READINGS)


@migrations()
def training_runs(database: Database) -> None:
    """Keep what each training began from, how it went, and what it left."""
    _execute(database, TRAINING_RUNS)


@migrations()
def noise_of_ratios(database: Database) -> None:
    """Keep what disturbed a comparison of latencies."""
    database.conn.execute("ALTER TABLE latency_ratios ADD COLUMN noisy TEXT NOT NULL DEFAULT ''")


@migrations()
def notices(database: Database) -> None:
    """Keep what people are told of by themselves, and what became of each telling."""
    _execute(database, NOTICES)


@migrations()
def history_at_scale(database: Database) -> None:
    """Keep ready made what there is to say of each model at a glance, and which figures each has."""
    for statement in OVERVIEWS:
        database.conn.execute(statement)
    _execute(database, FIGURES_OVER_YEARS)


@migrations()
def memory_readings(database: Database) -> None:
    """Keep what memory the engine's processes take, and what models take that are asked again and again."""
    _execute(database, MEMORY_READINGS)


@migrations()
def repairs_that_make_versions(database: Database) -> None:
    """Keep the temperature of recalibrated versions, and why a training began and on which state of the data."""
    _execute(database, REPAIRS_THAT_MAKE_VERSIONS)


@migrations()
def remedies_of_faults(database: Database) -> None:
    """Keep which repairs may end a fault, and what each would change."""
    _execute(database, REMEDIES)


@migrations()
def imports(database: Database) -> None:
    """Keep where imported versions came from."""
    _execute(database, IMPORTS)


@migrations()
def undecided_inboxes(database: Database) -> None:
    """Keep of which models something lies in the inbox that nothing is decided about yet."""
    database.conn.execute("ALTER TABLE engine ADD COLUMN undecided TEXT NOT NULL DEFAULT '[]'")


def _execute(database: Database, statements: str) -> None:
    """Run statements one by one, inside the migration's transaction."""
    for statement in statements.split(";"):
        if statement.strip():
            database.conn.execute(statement)
