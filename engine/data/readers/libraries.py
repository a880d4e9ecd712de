"""The libraries that parse other people's data, imported before there are walls.

Only the host of data processes imports this. Behind its walls a fork could still find the modules, but
importing them anew for every file takes longer than most files do.
"""

from contextlib import suppress

with suppress(ImportError):
    # Not installed: the readers that need it say so, by name.
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    # Its pools start threads when they are first used, which a process before its walls must not have.
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)

with suppress(ImportError):
    from PIL import Image

    # Decoders are modules too.
    Image.init()
