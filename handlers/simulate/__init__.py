"""A believable B2B company in virtual time: its campaigns, its leads, its reps, its messy feeds.

Everything but ``run`` and ``command`` is pure: the same seed gives the same bytes. What the reps
do depends on what Baton hands them, and that goes through the broker, so it is part of the play,
not of the world.
"""
