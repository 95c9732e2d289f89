/* Asks for a password. Keys are read one by one, so that Ctrl-C never leaves the terminal without echo. */
#include "auth/command/users.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LINE_MOST = 4096, CTRL_C = 3, CTRL_D = 4, BACKSPACE = 8, CTRL_U = 21, DELETE = 127 };

typedef struct line {
    char text[LINE_MOST + 1];
    size_t len;
    bool is_long, has_nul;
} line;

typedef enum key { KEY_MORE, KEY_END, KEY_CANCEL } key;

static ssize_t read_byte(char *byte)
{
    ssize_t got;
    do
        got = read(STDIN_FILENO, byte, 1);
    while (got < 0 && errno == EINTR);
    return got;
}

static void add(line *l, char byte)
{
    l->has_nul |= byte == '\0';
    if (l->len == LINE_MOST)
        l->is_long = true;
    else
        l->text[l->len++] = byte;
}

/* The last character, of one byte or more. */
static void drop_last(line *l)
{
    while (l->len > 0 && ((unsigned char)l->text[--l->len] & 0xc0) == 0x80)
        ;
}

static key press(line *l, char byte)
{
    switch (byte) {
    case '\r':
    case '\n':
        return KEY_END;
    case CTRL_D:
        return l->len != 0 ? KEY_END : KEY_CANCEL;
    case CTRL_C:
        return KEY_CANCEL;
    case BACKSPACE:
    case DELETE:
        drop_last(l);
        return KEY_MORE;
    case CTRL_U:
        l->len = 0;
        return KEY_MORE;
    default:
        add(l, byte);
        return KEY_MORE;
    }
}

/* False when it was given up. */
static bool read_hidden(const char *prompt, line *l)
{
    struct termios before, hidden;
    key last = KEY_MORE;
    char byte;
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return false;
    hidden = before;
    hidden.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
    hidden.c_cc[VMIN] = 1;
    hidden.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden) != 0)
        return false;
    fputs(prompt, stderr); /* only now, so that nothing typed after it is shown */
    while (last == KEY_MORE)
        last = read_byte(&byte) == 1 ? press(l, byte) : KEY_CANCEL;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return last == KEY_END;
}

/* The first line; false when nothing can be read. */
static bool read_plain(line *l)
{
    char byte = '\0';
    ssize_t got;
    while ((got = read_byte(&byte)) == 1 && byte != '\n')
        add(l, byte);
    if (l->len != 0 && l->text[l->len - 1] == '\r')
        l->len--;
    return got >= 0;
}

/* A copy of the password, or NULL after a line that says what is wrong with it. */
static const char *take(tern_ctx *c, line *l)
{
    l->text[l->len] = '\0';
    if (l->len == 0)
        users_say("no password was given");
    else if (l->is_long || l->has_nul)
        users_say(l->is_long ? "the password is too long" : "the password has a NUL byte");
    else
        return tern_strdup(c, l->text);
    return NULL;
}

static const char *ask_twice(tern_ctx *c, line *first, line *second, int *code)
{
    if (!read_hidden("Password: ", first) || !read_hidden("Password again: ", second)) {
        users_say("given up; nothing was changed");
        *code = USERS_CANCELLED;
        return NULL;
    }
    if (first->len != second->len || memcmp(first->text, second->text, first->len) != 0) {
        users_say("the two passwords differ; nothing was changed");
        return NULL;
    }
    return take(c, first);
}

const char *ask_password(tern_ctx *c, int *code)
{
    line *lines = tern_alloc(c, 2 * sizeof *lines);
    const char *password = NULL;
    *code = USERS_FAILED;
    if (isatty(STDIN_FILENO))
        password = ask_twice(c, &lines[0], &lines[1], code);
    else if (!read_plain(&lines[0]))
        users_say("the password cannot be read from standard input: %s", strerror(errno));
    else
        password = take(c, &lines[0]);
    explicit_bzero(lines, 2 * sizeof *lines);
    return password;
}
