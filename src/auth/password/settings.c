/** tern_passwords: the settings of the process. */
#include "auth/password/internal.h"
#include "crypto/sodium.h"

#include <tern/middleware.h>
#include <tern/secret.h>

#include <string.h>

enum {
    MEMORY_KIB = 19456,
    PASSES = 2,
    AT_ONCE = 1,
    MOST_WAITING = 64,
    MOST_BYTES = 1024,
    LEAST_LETTERS = 8,
    BIGGEST_BYTES = 64 * 1024 /* of .most_bytes */
};

tern_password_options password_settings = {.memory_kib = MEMORY_KIB,
                                           .passes = PASSES,
                                           .at_once = AT_ONCE,
                                           .most_waiting = MOST_WAITING,
                                           .most_bytes = MOST_BYTES,
                                           .least_letters = LEAST_LETTERS};

static unsigned or_default(unsigned given, unsigned otherwise)
{
    return given != 0 ? given : otherwise;
}

static void check(tern_app *app, const tern_password_options *o)
{
    if (!argon2_is_strong(o->memory_kib, o->passes) || o->memory_kib > 1024 * 1024 || o->passes > 64)
        tern_mistake(
            app,
            "passwords: .memory_kib %u with .passes %u is too weak, or above 1 GiB and 64 passes: "
            "OWASP's least are 47104 KiB with 1, 19456 with 2, 12288 with 3, 9216 with 4, 7168 with 5",
            o->memory_kib, o->passes);
    if (o->at_once > 64 || o->most_waiting > 10000)
        tern_mistake(app, "passwords: .at_once is %u and .most_waiting %u: the most are 64 and 10000",
                     o->at_once, o->most_waiting);
    if (o->most_bytes < 64 || o->most_bytes > BIGGEST_BYTES)
        tern_mistake(app, "passwords: .most_bytes is %zu: set 64 (people use phrases) to %d", o->most_bytes,
                     BIGGEST_BYTES);
    if (o->least_letters < 8 || o->least_letters > o->most_bytes)
        tern_mistake(app,
                     "passwords: .least_letters is %u: set at least 8, the least that NIST SP 800-63B allows",
                     o->least_letters);
    if (o->stolen_url != NULL && strncmp(o->stolen_url, "https://", 8) != 0 &&
        strncmp(o->stolen_url, "http://127.0.0.1", 16) != 0)
        tern_mistake(app,
                     "passwords: .stolen_url is \"%s\": use TERN_PWNED_PASSWORDS, or another https:// URL",
                     o->stolen_url);
}

void tern_passwords_with(tern_app *app, const tern_password_options *options)
{
    tern_password_options o = *options;
    const char *problem = NULL;
    o.memory_kib = or_default(o.memory_kib, MEMORY_KIB);
    o.passes = or_default(o.passes, PASSES);
    o.at_once = or_default(o.at_once, AT_ONCE);
    o.most_waiting = or_default(o.most_waiting, MOST_WAITING);
    o.most_bytes = o.most_bytes != 0 ? o.most_bytes : MOST_BYTES;
    o.least_letters = or_default(o.least_letters, LEAST_LETTERS);
    if (o.stolen_url != NULL)
        o.stolen_url = tern_keep(o.stolen_url, strlen(o.stolen_url) + 1);
    if (options->stolen_url != NULL && o.stolen_url == NULL)
        tern_mistake(app, "passwords: out of memory");
    if (!sodium_load(&problem))
        tern_mistake(app, "passwords: %s", problem);
    if (o.pepper)
        tern_secrets(app);
    check(app, &o);
    password_settings = o;
}
