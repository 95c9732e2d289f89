#include "auth/factor/otp.h"

#include "crypto/mac.h"
#include "crypto/sha1.h"

#include <stdio.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

size_t base32_read(const char *text, uint8_t out[OTP_SECRET_MAX])
{
    size_t len = 0;
    unsigned held = 0, bits = 0;
    for (; *text != '\0' && *text != '='; text++) {
        char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
        if (c == ' ' || c == '-')
            continue;
        const char *found = strchr(alphabet, c);
        if (found == NULL)
            return 0;
        bits = bits << 5 | (unsigned)(found - alphabet);
        held += 5;
        if (held < 8)
            continue;
        if (len == OTP_SECRET_MAX)
            return 0;
        held -= 8;
        out[len++] = (uint8_t)(bits >> held);
        bits &= (1u << held) - 1;
    }
    return text[strspn(text, "=")] == '\0' ? len : 0;
}

void base32_write(const uint8_t *data, size_t len, char *out)
{
    unsigned held = 0, bits = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | data[i];
        held += 8;
        while (held >= 5) {
            held -= 5;
            *out++ = alphabet[bits >> held & 31];
        }
        bits &= 0xff;
    }
    if (held > 0)
        *out++ = alphabet[bits << (5 - held) & 31];
    *out = '\0';
}

void otp_code(const uint8_t *secret, size_t len, uint64_t counter, unsigned digits, tern_otp_hash hash,
              char out[OTP_DIGITS_MAX + 1])
{
    static const uint32_t powers[] = {1000000, 10000000, 100000000};
    uint8_t moving[8], made[MAC_BYTES];
    for (unsigned i = 0; i < sizeof moving; i++)
        moving[i] = (uint8_t)(counter >> (56 - 8 * i));
    if (hash == TERN_OTP_SHA256)
        mac_of(secret, len, &(mac_part){moving, sizeof moving}, 1, made);
    else
        sha1_hmac(secret, len, moving, sizeof moving, made);
    unsigned at = made[hash == TERN_OTP_SHA256 ? MAC_BYTES - 1 : SHA1_BYTES - 1] & 15; /* section 5.3 */
    uint32_t number = (uint32_t)(made[at] & 0x7f) << 24 | (uint32_t)made[at + 1] << 16 |
                      (uint32_t)made[at + 2] << 8 | made[at + 3];
    snprintf(out, OTP_DIGITS_MAX + 1, "%0*u", (int)digits, number % powers[digits - 6]);
}

int64_t otp_find(const uint8_t *secret, size_t len, const char *code, int64_t first, int64_t last,
                 unsigned digits, tern_otp_hash hash)
{
    char wanted[OTP_DIGITS_MAX + 1];
    int64_t found = -1;
    if (strlen(code) != digits)
        return -1;
    for (int64_t step = first < 0 ? 0 : first; step <= last; step++) {
        otp_code(secret, len, (uint64_t)step, digits, hash, wanted);
        if (mac_equal(wanted, code, digits))
            found = step;
    }
    mac_forget(wanted, sizeof wanted);
    return found;
}
