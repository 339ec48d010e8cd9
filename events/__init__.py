"""Moving events: topics, bytes to domain and back, clients for both ends, an embedded broker."""
