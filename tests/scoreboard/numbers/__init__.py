"""The numbers against a slow and obvious reading of the same facts."""
