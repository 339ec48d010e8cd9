"""The partitioner is Kafka's own: the same keys land where the Java client puts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        # From the unit tests of Apache Kafka's clients.
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_hashes_are_those_of_the_java_client(key: bytes, hashed: int) -> None:
    assert murmur2(key) == hashed & 0xFFFFFFFF


@given(key=st.binary(max_size=200), count=st.integers(1, 1000))
def test_a_key_always_has_a_partition_of_the_topic(key: bytes, count: int) -> None:
    assert 0 <= partition_of(key, count) < count


def test_a_topic_without_partitions_is_nonsense() -> None:
    with pytest.raises(ValueError, match="at least one partition"):
        partition_of(b"lead", 0)
