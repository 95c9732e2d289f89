/**
 * Hashes that other programs have made, so that their users can move with their passwords.
 *
 * A format is a line of `formats`: how it begins, and what compares. All of them divide their parts by '$'. The costs are
 * bounded, since a text from a database must not occupy a thread for hours.
 */
#include "auth/password/internal.h"
#include "crypto/base64url.h"
#include "crypto/mac.h"
#include "crypto/pbkdf2.h"
#include "crypto/slow_hash.h"
#include "crypto/unix_crypt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MOST_ROUNDS = 10 * 1000 * 1000,  /* of PBKDF2 */
    MOST_CRYPT_ROUNDS = 1000 * 1000, /* of SHA-crypt */
    MOST_SCRYPT_BYTES = 256 << 20,   /* of memory */
    MOST_SCRYPT_LANES = 16,
    MOST_BCRYPT_COST = 16, /* 2^16 rounds: some 4 s */
    DIGEST_BYTES = 64
};

/** The parts of a hash. */
typedef struct parts {
    char text[PASSWORD_HASH_BYTES];
    char *at[8];
    unsigned count;
} parts;

/** What a hash holds, for a function that derives a key. */
typedef struct derived {
    const char *salt; /* of salt_len bytes */
    size_t salt_len;
    uint8_t kept[DIGEST_BYTES]; /* what the key must be */
    size_t len;
} derived;

/** Divides `hash` at each '$'; false when it has more than 8 parts. */
static bool divide(const char *hash, parts *out)
{
    size_t len = strlen(hash);
    if (len >= sizeof out->text)
        return false;
    memcpy(out->text, hash, len + 1);
    out->count = 0;
    for (char *at = out->text; at != NULL; out->count++) {
        if (out->count == 8)
            return false;
        out->at[out->count] = at;
        at = strchr(at, '$');
        if (at != NULL)
            *at++ = '\0';
    }
    return true;
}

/** A decimal number from 1; 0 when it is not one, UINT64_MAX when it is above 10 digits. */
static uint64_t number_of(const char *text, size_t len)
{
    uint64_t value = 0;
    if (len > 10)
        return UINT64_MAX;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    return value;
}

