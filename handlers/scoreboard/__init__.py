"""The scoreboard: facts read into SQL, and the page that shows them."""
