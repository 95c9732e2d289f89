/* Where secret keys come from, and what is derived from them. */
#include "app/secret/keys.h"

#include "app/command.h"
#include "base/siphash.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "crypto/sodium.h"

#include <tern/log.h>
#include <tern/secret.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_BYTES_MAX = 64 * 1024 };

/* -- from text to keys -- */

static bool is_divider(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',';
}

/* A key that somebody made up has few different characters. */
static unsigned count_different(tern_str key)
{
    bool seen[256] = {false};
    unsigned count = 0;
    for (size_t i = 0; i < key.len; i++) {
        bool *one = &seen[(unsigned char)key.data[i]];
        count += !*one;
        *one = true;
    }
    return count;
}

static bool add_key(app_secrets *s, const char *place, tern_str key, buf *problems)
{
    enum { DIFFERENT_MIN = 10 };
    unsigned number = s->count + 1;
    if (s->count == SECRET_KEYS_MAX)
        buf_add_printf(problems, "%s: there are more than %d keys: remove the oldest, which are the last\n",
                       place, SECRET_KEYS_MAX);
    else if (key.len < SECRET_TEXT_MIN || key.len > SECRET_TEXT_MAX)
        buf_add_printf(problems,
                       "%s: key %u has %zu characters, not %d to %d: `secret new` makes good ones\n", place,
                       number, key.len, SECRET_TEXT_MIN, SECRET_TEXT_MAX);
    else if (count_different(key) < DIFFERENT_MIN)
        buf_add_printf(problems,
                       "%s: key %u has only %u different characters, so it is not random: "
                       "`secret new` makes good ones\n",
                       place, number, count_different(key));
    else {
        mac_hkdf(key.data, key.len, "tern secret key", s->roots[s->count++], MAC_BYTES);
        return true;
    }
    return false;
}

bool secret_keys_parse(app_secrets *s, const char *place, tern_str text, buf *problems)
{
    s->count = 0;
    memset(s->purposes, 0, sizeof s->purposes);
    for (size_t i = 0; i < text.len;) {
        if (text.data[i] == '#') {
            while (i < text.len && text.data[i] != '\n')
                i++;
        } else if (is_divider(text.data[i])) {
            i++;
        } else {
            size_t begin = i;
            while (i < text.len && !is_divider(text.data[i]))
                i++;
            if (!add_key(s, place, (tern_str){text.data + begin, i - begin}, problems))
                return false;
        }
    }
    if (s->count == 0)
        buf_add_printf(problems, "%s: there is no key in it: `secret new` makes one\n", place);
    return s->count != 0;
}

/* -- from the file -- */

const char *secret_keys_path(const tern_app *app, buf *into)
{
    const char *given = app->secret_keys_file, *url = app_database_url(app), *path = NULL, *slash = NULL;
    if (given == NULL && url != NULL && strncmp(url, "sqlite:", 7) == 0 && strncmp(url, "sqlite::", 8) != 0)
        path = strncmp(url, "sqlite://", 9) == 0 ? url + 9 : url + 7;
    if (path != NULL)
        slash = strrchr(path, '/');
    if (given != NULL)
        buf_add_text(into, given);
    else if (slash != NULL)
        buf_add_printf(into, "%.*s/" SECRET_DEFAULT_FILE, (int)(slash - path), path);
    else
        buf_add_text(into, SECRET_DEFAULT_FILE);
    return into->failed ? NULL : into->data;
}

/* Reads the open file; false with a line. */
static bool read_keys(app_secrets *s, const char *path, int fd, buf *problems)
{
    static char text[FILE_BYTES_MAX]; /* at start alone */
    struct stat st;
    size_t len = 0;
    ssize_t got = 0;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        buf_add_printf(problems, "%s: it is not a file of secret keys\n", path);
        return false;
    }
    if ((st.st_mode & 027) != 0) {
        buf_add_printf(problems,
                       "%s: others may read or change these secret keys (mode %04o): chmod 600 %s\n", path,
                       (unsigned)st.st_mode & 07777, path);
        return false;
    }
    while (len < sizeof text && (got = read(fd, text + len, sizeof text - len)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            break;
        len += (size_t)got;
    }
    if (got < 0)
        buf_add_printf(problems, "%s: it cannot be read: %s\n", path, strerror(errno));
    else if (len == sizeof text)
        buf_add_printf(problems, "%s: it has more than %d bytes, so it is not a file of secret keys\n", path,
                       FILE_BYTES_MAX);
    bool is_read =
        got >= 0 && len < sizeof text && secret_keys_parse(s, path, (tern_str){text, len}, problems);
    mac_forget(text, sizeof text);
    return is_read;
}

/* -- which of them -- */

/* A key that nobody else has, and that ends with the process. */
static bool make_passing_key(app_secrets *s, buf *problems)
{
    char text[BASE64URL_LEN(MAC_BYTES) + 1];
    if (!random_text(text, MAC_BYTES)) {
        buf_add_printf(problems, "the kernel has no random numbers for a secret key\n");
        return false;
    }
    return secret_keys_parse(s, "--development", (tern_str){text, sizeof text - 1}, problems);
}