/** base64 with or without its padding; '.' counts as '+', as Passlib writes it. */
static bool from_base64(const char *text, uint8_t *out, size_t size, size_t *len)
{
    char plain[PASSWORD_HASH_BYTES];
    size_t n = strcspn(text, "=");
    if (n >= sizeof plain || BASE64URL_BYTES(n) > size || strspn(text + n, "=") != strlen(text + n))
        return false;
    for (size_t i = 0; i < n; i++)
        plain[i] = text[i] == '.' || text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i];
    long bytes = base64url_parse(plain, n, out);
    *len = bytes > 0 ? (size_t)bytes : 0;
    return bytes > 0;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(const char *text, uint8_t *out, size_t size, size_t *len)
{
    *len = strlen(text) / 2;
    if (strlen(text) % 2 != 0 || *len > size)
        return false;
    for (size_t i = 0; i < *len; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static password_verdict compare(const uint8_t *made, const derived *d)
{
    return mac_equal(made, d->kept, d->len) ? VERDICT_OLD : VERDICT_WRONG;
}

/* -- PBKDF2 -- */

static password_verdict pbkdf2(password_text text, pbkdf2_hash hash, uint64_t rounds, const derived *d)
{
    static const size_t lengths[] = {[PBKDF2_SHA1] = 20, [PBKDF2_SHA256] = 32, [PBKDF2_SHA512] = 64};
    uint8_t made[DIGEST_BYTES];
    if (rounds == 0 || d->len != lengths[hash])
        return VERDICT_UNKNOWN;
    if (rounds > MOST_ROUNDS)
        return VERDICT_EXCESSIVE;
    if (!pbkdf2_derive(hash, text.data, text.len, d->salt, d->salt_len, (unsigned)rounds, made, d->len))
        return VERDICT_NO_MEMORY;
    return compare(made, d);
}

/** "pbkdf2_sha256$600000$salt$base64". */
static password_verdict pbkdf2_django(password_text text, const parts *p)
{
    derived d = {0};
    if (p->count != 4 || !from_base64(p->at[3], d.kept, sizeof d.kept, &d.len))
        return VERDICT_UNKNOWN;
    d.salt = p->at[2];
    d.salt_len = strlen(d.salt);
    return pbkdf2(text, strcmp(p->at[0], "pbkdf2_sha1") == 0 ? PBKDF2_SHA1 : PBKDF2_SHA256,
                  number_of(p->at[1], strlen(p->at[1])), &d);
}

/** "$pbkdf2-sha256$29000$base64$base64". */
static password_verdict pbkdf2_passlib(password_text text, const parts *p)
{
    uint8_t salt[PASSWORD_HASH_BYTES];
    derived d = {.salt = (const char *)salt};
    if (p->count != 5 || !from_base64(p->at[3], salt, sizeof salt, &d.salt_len) ||
        !from_base64(p->at[4], d.kept, sizeof d.kept, &d.len))
        return VERDICT_UNKNOWN;
    return pbkdf2(text, strcmp(p->at[1], "pbkdf2-sha512") == 0 ? PBKDF2_SHA512 : PBKDF2_SHA256,
                  number_of(p->at[2], strlen(p->at[2])), &d);
}

/** "pbkdf2:sha256:600000$salt$hex". */
static password_verdict pbkdf2_werkzeug(password_text text, const parts *p)
{
    static const char *const names[] = {
        [PBKDF2_SHA1] = "sha1:", [PBKDF2_SHA256] = "sha256:", [PBKDF2_SHA512] = "sha512:"};
    const char *at = p->at[0] + strlen("pbkdf2:");
    derived d = {0};
    if (p->count != 3 || !from_hex(p->at[2], d.kept, sizeof d.kept, &d.len))
        return VERDICT_UNKNOWN;
    d.salt = p->at[1];
    d.salt_len = strlen(d.salt);
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (strncmp(at, names[i], strlen(names[i])) == 0) {
            at += strlen(names[i]);
            return pbkdf2(text, (pbkdf2_hash)i, number_of(at, strlen(at)), &d);
        }
    return VERDICT_UNKNOWN;
}

/* -- scrypt -- */

/** A key of `len` bytes, as the kind of hash has it. */
static password_verdict scrypt(password_text text, uint64_t n, uint64_t r, uint64_t p, const derived *d,
                               size_t len)
{
    uint8_t made[DIGEST_BYTES];
    if (n < 2 || r == 0 || p == 0 || d->len != len)
        return VERDICT_UNKNOWN;
    if (n > MOST_SCRYPT_BYTES || r > MOST_SCRYPT_BYTES || n * r > MOST_SCRYPT_BYTES / 128 ||
        p > MOST_SCRYPT_LANES)
        return VERDICT_EXCESSIVE;
    if ((n & (n - 1)) != 0)
        return VERDICT_UNKNOWN;
    if (!slow_hash_scrypt(text.data, text.len, d->salt, d->salt_len, n, (uint32_t)r, (uint32_t)p, made, len))
        return VERDICT_NO_MEMORY;
    return compare(made, d);
}

/** "scrypt$16384$salt$8$5$base64". */
static password_verdict scrypt_django(password_text text, const parts *p)
{
    derived d = {0};
    if (p->count != 6 || !from_base64(p->at[5], d.kept, sizeof d.kept, &d.len))
        return VERDICT_UNKNOWN;
    d.salt = p->at[2];
    d.salt_len = strlen(d.salt);
    return scrypt(text, number_of(p->at[1], strlen(p->at[1])), number_of(p->at[3], strlen(p->at[3])),
                  number_of(p->at[4], strlen(p->at[4])), &d, 64);
}

/** The number after `name` in "ln=16,r=8,p=1"; 0 without it. */
static uint64_t named_number(const char *list, const char *name)
{
    size_t len = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ','), at += at != NULL)
        if (strncmp(at, name, len) == 0)
            return number_of(at + len, strcspn(at + len, ","));
    return 0;
}

