/* `APP db shell`: the engine's own, on the application's database. */
#include "data/migrate/command.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** The text with %41 as A. */
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

/** Takes the password out of a URL, into the environment: others can see arguments. NULL without memory. */
static const char *hide_password(migrate_command *c, const char *url)
{
    const char *user = strstr(url, "://");
    user = user != NULL ? user + 3 : url;
    const char *at = memchr(user, '@', strcspn(user, "/?#"));
    const char *colon = at != NULL ? memchr(user, ':', (size_t)(at - user)) : NULL;
    if (colon == NULL)
        return url;
    char *password = arena_text(&c->memory, colon + 1, (size_t)(at - colon - 1));
    if (password == NULL)
        return NULL;
    decode(password);
    if (setenv("PGPASSWORD", password, 1) != 0)
        return NULL;
    return arena_printf(&c->memory, "%.*s%s", (int)(colon - url), url, at);
}

static int become(migrate_command *c, const char *tool, const char *package, const char *argument)
{
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
            command_fail(c, "a database in memory is in no other process: there is nothing to look into");
            return 1;
        }
        if (access(path, F_OK) != 0 && errno == ENOENT) { /* the shell would leave an empty one */
            command_fail_without_tables(c);
            return 1;
        }
        return become(c, "sqlite3", "sqlite3", *path == '/' ? path : arena_printf(&c->memory, "./%s", path));
    }
    if (strncmp(url, "postgres:", 9) == 0 || strncmp(url, "postgresql:", 11) == 0) {
        const char *safe = hide_password(c, url);
        if (safe != NULL)
            return become(c, "psql", "postgresql-client", safe);
        command_fail(c, "memory is short");
        return 1;
    }
    command_fail(c, "\"%.*s:\" is no database with a shell", (int)strcspn(url, ":"), url);
    return 1;
}
