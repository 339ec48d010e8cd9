"""The domain: what a lead is and how it moves. Pure: no IO, no clock, no logging.

Times are integers: milliseconds since 1970-01-01T00:00Z, in names that end in ``_at``.
Durations are integers of milliseconds, in names that end in ``_ms``.
Points are integers of thousandths of a point, in names that end in ``_mp`` (milli-points),
so that the parts of a receipt add up to its total exactly.
"""
