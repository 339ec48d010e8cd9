"""The numbers of the scoreboard, each defined in one sentence and computed in SQL."""
