/* Splits PostgreSQL's SQL into statements. */
#include "data/migrate/client/client.h"

#include <string.h>

static bool begins(const char *at, const char *end, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0;
}

/** The end of the comment at `at`; `at` when there is none. Block comments nest. */
static const char *skip_comment(const char *at, const char *end)
{
    unsigned depth = 0;
    if (begins(at, end, "--")) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        return line_end != NULL ? line_end + 1 : end;
    }
    if (!begins(at, end, "/*"))
        return at;
    while (at < end) {
        if (begins(at, end, "/*")) {
            depth++;
            at += 2;
        } else if (begins(at, end, "*/")) {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return end;
}

/** The end of the quoted text at `at`. A doubled quote counts as two adjacent texts, with the same result. */
static const char *skip_quoted(const char *at, const char *end, bool has_escapes)
{
    char quote = *at++;
    while (at < end && *at != quote)
        at += has_escapes && *at == '\\' && at + 1 < end ? 2 : 1;
    return at < end ? at + 1 : end;
}

static bool is_word_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/** The end of the text between two $tag$; just after the '$' when it does not begin one ($1). */
static const char *skip_dollars(const char *at, const char *end)
{
    const char *tag_end = at + 1;
    while (tag_end < end && is_word_byte(*tag_end))
        tag_end++;
    if (tag_end == end || *tag_end != '$' || (at[1] >= '0' && at[1] <= '9'))
        return at + 1;
    size_t len = (size_t)(tag_end + 1 - at);
    for (const char *close = tag_end + 1; (size_t)(end - close) >= len; close++)
        if (memcmp(close, at, len) == 0)
            return close + len;
    return end;
}

const char *client_statement_end(const char *at, const char *end)
{
    const char *begin = at;
    while (at < end && *at != ';') {
        const char *behind = skip_comment(at, end);
        bool is_in_word = at > begin && is_word_byte(at[-1]);
        if (behind != at)
            at = behind;
        else if (*at == '\'')
            at = skip_quoted(
                at, end, is_in_word && (at[-1] | 0x20) == 'e' && (at - 1 == begin || !is_word_byte(at[-2])));
        else if (*at == '"')
            at = skip_quoted(at, end, false);
        else if (*at == '$' && !is_in_word)
            at = skip_dollars(at, end);
        else
            at++;
    }
    return at < end ? at + 1 : end;
}

const char *client_skip_blanks(const char *at, const char *end)
{
    while (at < end) {
        const char *behind = skip_comment(at, end);
        if (behind == at && strchr(" \t\r\n;", *at) == NULL)
            break;
        at = behind != at ? behind : at + 1;
    }
    return at;
}
