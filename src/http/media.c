#include "http/media.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

static bool is_token_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    return (byte >= '0' && byte <= '9') || (text_lower(byte) >= 'a' && text_lower(byte) <= 'z') ||
           (byte != '\0' && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static size_t token_len(const char *at, const char *end)
{
    const char *p = at;
    while (p < end && is_token_byte(*p))
        p++;
    return (size_t)(p - at);
}

static char *skip_space(char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

tern_str media_type(tern_str value)
{
    const char *at = value.data, *end = at + value.len;
    size_t type = token_len(at, end);
    if (type == 0 || at + type == end || at[type] != '/')
        return (tern_str){NULL, 0};
    size_t subtype = token_len(at + type + 1, end);
    const char *after = at + type + 1 + subtype;
    while (after < end && (*after == ' ' || *after == '\t'))
        after++;
    if (subtype == 0 || (after < end && *after != ';'))
        return (tern_str){NULL, 0};
    return (tern_str){at, type + 1 + subtype};
}

bool media_is(tern_str type, const char *name)
{
    return type.len == strlen(name) && text_equal_nocase(type.data, name, type.len);
}

/** Takes the text between quotes; NULL when the closing one is missing. */
static char *take_quoted(char *at, const char *end, tern_str *value)
{
    char *out = at;
    value->data = at;
    for (; at < end && *at != '"'; at++) {
        bool is_escape = *at == '\\' && at + 1 < end && (at[1] == '\\' || (at[1] == '"' && at + 2 < end));
        if (is_escape)
            at++;
        *out++ = *at;
    }
    value->len = (size_t)(out - value->data);
    return at < end ? at + 1 : NULL;
}

media_result media_next_param(char **at, char *end, tern_str *name, tern_str *value)
{
    char *p = skip_space(*at, end);
    bool has_semicolon = false;
    while (p < end && *p == ';') {
        has_semicolon = true;
        p = skip_space(p + 1, end);
    }
    *at = p;
    if (p == end)
        return MEDIA_END;
    *name = (tern_str){p, token_len(p, end)};
    p += name->len;
    if (!has_semicolon || name->len == 0 || p == end || *p != '=')
        return MEDIA_BROKEN;
    p++;
    if (p < end && *p == '"') {
        p = take_quoted(p + 1, end, value);
        if (p == NULL)
            return MEDIA_BROKEN;
    } else {
        *value = (tern_str){p, token_len(p, end)};
        if (value->len == 0)
            return MEDIA_BROKEN;
        p += value->len;
    }
    *at = p;
    return MEDIA_PARAM;
}

/* -- charsets -- */

static const struct {
    const char *name;
    media_charset charset;
} charsets[] = {
    {"utf-8", MEDIA_UTF_8},        {"utf8", MEDIA_UTF_8},        {"us-ascii", MEDIA_UTF_8},
    {"iso-8859-1", MEDIA_LATIN_1}, {"iso8859-1", MEDIA_LATIN_1}, {"latin1", MEDIA_LATIN_1},
};

static media_charset charset_called(tern_str name)
{
    for (size_t i = 0; i < sizeof charsets / sizeof *charsets; i++)
        if (media_is(name, charsets[i].name))
            return charsets[i].charset;
    return MEDIA_OTHER_CHARSET;
}

media_charset media_charset_of(tern_str content_type)
{
    char text[256];
    tern_str name, value, type = media_type(content_type);
    size_t rest = content_type.len - type.len;
    if (rest == 0)
        return MEDIA_UTF_8;
    if (type.data == NULL || rest > sizeof text)
        return MEDIA_OTHER_CHARSET;
    memcpy(text, type.data + type.len, rest);
    media_charset found = MEDIA_UTF_8;
    char *at = text;
    media_result result;
    while ((result = media_next_param(&at, text + rest, &name, &value)) == MEDIA_PARAM)
        if (media_is(name, "charset"))
            found = charset_called(value);
    return result == MEDIA_END ? found : MEDIA_OTHER_CHARSET;
}

/* -- RFC 8187 -- */

char *media_put_latin_1(char *out, unsigned char byte)
{
    if (byte >= 0x80) {
        *out++ = (char)(0xc0 | byte >> 6);
        byte = 0x80 | (byte & 0x3f);
    }
    *out++ = (char)byte;
    return out;
}

/** Takes one byte of an encoded value; -1 when it is not one. */
static int take_encoded(const char **at, const char *end)
{
    const char *p = *at;
    if (*p != '%') {
        *at = p + 1;
        return is_token_byte(*p) ? (unsigned char)*p : -1;
    }
    int high = end - p >= 3 ? text_hex_value(p[1]) : -1, low = high >= 0 ? text_hex_value(p[2]) : -1;
    *at = p + 3;
    return low >= 0 ? high * 16 + low : -1;
}

bool media_decode_extended(tern_str text, tern_str *decoded)
{
    const char *end = text.data + text.len, *quote = memchr(text.data, '\'', text.len);
    const char *second = quote != NULL ? memchr(quote + 1, '\'', (size_t)(end - quote - 1)) : NULL;
    if (second == NULL)
        return false;
    tern_str charset = {text.data, (size_t)(quote - text.data)};
    media_charset of = charset_called(charset);
    if (of == MEDIA_OTHER_CHARSET)
        return false;
    const char *at = second + 1;
    char *start = (char *)(uintptr_t)at, *out = start; /* decoded text is never longer than its encoding */
    while (at < end) {
        int byte = take_encoded(&at, end);
        if (byte < 0)
            return false;
        if (of == MEDIA_LATIN_1)
            out = media_put_latin_1(out, (unsigned char)byte);
        else
            *out++ = (char)byte;
    }
    *decoded = (tern_str){start, (size_t)(out - start)};
    return utf8_valid(start, decoded->len);
}
