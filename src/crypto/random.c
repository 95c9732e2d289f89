#include "crypto/random.h"

#include <string.h>

bool random_text(char *out, size_t bytes)
{
    unsigned char drawn[RANDOM_TEXT_MAX];
    if (bytes > sizeof drawn || !random_bytes(drawn, bytes))
        return false;
    out[base64url_write(drawn, bytes, out)] = '\0';
    explicit_bzero(drawn, bytes);
    return true;
}
