#include "mail/body.h"

#include <string.h>

enum { LINE = 76 };

static bool is_line_end(const char *at)
{
    return *at == '\0' || *at == '\n' || *at == '\r';
}

/** Whether the byte can stand for itself at this column. A '.' or "From " at the beginning of a line has a meaning of
 * its own for some servers and mailboxes. */
static bool is_literal(const char *at, size_t column)
{
    if (*at == ' ' || *at == '\t')
        return !is_line_end(at + 1);
    if (column == 0 && (*at == '.' || (at[0] == 'F' && strncmp(at, "From ", 5) == 0)))
        return false;
    return *at > ' ' && *at < 0x7f && *at != '=';
}

void mail_body_quoted(buf *out, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t column = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\n' || *at == '\r') {
            at += at[0] == '\r' && at[1] == '\n';
            buf_add_text(out, "\r\n");
            column = 0;
            continue;
        }
        unsigned char byte = (unsigned char)*at;
        bool is_plain = is_literal(at, column);
        size_t need = is_plain ? 1 : 3, room = is_line_end(at + 1) ? LINE : LINE - 1;
        if (column + need > room) {
            buf_add_text(out, "=\r\n");
            column = 0;
            is_plain = is_literal(at, column);
            need = is_plain ? 1 : 3;
        }
        char quoted[3] = {'=', digits[byte >> 4], digits[byte & 15]};
        buf_add(out, is_plain ? at : quoted, need);
        column += need;
    }
    if (column != 0)
        buf_add_text(out, "\r\n");
}
