"""What Baton is deployed on and with."""
