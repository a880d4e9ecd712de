"""Settings of the generated examples: the same in every run, and without a clock, for a busy machine is no defect."""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, database=None, max_examples=60)
settings.load_profile("steady")
