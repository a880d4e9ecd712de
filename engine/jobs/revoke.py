"""Take trust back: every version with that content is refused again, for what it had been refused for before."""

from engine.jobs.context import Context, Outcome, Report
from engine.jobs.trust import named, packed, tell
from storage.errors import RefusedError
from storage.records import Job, Refusal
from storage.tables import models, trust
from storage.vocabulary import Status


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Cease to trust the content of the version that the job names."""
    del report  # it takes no time
    with context.writer.transaction() as connection:
        version = named(connection, job)
        if version.sha256 is None or not trust.holds(connection, version.sha256):
            raise RefusedError(
                f"{version.model}@{version.number} is not trusted.", "See what is: modeltender trust --list"
            )
        given = [entry for entry in trust.read(connection) if entry.sha256 == version.sha256]
        # Told of this version if it ever was, as files of one content may have other names.
        own = [entry for entry in given if (entry.model, entry.version) == (version.model, version.number)]
        found = (own or given)[0].found
        now = context.now()
        trust.record(
            connection,
            version.sha256,
            granted=False,
            model=version.model,
            version=version.number,
            at=now,
            requested_by=job.requested_by,
            reason=job.parameters.reason.strip(),
            found=found,
        )
        tell(connection, "distrusted", f"version {version.number} is no longer trusted", version, now=now)
        alike = [row for row in models.version_rows(connection) if row["sha256"] == version.sha256]
        refusal = Refusal(at=now, evidence=(found,), liftable=True)
        for row in alike:
            if row["status"] != Status.MISSING:
                models.set_version(
                    connection, row["id"], status=Status.QUARANTINED, reason=found, refusal=refusal
                )
    return Outcome(message="no longer trusted", result=packed(version, alike, trusted=False))
