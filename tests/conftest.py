"""Settings for all tests: property tests draw the same examples in every run."""

from hypothesis import settings

settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")