/** "$scrypt$ln=16,r=8,p=1$base64$base64". */
static password_verdict scrypt_passlib(password_text text, const parts *p)
{
    uint8_t salt[PASSWORD_HASH_BYTES];
    derived d = {.salt = (const char *)salt};
    if (p->count != 5 || !from_base64(p->at[3], salt, sizeof salt, &d.salt_len) ||
        !from_base64(p->at[4], d.kept, sizeof d.kept, &d.len))
        return VERDICT_UNKNOWN;
    uint64_t log = named_number(p->at[2], "ln=");
    return scrypt(text,
                  log == 0   ? 0
                  : log < 32 ? UINT64_C(1) << log
                             : UINT64_MAX,
                  named_number(p->at[2], "r="), named_number(p->at[2], "p="), &d, 32);
}

/** "scrypt:32768:8:1$salt$hex". */
static password_verdict scrypt_werkzeug(password_text text, const parts *p)
{
    derived d = {0};
    uint64_t cost[3] = {0};
    const char *at = p->at[0] + strlen("scrypt");
    if (p->count != 3 || !from_hex(p->at[2], d.kept, sizeof d.kept, &d.len))
        return VERDICT_UNKNOWN;
    for (unsigned i = 0; i < 3 && *at == ':'; i++) {
        size_t len = strcspn(++at, ":");
        cost[i] = number_of(at, len);
        at += len;
    }
    d.salt = p->at[1];
    d.salt_len = strlen(d.salt);
    return *at == '\0' ? scrypt(text, cost[0], cost[1], cost[2], &d, 64) : VERDICT_UNKNOWN;
}

/* -- crypt(3) -- */

static password_verdict crypt_check(const char *password, const char *hash)
{
    char made[PASSWORD_HASH_BYTES];
    const char *rounds = strstr(hash, "$rounds=");
    bool is_bcrypt = hash[1] == '2';
    if (is_bcrypt && (strlen(hash) != 60 || hash[6] != '$'))
        return VERDICT_UNKNOWN;
    if (is_bcrypt && number_of(hash + 4, 2) > MOST_BCRYPT_COST)
        return VERDICT_EXCESSIVE;
    if (!is_bcrypt && rounds != NULL && number_of(rounds + 8, strcspn(rounds + 8, "$")) > MOST_CRYPT_ROUNDS)
        return VERDICT_EXCESSIVE;
    unix_crypt_result result = unix_crypt(password, hash, made, sizeof made);
    if (result != UNIX_CRYPT_MADE)
        return result == UNIX_CRYPT_NO_MEMORY ? VERDICT_NO_MEMORY : VERDICT_UNKNOWN;
    size_t len = strlen(hash);
    bool is_right = strlen(made) == len && mac_equal(made, hash, len);
    return is_right ? VERDICT_OLD : VERDICT_WRONG;
}

