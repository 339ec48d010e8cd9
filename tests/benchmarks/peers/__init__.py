"""The peers at their best honest settings, each a small program of its own.

They do the simple job: decode, decayed score, stage, state, handover. No duplicates, no clocks,
no receipts, no definition that two teams can change. They run in a virtual environment of their
own, and import nothing of Baton.
"""
