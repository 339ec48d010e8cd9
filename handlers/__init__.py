"""What runs: the decider worker and the command `baton`; everything that acts."""
