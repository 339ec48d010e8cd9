"""Tests of the command `baton`."""
