/** Making and checking hashes: the request's side, which waits, and the thread's side, which works. */
#include "auth/password/gentle.h"
#include "auth/password/internal.h"
#include "crypto/sodium.h"

#include <tern/log.h>
#include <tern/problem.h>
#include <tern/secret.h>

#include <string.h>

#define SEALED  "sealed$" /* before a hash that .pepper has sealed */
#define PURPOSE "tern password"

typedef struct hashing {
    password_text text;
    const char *hash;               /* to compare with; NULL: make one */
    char made[PASSWORD_HASH_BYTES]; /* "": without memory */
    password_verdict verdict;
} hashing;

/* -- on a thread -- */

static void make(void *arg)
{
    hashing *h = arg;
    if (!argon2_make(h->text, h->made))
        h->made[0] = '\0';
}

static bool is_argon2(const char *hash)
{
    return strncmp(hash, "$argon2", 7) == 0;
}

/** What is not a hash costs as much as one that is. */
static void compare(void *arg)
{
    hashing *h = arg;
    h->verdict = h->hash == NULL      ? VERDICT_UNKNOWN
                 : is_argon2(h->hash) ? argon2_check(h->text, h->hash)
                                      : foreign_check(h->text, h->hash);
    if (h->verdict == VERDICT_UNKNOWN || h->verdict == VERDICT_EXCESSIVE)
        make(h);
    if (h->verdict == VERDICT_UNKNOWN && h->made[0] == '\0')
        h->verdict = VERDICT_NO_MEMORY;
}

/* -- on the loop's thread -- */

static void need_library(tern_ctx *c, bool is_loaded, const char *problem)
{
    if (is_loaded)
        return;
    tern_log(TERN_LOG_ERROR, "passwords: %s", problem);
    tern_fail(c, 503, "passwords cannot be checked now");
}

static void need_sodium(tern_ctx *c)
{
    const char *problem = "";
    bool is_loaded = sodium_load(&problem);
    need_library(c, is_loaded, problem);
}

/** What the kind of `hash` needs. */
static void need_foreign(tern_ctx *c, const char *hash)
{
    const char *problem = "";
    bool is_loaded = foreign_load(hash, &problem);
    need_library(c, is_loaded, problem);
}

static _Noreturn void fail_without_memory(tern_ctx *c)
{
    tern_log(TERN_LOG_ERROR, "passwords: no memory for a hash, which takes %u KiB",
             password_settings.memory_kib);
    tern_fail(c, 503, "out of memory");
}

/** Whether it can be a password at all. */
static bool has_length(const char *password)
{
    size_t len = password != NULL ? strnlen(password, password_settings.most_bytes + 1) : 0;
    return len != 0 && len <= password_settings.most_bytes;
}

const char *tern_password_hash(tern_ctx *c, const char *password)
{
    if (password == NULL || password[0] == '\0')
        tern_fail_field(c, 422, "password", "too_short", "must not be empty");
    if (!has_length(password))
        tern_fail_field(c, 422, "password", "too_long", "must have at most %zu bytes",
                        password_settings.most_bytes);
    need_sodium(c);
    const char *normal = password_normal(c, password);
    hashing *h = tern_alloc(c, sizeof *h);
    h->text = (password_text){normal, strlen(normal)};
    gentle_run(c, make, h);
    if (h->made[0] == '\0')
        fail_without_memory(c);
    return password_settings.pepper ? tern_sprintf(c, SEALED "%s", tern_seal(c, PURPOSE, h->made)) : h->made;
}

static bool is_sealed(const char *hash)
{
    return hash != NULL && strncmp(hash, SEALED, sizeof SEALED - 1) == 0;
}

/** The hash itself; NULL when its key is gone. */
static const char *unseal(tern_ctx *c, const char *hash)
{
    const char *opened = tern_unseal(c, PURPOSE, hash + sizeof SEALED - 1);
    if (opened == NULL)
        tern_log(TERN_LOG_ERROR,
                 "passwords: a stored hash cannot be unsealed: its key was taken out of the secret keys, "
                 "or the text was changed. Its user cannot log in and needs a new password");
    return opened;
}

static void log_hash(password_verdict verdict, const char *hash)
{
    if (verdict == VERDICT_EXCESSIVE)
        tern_log(
            TERN_LOG_ERROR,
            "passwords: a stored hash that begins with \"%.20s\" has a cost out of reason: its user cannot log "
            "in and needs a new password",
            hash);
    else if (verdict == VERDICT_UNKNOWN && hash != NULL && hash[0] != '\0' && hash[0] != '!')
        tern_log(
            TERN_LOG_ERROR,
            "passwords: a stored hash that begins with \"%.12s\" is malformed, or of a kind that is not known: "
            "its user cannot log in and needs a new password",
            hash);
}

tern_password_result tern_password_check(tern_ctx *c, const char *password, const char *hash)
{
    if (!has_length(password))
        return TERN_PASSWORD_WRONG;
    need_sodium(c);
    bool was_sealed = is_sealed(hash);
    if (was_sealed)
        hash = unseal(c, hash);
    if (hash != NULL)
        need_foreign(c, hash);
    bool is_own = hash == NULL || is_argon2(hash);
    const char *text = is_own ? password_normal(c, password) : password; /* others hash what was typed */
    hashing *h = tern_alloc(c, sizeof *h);
    h->text = (password_text){text, strlen(text)};
    h->hash = hash;
    gentle_run(c, compare, h);
    if (h->verdict == VERDICT_NO_MEMORY)
        fail_without_memory(c);
    log_hash(h->verdict, hash);
    if (h->verdict == VERDICT_OLD || (h->verdict == VERDICT_RIGHT && was_sealed != password_settings.pepper))
        return TERN_PASSWORD_RIGHT_BUT_OLD;
    return h->verdict == VERDICT_RIGHT ? TERN_PASSWORD_RIGHT : TERN_PASSWORD_WRONG;
}
