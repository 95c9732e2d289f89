/* Credentials of basic auth: what is decoded encodes to the same text again, and what passes for plain text is UTF-8
 * without control characters. */
#include "middleware/basic_auth.c"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static size_t encode(const char *data, size_t size, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = 0;
    for (size_t i = 0; i < size; i += 3) {
        unsigned bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < size ? (unsigned char)data[i + k] : 0u);
        for (size_t k = 0; k < 4; k++)
            out[len++] = i + k <= size ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return len;
}

/** Walks the text by the table of Unicode 15, section 3.9. */
static bool is_utf8(const unsigned char *at, const unsigned char *end)
{
    while (at < end) {
        unsigned long code = *at;
        unsigned more = code < 0x80   ? 0
                        : code < 0xc0 ? 9
                        : code < 0xe0 ? 1
                        : code < 0xf0 ? 2
                        : code < 0xf8 ? 3
                                      : 9;
        static const unsigned long least[] = {0, 0x80, 0x800, 0x10000};
        if (more == 9 || more >= (size_t)(end - at))
            return false;
        code &= more == 0 ? 0x7f : 0x3fu >> more;
        for (unsigned i = 1; i <= more; i++) {
            if ((at[i] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (at[i] & 0x3f);
        }
        if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || code < 0x20 ||
            (code >= 0x7f && code < 0xa0))
            return false;
        at += more + 1;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    char *text = malloc(size + 1), *sent = malloc(size + 1), *again = malloc(size + 8);
    size_t len;
    require(text != NULL && sent != NULL && again != NULL);
    memcpy(text, input, size);
    text[size] = '\0';
    memcpy(sent, text, size + 1);
    require(is_plain_text(text, size) == is_utf8((unsigned char *)text, (unsigned char *)text + size));
    if (decode(text, &len)) {
        require(encode(text, len, again) == strlen(sent) && memcmp(again, sent, strlen(sent)) == 0);
        require(is_plain_text(text, len) == is_utf8((unsigned char *)text, (unsigned char *)text + len));
    }
    free(text);
    free(sent);
    free(again);
    return 0;
}