/** SHA-256 in lowercase digits. */
static void sha256_hex(password_text text, char out[2 * MAC_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[MAC_BYTES];
    mac_sha256(text.data, text.len, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[2 * sizeof digest] = '\0';
}

/** base64 with padding, of a hash. */
static void mac_base64(const uint8_t mac[MAC_BYTES], char out[BASE64URL_LEN(MAC_BYTES) + 2])
{
    size_t len = base64url_write(mac, MAC_BYTES, out);
    for (size_t i = 0; i < len; i++)
        out[i] = out[i] == '-' ? '+' : out[i] == '_' ? '/' : out[i];
    memcpy(out + len, "=", 2);
}

/** "$bcrypt-sha256$v=2,t=2b,r=12$salt$digest": bcrypt of the HMAC by the salt, in base64. */
static password_verdict bcrypt_passlib(password_text text, const parts *p)
{
    char setting[80], key[BASE64URL_LEN(MAC_BYTES) + 2];
    uint8_t mac[MAC_BYTES];
    if (p->count != 5 || strncmp(p->at[2], "v=2,t=2b,r=", 11) != 0 || strlen(p->at[3]) != 22)
        return VERDICT_UNKNOWN;
    int len = snprintf(setting, sizeof setting, "$2b$%02u$%s%s",
                       (unsigned)(number_of(p->at[2] + 11, strlen(p->at[2] + 11)) % 100), p->at[3], p->at[4]);
    if (len != 60)
        return VERDICT_UNKNOWN;
    mac_of(p->at[3], strlen(p->at[3]), &(mac_part){text.data, text.len}, 1, mac);
    mac_base64(mac, key);
    return crypt_check(key, setting);
}

/* -- all formats -- */

typedef enum library { WITH_SODIUM, WITH_OPENSSL, WITH_CRYPT } library;

static const struct {
    const char *start;
    library needs;
    password_verdict (*check)(password_text text, const parts *p); /* NULL: crypt(3) */
} formats[] = {
    {"pbkdf2_sha256$", WITH_OPENSSL, pbkdf2_django},
    {"pbkdf2_sha1$", WITH_OPENSSL, pbkdf2_django},
    {"$pbkdf2-sha256$", WITH_OPENSSL, pbkdf2_passlib},
    {"$pbkdf2-sha512$", WITH_OPENSSL, pbkdf2_passlib},
    {"pbkdf2:", WITH_OPENSSL, pbkdf2_werkzeug},
    {"scrypt$", WITH_SODIUM, scrypt_django},
    {"scrypt:", WITH_SODIUM, scrypt_werkzeug},
    {"$scrypt$", WITH_SODIUM, scrypt_passlib},
    {"$bcrypt-sha256$", WITH_CRYPT, bcrypt_passlib},
    {"$2a$", WITH_CRYPT, NULL},
    {"$2b$", WITH_CRYPT, NULL},
    {"$2y$", WITH_CRYPT, NULL},
    {"$5$", WITH_CRYPT, NULL},
    {"$6$", WITH_CRYPT, NULL},
};

/** Skips the name that Django puts before a hash: `*is_hashed` when that is of the password's SHA-256. */
static const char *inner_hash(const char *hash, bool *is_hashed)
{
    static const char *const names[] = {"argon2$", "bcrypt_sha256$", "bcrypt$"};
    *is_hashed = false;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);
        if (strncmp(hash, names[i], len) != 0)
            continue;
        *is_hashed = i == 1;
        return hash + len - (i == 0); /* PHC's begins with the '$' */
    }
    return hash;
}

static unsigned format_of(const char *hash)
{
    unsigned i = 0;
    for (; i < sizeof formats / sizeof *formats; i++)
        if (strncmp(hash, formats[i].start, strlen(formats[i].start)) == 0)
            break;
    return i;
}

bool foreign_load(const char *hash, const char **problem)
{
    bool is_hashed;
    unsigned format = format_of(inner_hash(hash, &is_hashed));
    if (format == sizeof formats / sizeof *formats || formats[format].needs == WITH_SODIUM)
        return true;
    return formats[format].needs == WITH_OPENSSL ? pbkdf2_load(problem) : unix_crypt_load(problem);
}

password_verdict foreign_check(password_text text, const char *hash)
{
    char digest[2 * MAC_BYTES + 1];
    parts p;
    bool is_hashed;
    const char *inner = inner_hash(hash, &is_hashed);
    if (inner != hash && strncmp(inner, "$argon2", 7) == 0) {
        password_verdict verdict = argon2_check(text, inner);
        return verdict == VERDICT_RIGHT ? VERDICT_OLD : verdict;
    }
    if (is_hashed) {
        sha256_hex(text, digest);
        text = (password_text){digest, sizeof digest - 1};
    }
    unsigned format = format_of(inner);
    if (format == sizeof formats / sizeof *formats || !divide(inner, &p))
        return VERDICT_UNKNOWN;
    return formats[format].check != NULL ? formats[format].check(text, &p) : crypt_check(text.data, inner);
}
