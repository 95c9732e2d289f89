#include "data/check/source.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static tern_str trimmed(tern_str text)
{
    while (text.len > 0 && isspace((unsigned char)text.data[0]))
        text = (tern_str){text.data + 1, text.len - 1};
    while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
        text.len--;
    return text;
}

/** The length of the quoted text at `at`, whose closing quote may be missing. */
static size_t quoted_len(const char *at, const char *end, bool *is_closed)
{
    const char *from = at;
    const char quote = *at++;
    while (at < end && *at != quote)
        at += *at == '\\' && at + 1 < end ? 2 : 1;
    *is_closed = at < end;
    return (size_t)(at - from) + *is_closed;
}

/** The length of the next unit: a quoted text, a whole bracket, or one character. */
static size_t piece_len(const char *at, const char *end)
{
    bool is_closed;
    if (*at == '"' || *at == '\'')
        return quoted_len(at, end, &is_closed);
    if (*at != '(' && *at != '[' && *at != '{')
        return 1;
    const char *from = at++;
    while (at < end && *at != ')' && *at != ']' && *at != '}')
        at += piece_len(at, end);
    return (size_t)(at - from) + (at < end);
}

bool source_next(tern_str *rest, char separator, tern_str *piece)
{
    if (rest->data == NULL)
        return false;
    const char *at = rest->data, *end = at + rest->len;
    while (at < end && *at != separator)
        at += piece_len(at, end);
    *piece = trimmed((tern_str){rest->data, (size_t)(at - rest->data)});
    *rest = at < end ? (tern_str){at + 1, (size_t)(end - at - 1)} : (tern_str){NULL, 0};
    return true;
}

bool source_call(tern_str text, tern_str *name, tern_str *arguments)
{
    size_t len = 0;
    text = trimmed(text);
    while (len < text.len && is_of_word(text.data[len]))
        len++;
    *name = (tern_str){text.data, len};
    while (len < text.len && text.data[len] == ' ')
        len++;
    if (name->len == 0 || len == text.len || text.data[len] != '(' ||
        piece_len(text.data + len, text.data + text.len) != text.len - len || text.data[text.len - 1] != ')')
        return false;
    *arguments = trimmed((tern_str){text.data + len + 1, text.len - len - 2});
    return true;
}

bool source_option(tern_str text, tern_str *name, tern_str *value)
{
    size_t len = 1;
    if (text.len == 0 || text.data[0] != '.')
        return false;
    while (len < text.len && is_of_word(text.data[len]))
        len++;
    *name = (tern_str){text.data + 1, len - 1};
    while (len < text.len && text.data[len] == ' ')
        len++;
    if (len == text.len || text.data[len] != '=')
        return false;
    *value = trimmed((tern_str){text.data + len + 1, text.len - len - 1});
    return true;
}

