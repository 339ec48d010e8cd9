"""Benchmarks on Apache Kafka: Baton's worker and its peers on one log (``make bench``)."""
