#include "base/text.h"

#include <string.h>

bool text_equal_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text_lower((unsigned char)a[i]) != text_lower((unsigned char)b[i]))
            return false;
    return true;
}

static bool continues(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

size_t utf8_sequence(const char *s, size_t len)
{
    const unsigned char *u = (const unsigned char *)s;
    if (len == 0)
        return 0;
    if (u[0] < 0x80)
        return 1;
    if (u[0] >= 0xc2 && u[0] <= 0xdf)
        return len >= 2 && continues(u[1]) ? 2 : 0;
    if ((u[0] & 0xf0) == 0xe0) {
        if (len < 3 || !continues(u[1]) || !continues(u[2]))
            return 0;
        bool overlong = u[0] == 0xe0 && u[1] < 0xa0;
        bool surrogate = u[0] == 0xed && u[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (u[0] >= 0xf0 && u[0] <= 0xf4) {
        if (len < 4 || !continues(u[1]) || !continues(u[2]) || !continues(u[3]))
            return 0;
        bool overlong = u[0] == 0xf0 && u[1] < 0x90;
        bool too_high = u[0] == 0xf4 && u[1] >= 0x90;
        return overlong || too_high ? 0 : 4;
    }
    return 0;
}

bool utf8_valid(const char *s, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint64_t word;
        if (len - i >= sizeof word) { /* eight ASCII bytes at a time */
            memcpy(&word, s + i, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                i += sizeof word;
                continue;
            }
        }
        size_t n = utf8_sequence(s + i, len - i);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

static size_t put_unicode_escape(char *out, unsigned code)
{
    static const char digits[] = "0123456789abcdef";
    memcpy(out, "\\u", 2);
    for (unsigned i = 0; i < 4; i++)
        out[2 + i] = digits[(code >> (12 - 4 * i)) & 15];
    return TEXT_JSON_BYTES;
}

size_t text_json_escape(const char *s, size_t len, char *out, size_t *out_len)
{
    static const char pairs[] = "\"\"\\\\\bb\ff\nn\rr\tt"; /* a byte, and the letter of its short escape */
    const unsigned char *u = (const unsigned char *)s;
    for (const char *p = pairs; *p != '\0'; p += 2)
        if (*p == s[0]) {
            out[0] = '\\';
            out[1] = p[1];
            *out_len = 2;
            return 1;
        }
    if (u[0] < 0x20 || u[0] == 0x7f) {
        *out_len = put_unicode_escape(out, u[0]);
        return 1;
    }
    size_t n = utf8_sequence(s, len);
    bool is_c1 = n == 2 && u[0] == 0xc2 && u[1] < 0xa0;
    bool is_separator = n == 3 && u[0] == 0xe2 && u[1] == 0x80 && (u[2] == 0xa8 || u[2] == 0xa9);
    if (n == 0)
        *out_len = put_unicode_escape(out, 0xfffd);
    else if (is_c1)
        *out_len = put_unicode_escape(out, u[1]);
    else if (is_separator)
        *out_len = put_unicode_escape(out, 0x2000 + (u[2] & 0x3fu));
    else
        memcpy(out, s, *out_len = n);
    return n != 0 ? n : 1;
}

int text_hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    unsigned char lower = text_lower((unsigned char)digit);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

size_t text_count_words(const char *text, const char *dividers)
{
    size_t count = 0;
    for (text += strspn(text, dividers); *text != '\0'; text += strspn(text, dividers)) {
        text += strcspn(text, dividers);
        count++;
    }
    return count;
}

size_t text_put_u64(char *out, uint64_t value)
{
    size_t n = 1;
    for (uint64_t least = 10; n < 20 && value >= least; least *= 10)
        n++;
    for (size_t at = n; at-- > 0; value /= 10)
        out[at] = (char)('0' + value % 10);
    return n;
}

bool text_get_u64(const char *text, size_t len, uint64_t *value)
{
    uint64_t sum = 0;
    if (len == 0 || len > 20)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(sum, 10u, &sum) || __builtin_add_overflow(sum, digit, &sum))
            return false;
    }
    *value = sum;
    return true;
}

bool text_get_i64(const char *text, size_t len, int64_t *value)
{
    bool negative = len > 0 && text[0] == '-';
    uint64_t size = 0;
    if (!text_get_u64(text + negative, len - negative, &size))
        return false;
    if (size > (uint64_t)INT64_MAX + negative)
        return false;
    *value = negative ? (int64_t)(0 - size) : (int64_t)size;
    return true;
}

unsigned text_distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    unsigned row[LONGEST + 1];
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > LONGEST || b_len > LONGEST)
        return LONGEST;
    for (size_t k = 0; k <= b_len; k++)
        row[k] = (unsigned)k;
    for (size_t i = 1; i <= a_len; i++) {
        unsigned corner = row[0];
        row[0] = (unsigned)i;
        for (size_t k = 1; k <= b_len; k++) {
            unsigned change = corner + (a[i - 1] != b[k - 1]);
            unsigned shift = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            corner = row[k];
            row[k] = change < shift ? change : shift;
        }
    }
    return row[b_len];
}
