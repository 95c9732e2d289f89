/* What a provider and an address line say in a login: an address that may be called is what a strict reader takes it for
 * and stays so with parameters; id tokens, claims and profiles of any kind are read without harm, and what is read of them
 * is clean. */
#include "auth/login/address.h"
#include "auth/login/claims.h"
#include "auth/login/id_token.h"
#include "auth/login/profile.h"
#include "unit/app/fake.h"

#include <tern/fetch.h>
#include <tern/log.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static const uint8_t *data;
static size_t data_size;

/* fake.h is for tests, whose checks end here. */
void check_fail(const char *file, int line, const char *format, ...)
{
    (void)file;
    (void)line;
    (void)format;
    abort();
}

static void require(bool holds)
{
    if (!holds)
        abort();
}

/** The bytes that one place of an address may have, and its host. */
static void check_address(tern_ctx *c, const char *url)
{
    if (!login_address_is_safe(url))
        return;
    bool is_plain = login_address_is_plain(url);
    const char *host = url + (is_plain ? 7 : 8);
    require(strlen(url) <= 2048 && *host != '\0' && *host != '/' && strpbrk(url, " \t\r\n\\#<>\"") == NULL);
    require(memchr(host, '@', strcspn(host, "/?")) == NULL);
    if (is_plain)
        require(strncmp(host, "localhost", 9) == 0 || strncmp(host, "127.", 4) == 0 ||
                strncmp(host, "[::1]", 5) == 0);
    const char *more = login_address_with(c, url, TERN_PAIRS("state", "a&b=c#d", "none", NULL));
    require(strncmp(more, url, strlen(url)) == 0 && strstr(more, "state=a%26b%3Dc%23d") != NULL);
    require(strlen(more) > 2048 || login_address_is_safe(more));
}

static void require_clean(const char *text, size_t most)
{
    require(text == NULL || (*text != '\0' && strlen(text) <= most && strpbrk(text, "\r\n\t\x7f") == NULL));
}

static void check_claims(tern_ctx *c, const tern_value *claims)
{
    static const char *const presets[] = {"", "github", "microsoft", "discord"};
    static const char *const issuers[] = {"https://op.example",
                                          "https://login.microsoftonline.com/{tenantid}/v2.0"};
    for (size_t i = 0; i < 2; i++) {
        const login_expected expected = {.issuer = issuers[i],
                                         .client_id = "me",
                                         .nonce = "n",
                                         .now = 1700000000,
                                         .max_age_s = i == 0 ? 0 : 60};
        if (login_claims_problem(c, claims, &expected) == NULL)
            require(strcmp(tern_value_text(tern_value_get(claims, "nonce"), ""), "n") == 0 &&
                    tern_value_text(tern_value_get(claims, "sub"), NULL) != NULL &&
                    tern_value_double(tern_value_get(claims, "exp"), 0) > 1699999000);
    }
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        const login_preset *preset = login_preset_of(presets[i]);
        const login_provider p = {.o = {.name = "p"}, .preset = preset != NULL ? preset : &login_preset_none};
        const tern_profile *profile = login_profile_read(c, &p, claims);
        require_clean(profile->subject, 255);
        require_clean(profile->email, 254);
        require_clean(profile->name, 1024);
        require_clean(profile->picture, 1024);
        require(!profile->email_verified || (profile->email != NULL && strchr(profile->email, '@') != NULL));
    }
}

static tern_reply read_all(tern_ctx *c)
{
    const char *problem = NULL;
    const char *text = tern_sprintf(c, "%.*s", (int)data_size, (const char *)data);
    check_address(c, text);
    const tern_value *value = tern_value_parse_try(c, (tern_str){(const char *)data, data_size}, &problem);
    require(value != NULL || problem != NULL);
    if (value != NULL)
        check_claims(c, value);
    const login_jws *jws = login_jws_read(c, text, &problem);
    if (jws == NULL)
        return tern_no_content(c);
    require(tern_value_kind_of(jws->claims) == TERN_JSON_OBJECT && jws->algorithm != NULL &&
            jws->signature.data != NULL);
    require(jws->signed_part.data == text && text[jws->signed_part.len] == '.');
    check_claims(c, jws->claims);
    return tern_no_content(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static fake f;
    tern_log_set_level(TERN_LOG_SILENT);
    data = input;
    data_size = size < 65536 ? size : 65536;
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    fake_run(&f, NULL, read_all);
    fake_close(&f);
    return 0;
}
