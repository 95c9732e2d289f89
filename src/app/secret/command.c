/* `APP secret new` and `APP secret list`. */
#include "app/secret/keys.h"
#include "base/file.h"
#include "crypto/base64url.h"
#include "crypto/random.h"
#include "crypto/sodium.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct command {
    const tern_app *app;
    const char *program, *path;
} command;

static int fail(const command *m, const char *what, const char *why)
{
    fprintf(stderr, "%s: secret: %s: %s\n", m->program, what, why);
    return 1;
}

/* The whole file, or nothing if it does not exist; false with errno. */
static bool read_old(const char *path, buf *out)
{
    char piece[4096];
    ssize_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT;
    while ((got = read(fd, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)got);
    mac_forget(piece, sizeof piece);
    int error = errno;
    close(fd);
    errno = out->failed ? ENOMEM : error;
    return got == 0 && !out->failed;
}

/* The name of the file lasts, too. */
static void sync_folder(const char *path)
{
    char *copy = strdup(path);
    int fd = copy != NULL ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

/* Replaces the file in one step, readable by its owner alone; a reader sees the old or the new one. */
static bool replace_file(const char *path, const buf *content)
{
    buf name = {0};
    buf_add_printf(&name, "%s.new", path);
    int fd = name.failed ? -1 : open(name.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool is_written = fd >= 0 && file_write_all(fd, content->data, content->len) && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    if (is_written && rename(name.data, path) != 0) {
        error = errno;
        is_written = false;
    }
    if (!is_written && fd >= 0)
        unlink(name.data);
    if (is_written)
        sync_folder(path);
    buf_free(&name);
    errno = error;
    return is_written;
}

/* The bytes of the lines before the first key. */
static size_t comments_before(const buf *file)
{
    size_t at = 0;
    while (at < file->len && (file->data[at] == '#' || file->data[at] == '\n')) {
        const char *end = memchr(file->data + at, '\n', file->len - at);
        if (end == NULL)
            return 0; /* a comment without an end would take in the key */
        at = (size_t)(end - file->data) + 1;
    }
    return at;
}

/* Before the old keys, so that it is the newest. */
static int keep_new(const command *m, const char *key)
{
    buf old = {0}, content = {0}, problems = {0};
    int code = 1;
    if (!read_old(m->path, &old)) {
        code = fail(m, m->path, strerror(errno));
    } else if (old.len != 0 &&
               !secret_keys_parse(m->app->secrets, m->path, (tern_str){old.data, old.len}, &problems)) {
        fprintf(stderr, "%s: secret: %s", m->program, problems.failed ? "out of memory\n" : problems.data);
    } else {
        unsigned kept = old.len != 0 ? m->app->secrets->count : 0;
        size_t comments = comments_before(&old);
        if (old.len == 0)
            buf_add_text(&content, "# Secret keys, the newest first. Keep them out of version control.\n");
        buf_add_printf(&content, "%.*s%s\n", (int)comments, old.len != 0 ? old.data : "", key);
        if (old.len != 0)
            buf_add(&content, old.data + comments, old.len - comments);
        if (kept == SECRET_KEYS_MAX)
            code = fail(m, m->path,
                        "it has as many keys as there may be: remove the oldest, which is the last, first");
        else if (content.failed || !replace_file(m->path, &content))
            code = fail(m, m->path, content.failed ? "out of memory" : strerror(errno));
        else if (kept == 0)
            code =
                printf(
                    "%s: made, with one key; only you may read it. Back it up, and keep it out of version control.\n",
                    m->path) < 0;
        else
            code =
                printf(
                    "%s: has a new key in front of %u older one%s, which still open what they made. Start or reload "
                    "the program.\n",
                    m->path, kept, kept == 1 ? "" : "s") < 0;
    }
    if (old.data != NULL)
        mac_forget(old.data, old.len);
    buf_free(&old);
    buf_free(&content);
    buf_free(&problems);
    return code;
}

static int make(const command *m, bool is_printed)
{
    char key[BASE64URL_LEN(MAC_BYTES) + 1];
    if (!random_text(key, MAC_BYTES))
        return fail(m, "the kernel has no random numbers", strerror(errno));
    if (is_printed)
        return puts(key) < 0;
    int code = keep_new(m, key);
    mac_forget(key, sizeof key);
    if (code == 0 && getenv("TERN_SECRET_KEYS") != NULL)
        puts("TERN_SECRET_KEYS is set here: while it is, the file is not read.");
    return code;
}

static int list(const command *m)
{
    buf problems = {0};
    char name[9];
    bool is_loaded = secret_keys_load(m->app, m->program, &problems);
    if (!is_loaded)
        fprintf(stderr, "%s: secret: %s", m->program, problems.failed ? "out of memory\n" : problems.data);
    for (unsigned i = 0; is_loaded && i < m->app->secrets->count; i++) {
        secret_key_name(m->app->secrets, i, name);
        printf("%s%s\n", name, i == 0 ? "  seals and signs" : "  opens what it made");
    }
    buf_free(&problems);
    return !is_loaded;
}

static int explain(const char *program)
{
    fprintf(stderr,
            "usage: %s secret new           makes a key, and puts it in front of those of the file\n"
            "       %s secret new --print   prints a key, for TERN_SECRET_KEYS\n"
            "       %s secret list          names the keys in use, newest first, without showing them\n",
            program, program, program);
    return 2;
}

int secret_command(void *arg, const char *program, int count, char **arguments)
{
    buf own = {0};
    const char *problem;
    command m = {.app = arg, .program = program};
    bool is_new = count >= 1 && strcmp(arguments[0], "new") == 0;
    bool is_printed = is_new && count == 2 && strcmp(arguments[1], "--print") == 0;
    bool is_list = count == 1 && strcmp(arguments[0], "list") == 0;
    int code = 1;
    m.path = secret_keys_path(m.app, &own);
    if (!is_list && !is_printed && (!is_new || count != 1))
        code = explain(program);
    else if (m.path == NULL)
        code = fail(&m, "secret.keys", "out of memory");
    else if (!sodium_load(&problem))
        code = fail(&m, "libsodium", problem);
    else
        code = is_list ? list(&m) : make(&m, is_printed);
    buf_free(&own);
    return code;
}
