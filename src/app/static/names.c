#include "app/static/names.h"

#include <string.h>

bool static_name_is_served(const char *path, bool dot_files)
{
    static const char known[] = ".well-known";
    if (strncmp(path, known, sizeof known - 1) == 0 &&
        (path[sizeof known - 1] == '/' || path[sizeof known - 1] == '\0'))
        path += sizeof known - 1 + (path[sizeof known - 1] == '/');
    for (;;) {
        size_t len = strcspn(path, "/");
        if (len == 0)
            return *path == '\0';
        if (path[0] == '.' && (!dot_files || len == 1 || (len == 2 && path[1] == '.')))
            return false;
        if (path[len] == '\0')
            return true;
        path += len + 1;
    }
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_hex_hash(const char *text, size_t len)
{
    bool has_digit = false, has_letter = false;
    if (len < 8 || len > 64)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool is_letter = (text[i] >= 'a' && text[i] <= 'f') || (text[i] >= 'A' && text[i] <= 'F');
        if (!is_letter && !is_digit(text[i]))
            return false;
        has_letter |= is_letter;
        has_digit |= is_digit(text[i]);
    }
    return has_digit && has_letter;
}

/** A letter after a digit: "Version2" and "IMG12345" are names that people give. */
static bool is_base64_hash(const char *text, size_t len)
{
    bool has_capital = false, has_digit = false, is_mixed = false;
    if (len != 8)
        return false;
    for (size_t i = 0; i < len; i++) {
        const char byte = text[i];
        const bool is_capital = byte >= 'A' && byte <= 'Z', is_small = byte >= 'a' && byte <= 'z';
        if (!is_capital && !is_small && !is_digit(byte) && byte != '_' && byte != '-')
            return false;
        is_mixed |= has_digit && (is_capital || is_small);
        has_capital |= is_capital;
        has_digit |= is_digit(byte);
    }
    return has_capital && is_mixed;
}

static const char *last_of(const char *begin, const char *end, const char *bytes)
{
    while (end > begin)
        if (strchr(bytes, *--end) != NULL)
            return end;
    return NULL;
}

bool static_name_is_hashed(const char *path, bool is_built)
{
    const char *slash = strrchr(path, '/'), *begin = slash != NULL ? slash + 1 : path;
    const char *end = begin + strlen(begin);
    if (end - begin > 4 && strcmp(end - 4, ".map") == 0)
        end -= 4;
    end = last_of(begin, end, ".");
    if (end == NULL)
        return false;
    if (end - begin > 6 && strncmp(end - 6, ".chunk", 6) == 0)
        end -= 6;
    const char *mark = last_of(begin, end, ".-");
    if (mark != NULL && is_hex_hash(mark + 1, (size_t)(end - mark - 1)))
        return true;
    /* A '-' may be part of this kind: what counts is the one before it. */
    mark = end - begin > 9 ? end - 9 : NULL;
    return is_built && mark != NULL && (*mark == '-' || *mark == '.') && is_base64_hash(mark + 1, 8);
}

bool name_is_misleading(const char *at, size_t len)
{
    const unsigned char *s = (const unsigned char *)at;
    if (len == 1)
        return s[0] < 0x20 || s[0] == 0x7f || s[0] == '/' || s[0] == '\\';
    if (len == 2)
        return (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c); /* C1, U+061C */
    return len == 3 && s[0] == 0xe2 &&
           ((s[1] == 0x80 &&
             (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) || /* 200E, 2028-202E */
            (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));                      /* 2066-2069 */
}
