/**
 * Passwords: kept as slow hashes, checked at the same cost for everybody, refused when they are easy to guess.
 *
 *     TERN_HANDLER(sign_up, NewUser, in)
 *     {
 *         tern_password_fault_list faults = tern_password_faults(c, in->password, in->email, in->name);
 *         if (faults.count != 0)
 *             tern_fail_with(c, &(tern_problem){.status = 422, .faults = faults.items, .fault_count = faults.count});
 *         User user = {.email = in->email, .hash = tern_password_hash(c, in->password)};
 *         ...
 *     }
 *
 *     TERN_HANDLER(log_in, Login, in)
 *     {
 *         User *user = ...;                                        // NULL: unknown, which takes as long
 *         tern_password_result result = tern_password_check(c, in->password, user != NULL ? user->hash : NULL);
 *         if (result == TERN_PASSWORD_WRONG)
 *             tern_fail(c, 401, "the name or the password is wrong");
 *         if (result == TERN_PASSWORD_RIGHT_BUT_OLD)
 *             user->hash = tern_password_hash(c, in->password);
 *         ...
 *     }
 *
 * Hashes are Argon2id (RFC 9106) by libsodium, in PHC's string format: "$argon2id$v=19$m=19456,t=2,p=1$...". They are
 * computed on threads of a low priority, a few at a time in each worker; other requests go on. docs/passwords.md has
 * more.
 */
#ifndef TERN_PASSWORD_H
#define TERN_PASSWORD_H

#include <tern/context.h>
#include <tern/model.h>

typedef struct tern_app tern_app;

typedef struct tern_password_options {
    /* The cost of a hash: memory, and passes over it. Default 19,456 KiB (19 MiB) and 2, which is also the least that
     * OWASP's Password Storage Cheat Sheet recommends; 7,168 KiB need 5 passes, 9,216 need 4, 12,288 need 3, and
     * 47,104 need 1. Hashes that cost less are RIGHT_BUT_OLD. */
    unsigned memory_kib, passes;
    unsigned at_once;      /* hashes that a worker computes at a time, each with its memory; default 1 */
    unsigned most_waiting; /* requests of a worker that wait for their turn; more are 503; default 64 */
    size_t most_bytes;     /* of a password; longer ones are wrong, without any work; default 1024 */
    /* Hashes are sealed by the secret keys (tern/secret.h), so what was stolen from the database alone is worth nothing.
     * A hash stays sealed by the key of its day: keep retired keys in the list. */
    bool pepper;
    unsigned least_letters; /* of a new password: characters, not bytes; default 8 */
    /* A service that knows stolen passwords, by the range API of "Have I Been Pwned": the first 5 hexadecimal digits
     * of the SHA-1 hash are sent, and nothing else. TERN_PWNED_PASSWORDS, or the URL of a copy of one's own; NULL: new
     * passwords are not looked up. When the service cannot be reached, a password is accepted, with a line in the log. */
    const char *stolen_url;
} tern_password_options;

#define TERN_PWNED_PASSWORDS "https://api.pwnedpasswords.com/range/"

void tern_passwords_with(tern_app *app, const tern_password_options *options);
/** Sets how passwords are treated, for the whole process: `tern_passwords(app, .memory_kib = 65536)`. Not needed for the
 * defaults; but with it a missing libsodium is reported at start, not by the first request. A cost below OWASP's, and
 * other mistakes, are reported by tern_run. */
#define tern_passwords(app, ...) tern_passwords_with(app, &(tern_password_options){__VA_ARGS__})

typedef enum tern_password_result {
    TERN_PASSWORD_WRONG,
    TERN_PASSWORD_RIGHT,
    TERN_PASSWORD_RIGHT_BUT_OLD /* its hash is of another kind, or costs too little: store a new tern_password_hash */
} tern_password_result;

/**
 * The hash of a password, to store: a text of up to 255 bytes in the memory of the request.
 *
 * Waits for its turn and for the hash, some 20 ms. Unicode is taken in its normal form C (RFC 8265), so the same
 * characters are the same password on every keyboard. Fails with 422 for a password that is empty or longer than
 * .most_bytes, with 503 when too many wait, without memory, or without libsodium.
 */
const char *tern_password_hash(tern_ctx *c, const char *password);

/**
 * Whether `password` is the one that `hash` was made of. NULL and other texts that are not hashes are WRONG, after the
 * same work; a password that cannot be one (NULL, empty, longer than .most_bytes) is WRONG at once.
 *
 * Takes hashes of other makers, too, and says RIGHT_BUT_OLD for them: Django's (pbkdf2_sha256, pbkdf2_sha1, argon2,
 * bcrypt_sha256, bcrypt, scrypt), Werkzeug's (pbkdf2:sha256, scrypt), Passlib's ($pbkdf2-sha256$, $scrypt$,
 * $bcrypt-sha256$), Argon2i, and those of crypt(3): bcrypt ($2a$, $2b$, $2y$) and SHA-crypt ($5$, $6$). bcrypt itself
 * ends passwords after 72 bytes. A hash whose cost is out of reason is WRONG, with a line in the log.
 *
 * Fails with 503 when too many wait, without memory, or without a library that the kind of hash needs.
 */
tern_password_result tern_password_check(tern_ctx *c, const char *password, const char *hash);

/** What is wrong with a new password, ready for a tern_problem; in the request's memory. */
typedef struct tern_password_fault_list {
    const tern_fault *items; /* of the field "password" */
    size_t count;            /* 0: it is good */
} tern_password_fault_list;

/**
 * Whether a new password is good enough: `tern_password_faults(c, in->password, in->email, in->name)`.
 *
 * The texts are what an attacker would try first: the user's names, address, the name of the service. NULL is skipped.
 * Codes: "too_short", "too_long", "common" (a much used word, with or without digits and signs around it, a row of
 * keys, a date, one character repeated), "similar" (to one of the texts) and "stolen" (see .stolen_url: waits).
 */
#define tern_password_faults(c, password, ...)                                                               \
    tern_password_faults_of(                                                                                 \
        c, password, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL},                                 \
        sizeof((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL}) / sizeof(const char *) - 1)
tern_password_fault_list tern_password_faults_of(tern_ctx *c, const char *password, const char *const *texts,
                                                 size_t count);

#endif
