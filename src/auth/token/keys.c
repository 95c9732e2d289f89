/** Declaring keys: secrets, PEM, JWK, files and variables of the environment. At start. */
#include "auth/token/keys.h"

#include <tern/log.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 256 * 1024 };

static const char dividers[] = ", \t\r\n";

/** Where a source of keys is read from, for mistakes. */
typedef struct key_source {
    tern_app *app;
    tern_jwt_keys *keys;
    const char *name; /* ".pem" */
} key_source;

static void mistake(const key_source *from, unsigned number, const char *problem)
{
    tern_mistake(from->app, "jwt keys: key %u of %s: %s", number, from->name, problem);
}

/** Takes a made key, or reports why there is none. */
static void take(const key_source *from, unsigned number, key *k, const char *problem)
{
    if (k == NULL || !jwt_key_add(&from->keys->own, k, NULL, &problem))
        mistake(from, number, problem);
}

static void read_secrets(const key_source *from, const char *text)
{
    unsigned number = 0;
    for (text += strspn(text, dividers); *text != '\0'; text += strspn(text, dividers)) {
        const char *problem = NULL;
        size_t len = strcspn(text, dividers);
        key *k = key_of_secret(text, len, &problem);
        take(from, ++number, k, problem);
        text += len;
    }
    if (number == 0)
        tern_mistake(from->app, "jwt keys: %s is empty: make a secret by `openssl rand -base64 48`",
                     from->name);
}

static void read_pems(const key_source *from, const char *text)
{
    static const char begin[] = "-----BEGIN ", parameters[] = "-----BEGIN EC PARAMETERS";
    unsigned number = 0;
    for (const char *at = strstr(text, begin); at != NULL;) {
        const char *problem = NULL, *next = strstr(at + 1, begin);
        size_t len = next != NULL ? (size_t)(next - at) : strlen(at);
        if (strncmp(at, parameters, sizeof parameters - 1) !=
            0) { /* what `openssl ecparam` writes before a key */
            key *k = key_of_pem(at, len, &problem);
            take(from, ++number, k, problem);
        }
        at = next;
    }
    if (number == 0)
        mistake(from, 1, "it is not a PEM text: it has no line -----BEGIN ...-----");
}

static void read_jwks(const key_source *from, const char *text)
{
    const char *problem = NULL;
    const tern_value *set = tern_value_parse_at_start(from->app, (tern_str){text, strlen(text)}, &problem);
    if (set == NULL)
        tern_mistake(from->app, "jwt keys: %s is not JSON: %s", from->name, problem);
    else if (jwk_add_all(set, &from->keys->own, &problem) != 0)
        tern_mistake(from->app, "jwt keys: a key of %s: %s", from->name, problem);
}

/** Any of the three, by its beginning. */
static void read_any(const key_source *from, const char *text)
{
    const char *start = text + strspn(text, " \t\r\n");
    if (*start == '{')
        read_jwks(from, start);
    else if (strstr(start, "-----BEGIN ") != NULL)
        read_pems(from, start);
    else
        read_secrets(from, start);
}

static void read_file(const key_source *from, const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = file != NULL ? calloc(1, FILE_MOST + 1) : NULL;
    size_t len = text != NULL ? fread(text, 1, FILE_MOST + 1, file) : 0;
    if (file == NULL || ferror(file))
        tern_mistake(from->app, "jwt keys: cannot read %s \"%s\": %s", from->name, path, strerror(errno));
    else if (text == NULL || len > FILE_MOST)
        tern_mistake(from->app, "jwt keys: %s \"%s\" is larger than 256 KiB, or than the memory", from->name,
                     path);
    else if (memchr(text, '\0', len) != NULL)
        tern_mistake(from->app, "jwt keys: %s \"%s\" is not a text: it has a NUL byte", from->name, path);
    else
        read_any(from, text);
    if (text != NULL)
        memset(text, 0, len);
    free(text);
    if (file != NULL)
        fclose(file);
}

