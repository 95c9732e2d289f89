#include "crypto/sha1.h"

#include <string.h>

enum { BLOCK = 64, HMAC_DATA_MAX = 64 };

static uint32_t turn(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void add_block(uint32_t h[5], const unsigned char *block)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (unsigned i = 16; i < 80; i++)
        w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        uint32_t f = i < 20   ? ((b & c) | (~b & d)) + 0x5a827999
                     : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                     : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                              : (b ^ c ^ d) + 0xca62c1d6;
        uint32_t next = turn(a, 5) + f + e + w[i];
        e = d;
        d = c;
        c = turn(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void sha1_of(const void *data, size_t len, uint8_t out[SHA1_BYTES])
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    unsigned char last[2 * BLOCK] = {0};
    const unsigned char *bytes = data;
    size_t whole = len / BLOCK * BLOCK, rest = len - whole, end = rest < BLOCK - 8 ? BLOCK : 2 * BLOCK;
    for (size_t at = 0; at < whole; at += BLOCK)
        add_block(h, bytes + at);
    if (rest != 0)
        memcpy(last, bytes + whole, rest);
    last[rest] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        last[end - 1 - i] = (unsigned char)((uint64_t)len * 8 >> (8 * i));
    for (size_t at = 0; at < end; at += BLOCK)
        add_block(h, last + at);
    for (unsigned i = 0; i < SHA1_BYTES; i++)
        out[i] = (uint8_t)(h[i / 4] >> (24 - 8 * (i % 4)));
}

void sha1_hex(const void *data, size_t len, char out[SHA1_HEX_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SHA1_BYTES];
    sha1_of(data, len, hash);
    for (unsigned i = 0; i < SHA1_BYTES; i++) {
        out[2 * i] = digits[hash[i] >> 4];
        out[2 * i + 1] = digits[hash[i] & 15];
    }
    out[SHA1_HEX_BYTES - 1] = '\0';
}

void sha1_hmac(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[SHA1_BYTES])
{
    uint8_t inner[BLOCK + HMAC_DATA_MAX] = {0}, outer[BLOCK + SHA1_BYTES] = {0};
    if (key_len > BLOCK)
        sha1_of(key, key_len, inner);
    else if (key_len != 0)
        memcpy(inner, key, key_len);
    for (unsigned i = 0; i < BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    if (len > HMAC_DATA_MAX)
        len = HMAC_DATA_MAX;
    memcpy(inner + BLOCK, data, len);
    sha1_of(inner, BLOCK + len, outer + BLOCK);
    sha1_of(outer, sizeof outer, out);
}
