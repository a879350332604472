"""The one error of the benchmarks: a figure would be wrong, so there is none."""


class BenchmarkError(Exception):
    """A server did not start, refused something, or answered other than the load expects."""
