/** What `APP users` prints. */
#include "auth/command/users.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void users_say(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fflush(stdout);
    fputs("users: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
}

const char *users_shown(tern_ctx *c, const char *text)
{
    char *copy = tern_strdup(c, text != NULL ? text : "");
    for (char *at = copy; *at != '\0'; at++) {
        bool is_c1 =
            (unsigned char)*at == 0xc2 && (unsigned char)at[1] >= 0x80 && (unsigned char)at[1] < 0xa0;
        if ((unsigned char)*at < ' ' || *at == 0x7f)
            *at = '?';
        else if (is_c1)
            at[0] = at[1] = '?';
    }
    return copy;
}

int users_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

const char *users_actor(tern_ctx *c)
{
    return tern_sprintf(c, "command line, uid %u", (unsigned)getuid());
}
