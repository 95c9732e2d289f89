/** Keys of authenticators: a COSE_Key is a CBOR map of small integers to integers and bytes (RFC 9053 section 7). */
#include "crypto/key.h"

#include <string.h>

/** What is left to read. */
typedef struct cose_reader {
    const uint8_t *at, *end;
} cose_reader;

enum { CBOR_UNSIGNED, CBOR_NEGATIVE, CBOR_BYTES, CBOR_MAP = 5 };

/** Takes the head of an item in its shortest form (RFC 8949 section 4.2.1); false for any other. */
static bool take_head(cose_reader *r, unsigned *kind, uint64_t *value)
{
    if (r->at == r->end)
        return false;
    unsigned small = *r->at & 31;
    *kind = *r->at++ >> 5;
    *value = small;
    if (small < 24)
        return true;
    if (small > 26)
        return false; /* nothing of a key is longer than 4 GiB, and indefinite lengths are not canonical */
    size_t len = (size_t)1 << (small - 24);
    if ((size_t)(r->end - r->at) < len)
        return false;
    *value = 0;
    for (size_t i = 0; i < len; i++)
        *value = *value << 8 | *r->at++;
    return *value >= (small == 24 ? 24U : small == 25 ? 256U : 65536U);
}

/** Takes an integer, positive or negative. */
static bool take_integer(cose_reader *r, int64_t *value)
{
    unsigned kind;
    uint64_t number;
    if (!take_head(r, &kind, &number) || kind > CBOR_NEGATIVE)
        return false;
    *value = kind == CBOR_UNSIGNED ? (int64_t)number : -1 - (int64_t)number;
    return true;
}

/** An integer or bytes. */
typedef struct cose_value {
    int64_t number;
    key_part bytes; /* data NULL: it is a number */
} cose_value;

static bool take_value(cose_reader *r, cose_value *v)
{
    cose_reader before = *r;
    unsigned kind;
    uint64_t len;
    *v = (cose_value){0};
    if (!take_head(r, &kind, &len))
        return false;
    if (kind != CBOR_BYTES) {
        *r = before;
        return take_integer(r, &v->number);
    }
    if ((uint64_t)(r->end - r->at) < len)
        return false;
    v->bytes = (key_part){r->at, (size_t)len};
    r->at += len;
    return true;
}

/** The members of a key, by their labels. */
typedef struct cose_members {
    cose_value kty, alg, minus_1, minus_2, minus_3;
} cose_members;

static cose_value *member_of(cose_members *m, int64_t label)
{
    return label == 1    ? &m->kty
           : label == 3  ? &m->alg
           : label == -1 ? &m->minus_1
           : label == -2 ? &m->minus_2
           : label == -3 ? &m->minus_3
                         : NULL;
}

static bool take_members(cose_reader *r, cose_members *m)
{
    unsigned kind, seen = 0;
    uint64_t count;
    if (!take_head(r, &kind, &count) || kind != CBOR_MAP || count > 16)
        return false;
    for (; count > 0; count--) {
        int64_t label;
        cose_value value;
        if (!take_integer(r, &label) || !take_value(r, &value))
            return false;
        cose_value *place = member_of(m, label);
        if (place == NULL)
            continue;
        unsigned bit = 1U << (label + 3);
        if ((seen & bit) != 0)
            return false;
        seen |= bit;
        *place = value;
    }
    return true;
}

/** By kty and alg: what the members mean. False, with `*problem`, for another kind of key. */
static bool understand(const cose_members *m, key_parts *parts, const char **problem)
{
    enum { OKP = 1, EC2 = 2, RSA = 3, ES256 = -7, EDDSA = -8, RS256 = -257, P_256 = 1, ED25519 = 6 };
    if (m->kty.number == EC2 && m->alg.number == ES256 && m->minus_1.number == P_256) {
        *parts = (key_parts){.algorithm = KEY_ES256, .x = m->minus_2.bytes, .y = m->minus_3.bytes};
        return true;
    }
    if (m->kty.number == OKP && m->alg.number == EDDSA && m->minus_1.number == ED25519) {
        *parts = (key_parts){.algorithm = KEY_EDDSA, .x = m->minus_2.bytes};
        return true;
    }
    if (m->kty.number == RSA && m->alg.number == RS256) {
        *parts = (key_parts){.algorithm = KEY_RS256, .n = m->minus_1.bytes, .e = m->minus_2.bytes};
        return true;
    }
    *problem = "the key is not for ES256, RS256 or EdDSA";
    return false;
}

key *key_of_cose(const void *data, size_t len, size_t *used, const char **problem)
{
    cose_reader r = {.at = data, .end = (const uint8_t *)data + len};
    cose_members m = {0};
    key_parts parts;
    *problem = "it is not a COSE_Key";
    if (!take_members(&r, &m) || (used == NULL && r.at != r.end))
        return NULL;
    if (used != NULL)
        *used = (size_t)(r.at - (const uint8_t *)data);
    return understand(&m, &parts, problem) ? key_of_parts(&parts, problem) : NULL;
}