static void read_variable(key_source *from, const char *name)
{
    char other[128];
    snprintf(other, sizeof other, "%s_FILE", name);
    const char *value = getenv(name), *path = getenv(other);
    from->name = name;
    if (value != NULL && *value != '\0') {
        read_any(from, value);
    } else if (path != NULL && *path != '\0') {
        from->name = other;
        read_file(from, path);
        from->name = name;
    } else {
        tern_mistake(
            from->app,
            "jwt keys: neither %s nor %s is set: export %s=\"$(openssl rand -base64 48)\", or the name of a file with a "
            "key in %s",
            name, other, name, other);
    }
}

static void read_sources(tern_app *app, tern_jwt_keys *keys)
{
    const tern_jwt_keys_options *o = &keys->options;
    key_source from = {.app = app, .keys = keys, .name = ".secret"};
    if (o->secret != NULL)
        read_secrets(&from, o->secret);
    from.name = ".pem";
    if (o->pem != NULL)
        read_pems(&from, o->pem);
    from.name = ".jwk";
    if (o->jwk != NULL)
        read_jwks(&from, o->jwk);
    from.name = ".file";
    if (o->file != NULL)
        read_file(&from, o->file);
    if (o->env != NULL)
        read_variable(&from, o->env);
    if (o->secret == NULL && o->pem == NULL && o->jwk == NULL && o->file == NULL && o->env == NULL &&
        o->url == NULL)
        tern_mistake(
            app,
            "jwt keys: there is no key: give .secret, .pem, .jwk, .file, .env or .url (is a variable of the "
            "environment missing?)");
}

static bool is_address(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://127.0.0.1", 16) == 0 ||
           strncmp(url, "http://localhost", 16) == 0;
}

tern_jwt_keys *tern_jwt_keys_with(tern_app *app, const tern_jwt_keys_options *options)
{
    const char *problem;
    if (!key_load(&problem)) {
        tern_mistake(app, "jwt keys: %s", problem);
        return NULL;
    }
    tern_jwt_keys *zero = calloc(1, sizeof *zero);
    tern_jwt_keys *keys = zero != NULL ? tern_keep(zero, sizeof *zero) : NULL;
    free(zero);
    if (keys == NULL) {
        tern_mistake(app, "jwt keys: out of memory");
        return NULL;
    }
    keys->options = *options;
    if (options->url != NULL && !is_address(options->url))
        tern_mistake(
            app, "jwt keys: .url \"%s\" must begin with https://, since who changes the keys can be anybody",
            options->url);
    read_sources(app, keys);
    return keys;
}

/* -- publishing -- */

TERN_HANDLER(json_web_key_set)
{
    tern_set_header(c, "Cache-Control", "public, max-age=300");
    return tern_bytes_reply(c, "application/jwk-set+json", tern_route_arg(c), strlen(tern_route_arg(c)));
}

/** `{"keys":[...]}` of the public keys; NULL when out of memory. */
static const char *print_set(const tern_jwt_keys *keys)
{
    enum { ONE = 2048 };
    char *text = malloc(ONE * (JWT_KEYS_MOST + 1)), *at = text;
    if (text == NULL)
        return NULL;
    at += sprintf(at, "{\"keys\":[");
    for (unsigned i = 0; i < keys->own.count; i++) {
        char one[ONE];
        if (key_write_jwk(keys->own.list[i].key, keys->own.list[i].id, one, sizeof one) != 0)
            at += sprintf(at, "%s%s", at[-1] != '[' ? "," : "", one);
    }
    at += sprintf(at, "]}");
    const char *kept = tern_keep(text, (size_t)(at - text) + 1);
    free(text);
    return kept;
}

void tern_jwks(tern_app *app, const char *path, tern_jwt_keys *keys)
{
    tern_handler handler = *json_web_key_set;
    if (keys == NULL)
        return; /* a mistake has been reported */
    handler.arg = print_set(keys);
    if (handler.arg == NULL)
        tern_mistake(app, "tern_jwks: out of memory");
    tern_get(app, path, &handler, .requires = TERN_ANYBODY, .hidden = true,
             .summary = "The keys that check tokens");
}
