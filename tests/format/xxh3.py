"""XXH3 in plain Python: the 64 and 128 bit hashes, with a seed, of any length.

Written from the published specification of xxHash (doc/xxhash_spec.md) so that the second reader
can check the checksums of a store without sharing a line with the library. Slow (some 10 MB a
minute), and that is all right: it reads test files.
"""
import struct

SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
    "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
    "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
    "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
    "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")
P32 = (0, 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
P64 = (0, 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63,
       0x27D4EB2F165667C5)
M64 = (1 << 64) - 1
MIX = 0x9FB21C651E98DF25


def r32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def r64(data, at):
    return struct.unpack_from("<Q", data, at)[0]


def swap32(number):
    return int.from_bytes(number.to_bytes(4, "little"), "big")


def swap64(number):
    return int.from_bytes(number.to_bytes(8, "little"), "big")


def fold(a, b):
    product = a * b
    return (product & M64) ^ (product >> 64)


def rotl64(number, bits):
    return (number << bits | number >> (64 - bits)) & M64


def avalanche(h):
    h ^= h >> 37
    h = h * 0x165667919E3779F9 & M64
    return h ^ h >> 32


def avalanche64(h):
    h ^= h >> 33
    h = h * P64[2] & M64
    h ^= h >> 29
    h = h * P64[3] & M64
    return h ^ h >> 32


def mix16(data, at, secret, seed):
    return fold(r64(data, at) ^ (r64(SECRET, secret) + seed & M64),
                r64(data, at + 8) ^ (r64(SECRET, secret + 8) - seed & M64))


# ---------------------------------------------------------------- more than 240 bytes

def accumulate(acc, data, at, secret, secret_at):
    values = struct.unpack_from("<8Q", data, at)
    keys = struct.unpack_from("<8Q", secret, secret_at)
    for i in range(8):
        key = values[i] ^ keys[i]
        acc[i ^ 1] = acc[i ^ 1] + values[i] & M64
        acc[i] = acc[i] + (key & 0xFFFFFFFF) * (key >> 32) & M64


def scramble(acc, secret):
    keys = struct.unpack_from("<8Q", secret, 128)
    for i in range(8):
        acc[i] = (acc[i] ^ acc[i] >> 47 ^ keys[i]) * P32[1] & M64


def long_accumulators(data, secret):
    acc = [P32[3], P64[1], P64[2], P64[3], P64[4], P32[2], P64[5], P32[1]]
    blocks = (len(data) - 1) // 1024
    for block in range(blocks):
        for stripe in range(16):
            accumulate(acc, data, block * 1024 + stripe * 64, secret, stripe * 8)
        scramble(acc, secret)
    for stripe in range((len(data) - 1 - blocks * 1024) // 64):
        accumulate(acc, data, blocks * 1024 + stripe * 64, secret, stripe * 8)
    accumulate(acc, data, len(data) - 64, secret, 192 - 64 - 7)
    return acc


def merge(acc, secret, at, start):
    for i in range(0, 8, 2):
        start += fold(acc[i] ^ r64(secret, at + 8 * i), acc[i + 1] ^ r64(secret, at + 8 * i + 8))
    return avalanche(start & M64)


def seeded_secret(seed):
    pieces = []
    for at in range(0, 192, 16):
        pieces.append(struct.pack("<QQ", r64(SECRET, at) + seed & M64,
                                  r64(SECRET, at + 8) - seed & M64))
    return b"".join(pieces)


# ---------------------------------------------------------------- 64 bits

def hash64(data, seed=0):
    size = len(data)
    if size > 240:
        secret = seeded_secret(seed)
        return merge(long_accumulators(data, secret), secret, 11, size * P64[1] & M64)
    if size > 16:
        return middle64(data, size, seed)
    if size > 8:
        low = r64(data, 0) ^ ((r64(SECRET, 24) ^ r64(SECRET, 32)) + seed & M64)
        high = r64(data, size - 8) ^ ((r64(SECRET, 40) ^ r64(SECRET, 48)) - seed & M64)
        return avalanche(size + swap64(low) + high + fold(low, high) & M64)
    if size >= 4:
        seed ^= swap32(seed & 0xFFFFFFFF) << 32
        word = r32(data, size - 4) + (r32(data, 0) << 32)
        h = word ^ ((r64(SECRET, 8) ^ r64(SECRET, 16)) - seed & M64)
        h ^= rotl64(h, 49) ^ rotl64(h, 24)
        h = h * MIX & M64
        h ^= (h >> 35) + size
        h = h * MIX & M64
        return h ^ h >> 28
    if size > 0:
        word = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
        return avalanche64(word ^ ((r32(SECRET, 0) ^ r32(SECRET, 4)) + seed & M64))
    return avalanche64(seed ^ r64(SECRET, 56) ^ r64(SECRET, 64))


def middle64(data, size, seed):
    acc = size * P64[1]
    if size <= 128:
        for i in range((size - 1) // 32 + 1):
            acc += mix16(data, 16 * i, 32 * i, seed)
            acc += mix16(data, size - 16 * (i + 1), 32 * i + 16, seed)
        return avalanche(acc & M64)
    for i in range(8):
        acc += mix16(data, 16 * i, 16 * i, seed)
    acc = avalanche(acc & M64)
    for i in range(8, size // 16):
        acc += mix16(data, 16 * i, 16 * (i - 8) + 3, seed)
    acc += mix16(data, size - 16, 136 - 17, seed)
    return avalanche(acc & M64)


# ---------------------------------------------------------------- 128 bits, as one integer

def hash128(data, seed=0):
    size = len(data)
    if size > 240:
        secret = seeded_secret(seed)
        acc = long_accumulators(data, secret)
        return (merge(acc, secret, 192 - 64 - 11, ~(size * P64[2]) & M64) << 64 |
                merge(acc, secret, 11, size * P64[1] & M64))
    if size > 16:
        return middle128(data, size, seed)
    if size > 8:
        return nine128(data, size, seed)
    if size >= 4:
        return four128(data, size, seed)
    if size > 0:
        word = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
        swapped = swap32(word)
        high = (swapped << 13 | swapped >> 19) & 0xFFFFFFFF
        return (avalanche64(high ^ ((r32(SECRET, 8) ^ r32(SECRET, 12)) - seed & M64)) << 64 |
                avalanche64(word ^ ((r32(SECRET, 0) ^ r32(SECRET, 4)) + seed & M64)))
    return (avalanche64(seed ^ r64(SECRET, 80) ^ r64(SECRET, 88)) << 64 |
            avalanche64(seed ^ r64(SECRET, 64) ^ r64(SECRET, 72)))


def four128(data, size, seed):
    seed ^= swap32(seed & 0xFFFFFFFF) << 32
    word = r32(data, 0) + (r32(data, size - 4) << 32)
    product = (word ^ ((r64(SECRET, 16) ^ r64(SECRET, 24)) + seed & M64)) * (P64[1] + (size << 2))
    low, high = product & M64, product >> 64
    high = high + (low << 1) & M64
    low ^= high >> 3
    low ^= low >> 35
    low = low * MIX & M64
    low ^= low >> 28
    return avalanche(high) << 64 | low


def nine128(data, size, seed):
    low, high = r64(data, 0), r64(data, size - 8)
    product = (low ^ high ^ ((r64(SECRET, 32) ^ r64(SECRET, 40)) - seed & M64)) * P64[1]
    m_low, m_high = product & M64, product >> 64
    m_low = m_low + ((size - 1) << 54) & M64
    high ^= (r64(SECRET, 48) ^ r64(SECRET, 56)) + seed & M64
    m_high = m_high + high + (high & 0xFFFFFFFF) * (P32[2] - 1) & M64
    m_low ^= swap64(m_high)
    product = m_low * P64[2]
    return (avalanche((product >> 64) + m_high * P64[2] & M64) << 64 | avalanche(product & M64))


def mix32(acc, data, first, second, secret, seed):
    low, high = acc
    low = low + mix16(data, first, secret, seed) & M64
    low ^= r64(data, second) + r64(data, second + 8) & M64
    high = high + mix16(data, second, secret + 16, seed) & M64
    high ^= r64(data, first) + r64(data, first + 8) & M64
    return low, high


def middle128(data, size, seed):
    acc = (size * P64[1] & M64, 0)
    if size <= 128:
        for i in reversed(range((size - 1) // 32 + 1)):
            acc = mix32(acc, data, 16 * i, size - 16 * (i + 1), 32 * i, seed)
    else:
        for i in range(4):
            acc = mix32(acc, data, 32 * i, 32 * i + 16, 32 * i, seed)
        acc = (avalanche(acc[0]), avalanche(acc[1]))
        for i in range(4, size // 32):
            acc = mix32(acc, data, 32 * i, 32 * i + 16, 3 + 32 * (i - 4), seed)
        acc = mix32(acc, data, size - 16, size - 32, 136 - 17 - 16, -seed & M64)
    low, high = acc
    mixed = low * P64[1] + high * P64[4] + (size - seed) * P64[2] & M64
    return (-avalanche(mixed) & M64) << 64 | avalanche(low + high & M64)
