/** Sealed and signed cookies. The purpose has the cookie's name: a value means nothing under another one. */
#include "app/ctx.h"
#include "base/text.h"

#include <tern/secret.h>

#include <stdio.h>
#include <string.h>

static const char *purpose_of(tern_ctx *c, const char *name)
{
    return tern_sprintf(c, "cookie %s", name);
}

static tern_secret_options life_of(const tern_cookie_options *options)
{
    return (tern_secret_options){.expires_s = options->max_age_s > 0 ? (uint64_t)options->max_age_s : 0};
}

bool tern_set_sealed_cookie_with(tern_ctx *c, const char *name, const char *value,
                                 const tern_cookie_options *options)
{
    const tern_secret_options life = life_of(options);
    if (options->max_age_s < 0)
        return tern_set_cookie_with(c, name, "", options);
    return tern_set_cookie_with(
        c, name, tern_seal_with(c, purpose_of(c, name), tern_str_of_text_(value), &life), options);
}

const char *tern_sealed_cookie(tern_ctx *c, const char *name)
{
    return tern_unseal(c, purpose_of(c, name), tern_cookie(c, name));
}

/* RFC 6265's cookie-octet, but for '%'. */
static bool is_plain(unsigned char byte)
{
    return byte > ' ' && byte < 0x7f && byte != '"' && byte != ',' && byte != ';' && byte != '\\' &&
           byte != '%';
}

static const char *percent_encoded(tern_ctx *c, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    char *out = ctx_need(c, arena_alloc(ctx_arena(c), 3 * strlen(text) + 1)), *to = out;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (is_plain(byte)) {
            *to++ = *text;
        } else {
            *to++ = '%';
            *to++ = digits[byte >> 4];
            *to++ = digits[byte & 15];
        }
    }
    *to = '\0';
    return out;
}

/* In place: the text is the request's, and was written by percent_encoded. */
static const char *percent_decoded(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '%' && from[1] != '\0' && from[2] != '\0') {
            *to++ = (char)(text_hex_value(from[1]) << 4 | text_hex_value(from[2]));
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return text;
}

bool tern_set_signed_cookie_with(tern_ctx *c, const char *name, const char *value,
                                 const tern_cookie_options *options)
{
    const tern_secret_options life = life_of(options);
    if (options->max_age_s < 0)
        return tern_set_cookie_with(c, name, "", options);
    if (value == NULL)
        tern_fail(c, 500, "the signed cookie %s needs a text, not NULL", name);
    return tern_set_cookie_with(
        c, name, tern_sign_with(c, purpose_of(c, name), tern_str_of_text_(percent_encoded(c, value)), &life),
        options);
}

const char *tern_signed_cookie(tern_ctx *c, const char *name)
{
    const char *text = tern_unsign(c, purpose_of(c, name), tern_cookie(c, name));
    return text != NULL ? percent_decoded(tern_strdup(c, text)) : NULL;
}
