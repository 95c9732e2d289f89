/** The rules of passwords, and base32, on any text: they end, and stay within their buffers. */
#include "auth/factor/otp.h"
#include "auth/password/rules.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t secret[OTP_SECRET_MAX];
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    size_t half = strlen(text) / 2;
    rules_is_common(text);
    if (half != 0 && !rules_is_similar(text, text) && strlen(text) <= 64 && strlen(text) >= 3)
        abort(); /* a text is similar to itself */
    if (base32_read(text, secret) > OTP_SECRET_MAX)
        abort();
    char *second = text + half;
    char kept = *second;
    *second = '\0';
    rules_is_similar(text, second + (kept != '\0'));
    free(text);
    return 0;
}
