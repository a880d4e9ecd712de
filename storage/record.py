"""What every record of `storage.records` and `storage.measured` is."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A frozen row with named fields."""
