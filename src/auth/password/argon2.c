/** Argon2id in PHC's string format, "$argon2id$v=19$m=19456,t=2,p=1$salt$hash", which libsodium reads and writes. */
#include "auth/password/internal.h"
#include "crypto/slow_hash.h"

#include <string.h>

enum { MOST_MEMORY_KIB = 1024 * 1024, MOST_PASSES = 64, MOST_LANES = 64, VERSION = 0x13 };

/** What a hash says before its salt. */
typedef struct cost {
    bool is_id;
    uint64_t version, memory_kib, passes, lanes;
} cost;

static bool take(const char **at, const char *word)
{
    size_t len = strlen(word);
    if (strncmp(*at, word, len) != 0)
        return false;
    *at += len;
    return true;
}

/** A number of at most 10 digits, without a leading 0. */
static bool take_number(const char **at, uint64_t *out)
{
    size_t digits = strspn(*at, "0123456789");
    *out = 0;
    if (digits == 0 || digits > 10 || (digits > 1 && **at == '0'))
        return false;
    for (; digits > 0; digits--)
        *out = *out * 10 + (uint64_t)(*(*at)++ - '0');
    return true;
}

static bool read_cost(const char *hash, cost *out)
{
    const char *at = hash;
    *out = (cost){.version = 0x10};
    out->is_id = take(&at, "$argon2id$");
    if (!out->is_id && !take(&at, "$argon2i$"))
        return false;
    if (take(&at, "v=") && (!take_number(&at, &out->version) || !take(&at, "$")))
        return false;
    if (!take(&at, "m=") || !take_number(&at, &out->memory_kib) || !take(&at, ",t=") ||
        !take_number(&at, &out->passes) || !take(&at, ",p=") || !take_number(&at, &out->lanes))
        return false;
    return *at == '$';
}

bool argon2_is_strong(unsigned memory_kib, unsigned passes)
{
    static const unsigned least[][2] = {{47104, 1}, {19456, 2}, {12288, 3}, {9216, 4}, {7168, 5}};
    for (size_t i = 0; i < sizeof least / sizeof *least; i++)
        if (memory_kib >= least[i][0] && passes >= least[i][1])
            return true;
    return false;
}

bool argon2_make(password_text text, char out[PASSWORD_HASH_BYTES])
{
    _Static_assert((int)PASSWORD_HASH_BYTES >= (int)SLOW_HASH_TEXT_BYTES, "a hash fits");
    return slow_hash_argon2id(text.data, text.len, password_settings.memory_kib, password_settings.passes,
                              out);
}

static bool is_old(const cost *kept)
{
    return !kept->is_id || kept->version != VERSION || kept->memory_kib < password_settings.memory_kib ||
           kept->passes < password_settings.passes;
}

password_verdict argon2_check(password_text text, const char *hash)
{
    cost kept;
    if (!read_cost(hash, &kept) || kept.version > VERSION || strlen(hash) >= SLOW_HASH_TEXT_BYTES)
        return VERDICT_UNKNOWN;
    if (kept.memory_kib > MOST_MEMORY_KIB || kept.passes > MOST_PASSES || kept.lanes > MOST_LANES)
        return VERDICT_EXCESSIVE;
    if (!slow_hash_argon2_is(hash, text.data, text.len))
        return VERDICT_WRONG;
    return is_old(&kept) ? VERDICT_OLD : VERDICT_RIGHT;
}
