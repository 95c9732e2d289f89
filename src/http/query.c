#include "base/text.h"
#include "http/url.h"

#include <string.h>

bool query_next(tern_str *rest, tern_str *name, tern_str *value)
{
    while (rest->len > 0 && rest->data[0] == '&')
        *rest = (tern_str){rest->data + 1, rest->len - 1};
    if (rest->len == 0)
        return false;
    const char *pair = rest->data, *end = pair + rest->len;
    const char *ampersand = memchr(pair, '&', rest->len);
    *rest = ampersand != NULL ? (tern_str){ampersand + 1, (size_t)(end - ampersand - 1)} : (tern_str){end, 0};
    if (ampersand != NULL)
        end = ampersand;
    const char *equals = memchr(pair, '=', (size_t)(end - pair));
    *name = (tern_str){pair, (size_t)((equals != NULL ? equals : end) - pair)};
    *value = equals != NULL ? (tern_str){equals + 1, (size_t)(end - equals - 1)} : (tern_str){NULL, 0};
    return true;
}

/** Whether `raw` decodes to `name`; a bad escape equals nothing. */
static bool decodes_to(tern_str raw, const char *name, size_t name_len)
{
    size_t n = 0; /* bytes of the name matched so far */
    for (size_t i = 0; i < raw.len; i++, n++) {
        int byte = raw.data[i] == '+' ? ' ' : (unsigned char)raw.data[i];
        if (byte == '%') {
            int high = raw.len - i > 2 ? text_hex_value(raw.data[i + 1]) : -1;
            int low = high >= 0 ? text_hex_value(raw.data[i + 2]) : -1;
            if (low < 0)
                return false;
            byte = high << 4 | low;
            i += 2;
        }
        if (n == name_len || byte != (unsigned char)name[n])
            return false;
    }
    return n == name_len;
}

bool query_find(tern_str query, const char *name, unsigned nth, tern_str *value)
{
    size_t name_len = strlen(name);
    tern_str raw_name;
    while (query_next(&query, &raw_name, value))
        if (decodes_to(raw_name, name, name_len) && nth-- == 0)
            return true;
    return false;
}
