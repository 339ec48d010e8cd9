"""Which partition a key belongs to: murmur2, as Kafka's own clients of other languages do it.

librdkafka's default is another function (CRC32), so whatever sends to ``lead.signals`` with it
must either set ``partitioner=murmur2_random`` or name the partition itself.
"""

from typing import Final

_SEED: Final = 0x9747B28C
_M: Final = 0x5BD1E995
_32: Final = 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """Hash a key to 32 unsigned bits with the seed of Kafka's clients."""
    length = len(key)
    hashed = _SEED ^ length
    whole = length & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * _M & _32
        word = (word ^ word >> 24) * _M & _32
        hashed = (hashed * _M & _32) ^ word
    if length > whole:
        hashed = (hashed ^ int.from_bytes(key[whole:], "little")) * _M & _32
    hashed = (hashed ^ hashed >> 13) * _M & _32
    return hashed ^ hashed >> 15


def partition_of(key: bytes, count: int) -> int:
    """The partition of a key among ``count``, at least 1."""
    if count < 1:
        raise ValueError(f"a topic has at least one partition, not {count}")
    return (murmur2(key) & 0x7FFFFFFF) % count
