#include "http/url.h"

#include "base/text.h"
#include "http/scan/scan.h"

#include <string.h>

/** The byte of the escape whose '%' is at `at`, or -1. */
static int escaped_byte(tern_str text, size_t at)
{
    if (text.len - at < 3)
        return -1;
    int high = text_hex_value(text.data[at + 1]), low = text_hex_value(text.data[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

/** Whether a segment of a decoded path is "." or "..". */
static bool has_dot_segment(const char *path)
{
    static const char separators[] = {'/', URL_SLASH_MARK, '\0'};
    for (const char *segment = path;; segment++) {
        size_t len = strcspn(segment, separators);
        if (len >= 1 && len <= 2 && segment[0] == '.' && segment[len - 1] == '.')
            return true;
        segment += len;
        if (*segment == '\0')
            return false;
    }
}

/** As url_decode_path_marked; `has_marks` NULL: an encoded '/' is refused. */
static long decode_path(tern_str path, char *out, bool *has_marks)
{
    size_t len = 0;
    for (size_t i = 0; i < path.len; i++) {
        int byte = (unsigned char)path.data[i];
        if (byte == '%') {
            byte = escaped_byte(path, i);
            i += 2;
            if (byte == '/') { /* would make two segments of one that the router sees */
                if (has_marks == NULL)
                    return -1;
                *has_marks = true;
                out[len++] = URL_SLASH_MARK;
                continue;
            }
        }
        if (byte < 0x20 || byte == 0x7f || byte == '\\')
            return -1;
        out[len++] = (char)byte;
    }
    out[len] = '\0';
    if (has_dot_segment(out) || !utf8_valid(out, len))
        return -1;
    return (long)len;
}

long url_decode_path(tern_str path, char *out)
{
    return decode_path(path, out, NULL);
}

long url_decode_path_marked(tern_str path, char *out, bool *has_marks)
{
    *has_marks = false;
    return decode_path(path, out, has_marks);
}

long url_decode_component(tern_str text, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        int byte = text.data[i] == '+' ? ' ' : (unsigned char)text.data[i];
        if (byte == '%') {
            byte = escaped_byte(text, i);
            i += 2;
        }
        if (byte <= 0)
            return -1;
        out[len++] = (char)byte;
    }
    out[len] = '\0';
    return utf8_valid(out, len) ? (long)len : -1;
}

size_t url_encode(tern_str text, bool keep_slash, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (scan_is(SCAN_UNRESERVED, text.data[i]) || (byte == '/' && keep_slash)) {
            out[len++] = (char)byte;
            continue;
        }
        out[len++] = '%';
        out[len++] = digits[byte >> 4];
        out[len++] = digits[byte & 15];
    }
    out[len] = '\0';
    return len;
}