bool source_is(tern_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

bool source_is_null(tern_str text)
{
    return source_is(text, "NULL") || source_is(text, "0") || source_is(text, "nullptr");
}

/* -- literals -- */

/** Writes a code point in UTF-8. */
static char *put_character(char *out, uint32_t number)
{
    if (number < 0x80) {
        *out++ = (char)number;
    } else if (number < 0x800) {
        *out++ = (char)(0xc0 | number >> 6);
        *out++ = (char)(0x80 | (number & 63));
    } else if (number < 0x10000) {
        *out++ = (char)(0xe0 | number >> 12);
        *out++ = (char)(0x80 | (number >> 6 & 63));
        *out++ = (char)(0x80 | (number & 63));
    } else {
        *out++ = (char)(0xf0 | (number >> 18 & 7));
        *out++ = (char)(0x80 | (number >> 12 & 63));
        *out++ = (char)(0x80 | (number >> 6 & 63));
        *out++ = (char)(0x80 | (number & 63));
    }
    return out;
}

/** Reads up to `most` digits in base 8 or 16. */
static uint32_t take_digits(const char **at, const char *end, int base, int most)
{
    uint32_t number = 0;
    for (int digit; most-- > 0 && *at < end && (digit = text_hex_value(**at)) >= 0 && digit < base; (*at)++)
        number = number * (uint32_t)base + (uint32_t)digit;
    return number;
}

/** Reads what follows a backslash (C17 6.4.4.4); the output is never longer. */
static char *put_escape(char *out, const char **at, const char *end)
{
    static const char letters[] = "abfnrtve", values[] = "\a\b\f\n\r\t\v\033";
    const char *letter = strchr(letters, **at);
    if (**at >= '0' && **at <= '7') {
        *out++ = (char)take_digits(at, end, 8, 3);
        return out;
    }
    const char kind = *(*at)++;
    if (kind == 'x')
        *out++ = (char)take_digits(at, end, 16, 64);
    else if (kind == 'u' || kind == 'U')
        out = put_character(out, take_digits(at, end, 16, kind == 'u' ? 4 : 8));
    else
        *out++ = letter != NULL && kind != '\0' ? values[letter - letters] : kind;
    return out;
}

const char *source_literal(arena *a, tern_str text)
{
    text = trimmed(text);
    const char *at = text.data, *end = at + text.len;
    char *literal = text.len != 0 ? arena_alloc(a, text.len + 1) : NULL, *out = literal;
    if (literal == NULL)
        return NULL;
    while (at < end) {
        if (end - at > 2 && memcmp(at, "u8\"", 3) == 0)
            at += 2;
        bool is_closed = false;
        size_t len = *at == '"' ? quoted_len(at, end, &is_closed) : 0;
        if (!is_closed)
            return NULL;
        for (const char *inside = at + 1, *last = at + len - 1; inside < last;)
            if (*inside == '\\' && inside + 1 < last && inside++)
                out = put_escape(out, &inside, last);
            else
                *out++ = *inside++;
        for (at += len; at < end && isspace((unsigned char)*at);)
            at++;
    }
    *out = '\0';
    return literal;
}

/* -- conditional expressions -- */

static tern_str without_brackets(tern_str text)
{
    text = trimmed(text);
    while (text.len >= 2 && text.data[0] == '(' && piece_len(text.data, text.data + text.len) == text.len)
        text = trimmed((tern_str){text.data + 1, text.len - 2});
    return text;
}

/** The position of the ':' that belongs to a '?' before `at`; `end` without one. */
static const char *find_colon(const char *at, const char *end)
{
    for (unsigned open = 1; at < end; at += piece_len(at, end)) {
        open += *at == '?';
        open -= *at == ':';
        if (open == 0)
            return at;
    }
    return end;
}

void source_leaves(tern_str text, void (*on_leaf)(void *arg, tern_str leaf), void *arg)
{
    text = without_brackets(text);
    const char *question = text.data, *end = text.data + text.len;
    while (question < end && *question != '?')
        question += piece_len(question, end);
    const char *colon = question < end ? find_colon(question + 1, end) : end;
    if (colon == end) {
        on_leaf(arg, text);
        return;
    }
    const tern_str first = trimmed((tern_str){question + 1, (size_t)(colon - question - 1)});
    const tern_str condition = {text.data, (size_t)(question - text.data)};
    source_leaves(first.len != 0 ? first : condition, on_leaf, arg);
    source_leaves((tern_str){colon + 1, (size_t)(end - colon - 1)}, on_leaf, arg);
}

/* -- one text in another -- */

static size_t skip_blanks(tern_str text, size_t at)
{
    while (at < text.len && isspace((unsigned char)text.data[at]))
        at++;
    return at;
}

static bool begins_with(tern_str text, size_t at, tern_str needle)
{
    size_t i = skip_blanks(needle, 0);
    for (at = skip_blanks(text, at); i < needle.len; i = skip_blanks(needle, i + 1)) {
        if (at == text.len || text.data[at] != needle.data[i])
            return false;
        at = skip_blanks(text, at + 1);
    }
    return true;
}

bool source_holds(tern_str text, tern_str needle)
{
    needle = trimmed(needle);
    while (needle.len > 0 && (needle.data[needle.len - 1] == ',' || needle.data[needle.len - 1] == ' '))
        needle.len--;
    for (size_t at = 0; at <= text.len; at++)
        if (begins_with(text, at, needle))
            return true;
    return false;
}
