/* `APP db shell`: the engine's shell on the application's database. */
#include "data/migrate/command.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** Decodes the text: %41 becomes A. */
static void decode(char *text)
{
    char *to = text;
    for (; *text != '\0'; text++) {
        int high = *text == '%' ? text_hex_value(text[1]) : -1;
        int low = high >= 0 ? text_hex_value(text[2]) : -1;
        *to++ = (char)(low >= 0 ? high << 4 | low : *text);
        text += low >= 0 ? 2 : 0;
    }
    *to = '\0';
}

/** A part of the URL as libpq reads it; NULL when out of memory. */
static char *part(migrate_command *c, const char *begin, const char *end)
{
    char *text = arena_text(&c->memory, begin, (size_t)(end - begin));
    if (text != NULL)
        decode(text);
    return text;
}

static bool take_password(migrate_command *c, const char *begin, const char *end)
{
    const char *password = part(c, begin, end);
    return password != NULL && setenv("PGPASSWORD", password, 1) == 0;
}

/** The options after the '?', without passwords. psql asks for a key's password (sslpassword) on the
 * terminal: it has no environment variable. */
static bool copy_options(migrate_command *c, const char *options, buf *safe)
{
    char before = '?';
    for (const char *end; *options != '\0'; options = *end != '\0' ? end + 1 : end) {
        end = options + strcspn(options, "&");
        const char *equals = memchr(options, '=', (size_t)(end - options));
        const char *name = part(c, options, equals != NULL ? equals : end);
        if (name == NULL)
            return false;
        bool is_password = equals != NULL && strcmp(name, "password") == 0;
        if (is_password && !take_password(c, equals + 1, end))
            return false;
        if (is_password || strcmp(name, "sslpassword") == 0)
            continue;
        buf_add(safe, &before, 1);
        buf_add(safe, options, (size_t)(end - options));
        before = '&';
    }
    return true;
}

/** Appends the URL without its passwords, which go into the environment: other users can see arguments. Reads
 * the URL as libpq does: the login ends at the first '@' without a '/' before it. */
static bool hide_passwords(migrate_command *c, const char *url, buf *safe)
{
    const char *user = strstr(url, "://");
    user = user != NULL ? user + 3 : url;
    const char *at = memchr(user, '@', strcspn(user, "/"));
    const char *colon = at != NULL ? memchr(user, ':', (size_t)(at - user)) : NULL;
    const char *rest = at != NULL ? at : user, *options = rest + strcspn(rest, "?");
    if (at != NULL ? memchr(at + 1, '@', (size_t)(options - at - 1)) != NULL
                   : memchr(user, '@', (size_t)(options - user)) != NULL)
        return command_fail(c, "database: PostgreSQL: write '@' in a password as %%40 and '/' as %%2F");
    if (colon != NULL && !take_password(c, colon + 1, at))
        return command_fail(c, "out of memory");
    buf_add(safe, url, (size_t)((colon != NULL ? colon : rest) - url));
    buf_add(safe, rest, (size_t)(options - rest));
    if (*options == '?' && !copy_options(c, options + 1, safe))
        safe->failed = true;
    return !safe->failed || command_fail(c, "out of memory");
}

static int become(migrate_command *c, const char *tool, const char *package, const char *argument)
{
    if (argument == NULL) {
        command_fail(c, "out of memory");
        return 1;
    }
    char *const arguments[] = {(char *)(uintptr_t)tool, (char *)(uintptr_t)argument, NULL};
    fflush(stdout);
    execvp(tool, arguments);
    if (errno == ENOENT)
        command_fail(c, "%s is not installed: it comes with the package %s", tool, package);
    else
        command_fail(c, "%s: %s", tool, strerror(errno));
    return 1;
}

int command_db_shell(migrate_command *c)
{
    const char *url = c->options->url;
    if (!command_has_no_more(c))
        return 1;
    if (strncmp(url, "sqlite:", 7) == 0) {
        const char *path = strncmp(url + 7, "///", 3) == 0 ? url + 9 : url + 7;
        if (strcmp(path, ":memory:") == 0) {
            command_fail(c, "a database in memory exists only in its own process: a shell cannot open it");
            return 1;
        }
        path = arena_text(&c->memory, path, strcspn(path, "?")); /* without ?mode=ro */
        if (path == NULL)
            return 1;
        if (access(path, F_OK) != 0 && errno == ENOENT) { /* the shell would create an empty file */
            command_fail_without_tables(c);
            return 1;
        }
        return become(c, "sqlite3", "sqlite3", *path == '/' ? path : arena_printf(&c->memory, "./%s", path));
    }
    if (strncmp(url, "postgres:", 9) == 0 || strncmp(url, "postgresql:", 11) == 0) {
        buf safe = {0};
        int code = hide_passwords(c, url, &safe) ? become(c, "psql", "postgresql-client", safe.data) : 1;
        buf_free(&safe);
        return code;
    }
    command_fail(c, "\"%.*s:\" is not a database with a shell", (int)strcspn(url, ":"), url);
    return 1;
}
