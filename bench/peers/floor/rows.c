#include "rows.h"
#include "page.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEAD_ROOM = 256,
    BODY_ROOM = 64 * 1024,
    ESCAPE_MAX = 6,
    ROW_ROOM = 64 /* of a fortune, less its text */
};

/* The body is written first; the head, which tells its length, is put before it. */
static char room[HEAD_ROOM + BODY_ROOM];
static char *const body = room + HEAD_ROOM;

#define HEAD(type)                                                                                           \
    "HTTP/1.1 200 OK\r\nServer: tern\r\nDate: DDDDDDDDDDDDDDDDDDDDDDDDDDDDD\r\nContent-Type: " type          \
    "\r\nContent-Length: "
static const char json_head[] = HEAD("application/json"), html_head[] = HEAD("text/html; charset=utf-8");
enum { DATE_AT = sizeof "HTTP/1.1 200 OK\r\nServer: tern\r\nDate: " - 1 };

int random_row(void)
{
    static uint64_t state = 88172645463325252u; /* xorshift: enough for picking rows */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return 1 + (int)(state % WORLD_ROWS);
}

void worlds_change(world *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        world row = {rows[i].id, random_row()};
        unsigned at = i;
        for (; at > 0 && rows[at - 1].id > row.id; at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
}

/* -- bytes -- */

#define PUT(at, literal) put_bytes(at, literal, sizeof(literal) - 1)

static char *put_bytes(char *at, const char *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

/** Writes the digits of a number that is not negative so that they end at `end`; where they begin. */
static char *put_before(char *end, size_t number)
{
    do
        *--end = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    return end;
}

static char *put_number(char *at, int number)
{
    char digits[16], *end = digits + sizeof digits, *begin = put_before(end, (size_t)number);
    return put_bytes(at, begin, (size_t)(end - begin));
}

static reply finish(const char *head, size_t head_len, const char *end)
{
    char *at = body - 4;
    memcpy(at, "\r\n\r\n", 4);
    at = put_before(at, (size_t)(end - body)) - head_len;
    memcpy(at, head, head_len);
    memcpy(at + DATE_AT, page_date, PAGE_DATE_BYTES);
    return (reply){at, (size_t)(end - at)};
}

/* -- pages -- */

static char *put_world(char *at, const world *row)
{
    at = PUT(at, "{\"id\":");
    at = put_number(at, row->id);
    at = PUT(at, ",\"random_number\":");
    at = put_number(at, row->random_number);
    *at++ = '}';
    return at;
}

reply reply_world(const world *row)
{
    return finish(json_head, sizeof json_head - 1, put_world(body, row));
}

reply reply_worlds(const world *rows, unsigned count)
{
    char *at = body;
    for (unsigned i = 0; i < count; i++) {
        *at++ = i == 0 ? '[' : ',';
        at = put_world(at, &rows[i]);
    }
    *at++ = ']';
    return finish(json_head, sizeof json_head - 1, at);
}

static char *put_escaped(char *at, const char *text)
{
    static const char escapes[256][ESCAPE_MAX] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&#34;", ['\''] = "&#39;"};
    for (; *text != '\0'; text++) {
        const char *escape = escapes[(unsigned char)*text];
        if (*escape == '\0')
            *at++ = *text;
        else
            at = put_bytes(at, escape, strlen(escape));
    }
    return at;
}

/** Insertion: a dozen rows are few. */
static void sort_fortunes(fortune *rows, unsigned count)
{
    for (unsigned i = 1; i < count; i++) {
        fortune row = rows[i];
        unsigned at = i;
        for (; at > 0 && strcmp(rows[at - 1].message, row.message) > 0; at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
}

reply reply_fortunes(fortune *rows, unsigned count)
{
    char *at =
        PUT(body, "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table><tr><th>id</th>"
                  "<th>message</th></tr>");
    rows[count++] = (fortune){0, "Additional fortune added at request time."};
    sort_fortunes(rows, count);
    for (unsigned i = 0; i < count; i++) {
        if (strlen(rows[i].message) * ESCAPE_MAX + 2 * ROW_ROOM > (size_t)(room + sizeof room - at)) {
            fprintf(stderr, "floor: fortunes longer than a page\n");
            exit(1);
        }
        at = PUT(at, "<tr><td>");
        at = put_number(at, rows[i].id);
        at = PUT(at, "</td><td>");
        at = put_escaped(at, rows[i].message);
        at = PUT(at, "</td></tr>");
    }
    return finish(html_head, sizeof html_head - 1, PUT(at, "</table></body></html>"));
}
