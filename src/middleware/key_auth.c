/** Keys of an API. */
#include <tern/access.h>
#include <tern/identity.h>
#include <tern/openapi.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LEAST_KEY = 16 };

typedef struct key_auth {
    tern_key_auth_options options;
    const char *keys;       /* each ended by NUL, an empty one at the end */
    const char *schemes[5]; /* for documentation; filled in by prepare */
} key_auth;

static const char dividers[] = ", \t\r\n";

/** Divides the list into keys; NULL with a mistake, which must not show a key. */
static const char *read_keys(tern_app *app, const char *list)
{
    size_t size = strlen(list) + 2;
    void *zero = calloc(1, size);
    char *keys = zero != NULL ? tern_keep(zero, size) : NULL, *out = keys;
    unsigned count = 0;
    free(zero);
    if (keys == NULL) {
        tern_mistake(app, "key_auth: out of memory");
        return NULL;
    }
    for (list += strspn(list, dividers); *list != '\0'; list += strspn(list, dividers)) {
        size_t len = strcspn(list, dividers);
        count++;
        if (len < LEAST_KEY)
            tern_mistake(
                app, "key_auth: key %u of .keys has %zu characters, so it could be guessed: use %d or more",
                count, len, LEAST_KEY);
        memcpy(out, list, len);
        out[len] = '\0';
        out += len + 1;
        list += len;
    }
    *out = '\0';
    if (count == 0)
        tern_mistake(app, "key_auth: .keys is empty: list keys like the output of `openssl rand -hex 16`");
    return keys;
}

static bool takes_bearer(const tern_key_auth_options *o)
{
    return o->bearer || (o->header == NULL && o->query == NULL && o->cookie == NULL);
}

static void prepare(tern_app *app, void *options)
{
    key_auth *k = options;
    if (k == NULL) {
        tern_mistake(app, "key_auth: out of memory");
        return;
    }
    const tern_key_auth_options *o = &k->options;
    if ((o->keys == NULL) == (o->check == NULL))
        tern_mistake(app,
                     "key_auth: %s: give one of .keys and .check (is a variable of the environment missing?)",
                     o->keys == NULL ? ".keys is NULL" : "there are two sources of keys");
    else if (o->keys != NULL)
        k->keys = read_keys(app, o->keys);
    const struct {
        const char *name, *key;
        tern_security_type type;
        bool is_taken;
    } places[] = {
        {"key_header", o->header, TERN_SECURITY_API_KEY_HEADER, o->header != NULL},
        {"key_bearer", NULL, TERN_SECURITY_BEARER, takes_bearer(o)},
        {"key_cookie", o->cookie, TERN_SECURITY_API_KEY_COOKIE, o->cookie != NULL},
        {"key_query", o->query, TERN_SECURITY_API_KEY_QUERY, o->query != NULL},
    };
    unsigned count = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (places[i].is_taken)
            k->schemes[count++] = tern_security_named(
                app, places[i].name, &(tern_security_options){.type = places[i].type, .key = places[i].key});
}

/** The key of `Authorization: Bearer KEY`; NULL without one. */
static const char *bearer_key(tern_ctx *c)
{
    const char *header = tern_header(c, "Authorization");
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0 ||
        tern_header_nth(c, "Authorization", 1) != NULL)
        return NULL;
    return header + 7 + strspn(header + 7, " ");
}

static const char *key_of(tern_ctx *c, const tern_key_auth_options *o)
{
    const char *key = o->header != NULL ? tern_header(c, o->header) : NULL;
    if (key != NULL && tern_header_nth(c, o->header, 1) != NULL)
        return "";
    if (key == NULL && takes_bearer(o))
        key = bearer_key(c);
    if (key == NULL && o->cookie != NULL)
        key = tern_cookie(c, o->cookie);
    if (key == NULL && o->query != NULL)
        key = tern_query(c, o->query);
    return key;
}

/** The number of the key in the list, from 1; 0: it is not one of them. 1 for a key that .check knows. */
static unsigned number_of(tern_ctx *c, const key_auth *k, const char *key)
{
    unsigned found = 0, number = 0;
    if (k->options.check != NULL)
        return k->options.check(c, key);
    for (const char *at = k->keys; *at != '\0'; at += strlen(at) + 1) { /* all of them, in a constant time */
        unsigned is_this = tern_secrets_are_equal(key, at);
        number++;
        found |= number & -is_this;
    }
    return found;
}

/** The client is "key 2", or who .check said. */
static void identify(tern_ctx *c, unsigned number)
{
    if (tern_identity_of(c) == NULL)
        tern_set_identity(c, &(tern_identity){.id = number == 1 ? "key 1" : tern_sprintf(c, "key %u", number),
                                              .way = "key auth"});
}

static tern_reply run(tern_ctx *c, void *options)
{
    const key_auth *k = options;
    const char *key = key_of(c, &k->options);
    unsigned number = key != NULL && key[0] != '\0' ? number_of(c, k, key) : 0;
    if (number != 0) {
        identify(c, number);
        return tern_next(c);
    }
    bool is_bearer = takes_bearer(&k->options);
    tern_set_header(c, "WWW-Authenticate",
                    !is_bearer    ? "ApiKey"
                    : key != NULL ? "Bearer error=\"invalid_token\""
                                  : "Bearer");
    return tern_problem_reply(
        c, &(tern_problem){.status = 401, .detail = key != NULL ? "the key is wrong" : "a key is needed"});
}

tern_middleware tern_key_auth_with(const tern_key_auth_options *options)
{
    const key_auth k = {.options = *options};
    key_auth *kept = tern_keep(&k, sizeof k);
    return (tern_middleware){.name = "key_auth",
                             .run = run,
                             .options = kept,
                             .identifies = true,
                             .demands = true,
                             .challenge = takes_bearer(options) ? "Bearer" : "ApiKey",
                             .security = kept != NULL ? kept->schemes : NULL,
                             .skip = options->skip,
                             .prepare = prepare,
                             .answers = "401",
                             .stage = TERN_STAGE_AUTH,
                             .repeats = true};
}
