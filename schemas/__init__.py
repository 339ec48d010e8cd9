"""The contract with the outside: what comes in, what goes out, and the policy's document.

Times in messages are RFC 3339 with a zone, durations are seconds, points are decimal points.
Inside, they are the integers of ``lifecycle``; the models here convert.
"""