static void explain_absence(const char *program, const char *path, bool is_given, buf *problems)
{
    buf_add_printf(
        problems,
        "this program needs secret keys, and %s does not exist: run `%s secret new%s%s` once, which makes "
        "it, or set TERN_SECRET_KEYS; on your own machine, --development does without\n",
        path, program, is_given ? " --secret-keys-file " : "", is_given ? path : "");
}

/* False with `*is_absent` when there is no such file. */
static bool load_file(app_secrets *s, const char *path, bool *is_absent, buf *problems)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    *is_absent = fd < 0 && errno == ENOENT;
    if (fd < 0) {
        if (!*is_absent)
            buf_add_printf(problems, "%s: the secret keys cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    bool is_loaded = read_keys(s, path, fd, problems);
    close(fd);
    return is_loaded;
}

bool secret_keys_load(const tern_app *app, const char *program, buf *problems)
{
    app_secrets *s = app->secrets;
    const char *library, *text = getenv("TERN_SECRET_KEYS");
    if (!sodium_load(&library)) {
        buf_add_printf(problems, "secret keys: %s\n", library);
        return false;
    }
    if (text != NULL && *text != '\0')
        return secret_keys_parse(s, "TERN_SECRET_KEYS", (tern_str){text, strlen(text)}, problems);
    if (app->testing != NULL)
        return make_passing_key(s, problems);
    buf own = {0};
    bool is_absent = false, is_given = app->secret_keys_file != NULL;
    const char *path = secret_keys_path(app, &own);
    if (path == NULL)
        buf_add_text(problems, "out of memory\n");
    bool is_loaded = path != NULL && load_file(s, path, &is_absent, problems);
    if (is_absent && app->is_development && !is_given)
        is_loaded = make_passing_key(s, problems);
    else if (is_absent)
        explain_absence(program, path, is_given, problems);
    buf_free(&own);
    return is_loaded;
}

/* -- keys of purposes -- */

static void derive(const app_secrets *s, secret_use use, const char *purpose, secret_keys *out)
{
    char info[SECRET_PURPOSE_MAX + 32];
    for (unsigned i = 0; i < s->count; i++) {
        snprintf(info, sizeof info, "%s key %s", use == SECRET_SEALS ? "seal" : "sign", purpose);
        mac_hkdf(s->roots[i], MAC_BYTES, info, out->key[i], MAC_BYTES);
        snprintf(info, sizeof info, "%s id %s", use == SECRET_SEALS ? "seal" : "sign", purpose);
        mac_hkdf(s->roots[i], MAC_BYTES, info, out->id[i], SECRET_ID_BYTES);
    }
}

const secret_keys *secret_keys_for(app_secrets *s, secret_use use, const char *purpose, secret_keys *scratch)
{
    static const siphash_key fixed = {{0}}; /* purposes are the program's own */
    size_t len = strlen(purpose);
    if (len >= sizeof s->purposes[0].name || len == 0) {
        derive(s, use, purpose, scratch);
        return scratch;
    }
    uint64_t hash = siphash_1_3(&fixed, purpose, len) + (uint64_t)use;
    for (unsigned i = 0; i < SECRET_PURPOSES; i++) {
        secret_purpose *at = &s->purposes[(hash + i) % SECRET_PURPOSES];
        if (at->name[0] == '\0') {
            derive(s, use, purpose, &at->keys);
            at->use = use;
            memcpy(at->name, purpose, len + 1);
            return &at->keys;
        }
        if (at->use == use && memcmp(at->name, purpose, len + 1) == 0)
            return &at->keys;
    }
    derive(s, use, purpose, scratch);
    return scratch;
}

int secret_keys_find(const app_secrets *s, const secret_keys *keys, const uint8_t *id)
{
    for (unsigned i = 0; i < s->count; i++)
        if (memcmp(keys->id[i], id, SECRET_ID_BYTES) == 0)
            return (int)i;
    return -1;
}

void secret_key_name(const app_secrets *s, unsigned number, char out[9])
{
    uint8_t name[4];
    mac_hkdf(s->roots[number], MAC_BYTES, "name", name, sizeof name);
    snprintf(out, 9, "%02x%02x%02x%02x", name[0], name[1], name[2], name[3]);
}

/* -- the application -- */

/* Before the workers are forked, so that they have the same keys, and that a mistake is found. */
static bool check(void *arg, const app_launching *how, buf *problems)
{
    return secret_keys_load(arg, how->program, problems);
}

/* In commands that work like handlers, and under test: nobody has loaded the keys. */
static bool start(void *arg)
{
    tern_app *app = arg;
    buf problems = {0};
    bool is_loaded = app->secrets->count != 0 || secret_keys_load(app, "APP", &problems);
    if (!is_loaded)
        tern_log(TERN_LOG_ERROR, "%s", problems.failed ? "out of memory" : problems.data);
    buf_free(&problems);
    return is_loaded;
}

void tern_secrets(tern_app *app)
{
    if (app->secrets != NULL)
        return;
    app->secrets = app_keep(app, sizeof *app->secrets);
    if (app->secrets == NULL)
        return;
    app_add_launch(app, &(app_launch){.check = check, .arg = app});
    app_add_hook(app, &(app_hook){.start = start, .arg = app});
    app_add_command(app, &(app_command){.name = "secret",
                                        .help = "make a secret key (new), or name the kept ones (list)",
                                        .run = secret_command,
                                        .arg = app});
}
