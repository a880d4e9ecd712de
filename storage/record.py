"""What every record of `storage.records` and `storage.measured` is."""

import msgspec


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A frozen row with named fields.

    The collector need not look at it: what holds only what was there before it is part of no cycle. Of five thousand
    models it would look at a hundred thousand records, again and again while they are read.
    """
