/*
 * What an operator writes and an authority sends: names are DNS names, URLs and waits are in their bounds,
 * base64url is the one text of its bytes, a problem becomes one fault, and no chain of certificates is
 * accepted for a key that was just made. The first byte chooses.
 */
#include "acme/base64url.h"
#include "acme/ca.h"
#include "acme/certificate.h"
#include "acme/names.h"
#include "tls/openssl.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_names(const char *text)
{
    acme_names names, again;
    buf problem = {0};
    if (!names_read((tern_str){text, strlen(text)}, &names, &problem)) {
        require(problem.len > 0 && strchr(problem.data, '\0') == problem.data + problem.len);
        buf_free(&problem);
        return;
    }
    require(names.count >= 1 && names.count <= ACME_NAMES);
    for (unsigned i = 0; i < names.count; i++) {
        const char *name = names.list[i];
        require(strlen(name) <= ACME_NAME_BYTES && strchr(name, '.') != NULL && name[0] != '.' &&
                name[0] != '-');
        require(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-")] == '\0' &&
                strstr(name, "..") == NULL);
        require(names_read((tern_str){name, strlen(name)}, &again, &problem) && again.count == 1 &&
                strcmp(again.list[0], name) == 0);
        names_free(&again);
    }
    names_free(&names);
}

static void check_words(const char *text)
{
    int64_t wait = ca_retry_after(text, 1800000000);
    require(wait >= CA_NO_RETRY_AFTER && wait <= 365 * 24 * 3600);
    if (ca_is_url(text))
        require(strncmp(text, "https://", 8) == 0 && strlen(text) <= CA_URL_BYTES &&
                strpbrk(text, " \r\n\"\\") == NULL);
}

static void check_base64url(const char *text, size_t len)
{
    arena a;
    size_t raw_len;
    arena_init(&a, NULL, 0, 8 * len + 65536);
    const uint8_t *raw = base64url_read(&a, (tern_str){text, len}, &raw_len);
    if (raw != NULL)
        require(strcmp(base64url_print(&a, raw, raw_len), text) == 0);
    arena_free(&a);
}

static void check_problem(const char *text, size_t len)
{
    arena a;
    arena_init(&a, NULL, 0, 1024 * 1024);
    ca c = {.arena = &a};
    require(!ca_fail_problem(&c, "a test:", (tern_any){text, len}));
    require(strncmp(c.fault.text, "a test:", 7) == 0 && strlen(c.fault.text) < sizeof c.fault.text);
    require(strlen(c.fault.type) < sizeof c.fault.type);
    arena_free(&a);
}

static void check_chain(const char *text, size_t len)
{
    static crypto_key *key;
    static acme_names names;
    certificate_facts facts;
    buf problem = {0};
    const char *missing;
    if (key == NULL) {
        require(openssl_load(&missing) && names_read(TERN_STR("example.org"), &names, &problem));
        key = crypto_key_new();
    }
    require(!certificate_check((tern_str){text, len}, key, &names, 1769904000, &facts, &problem));
    require(problem.len > 0);
    buf_free(&problem);
    crypto_key_free(crypto_key_read((tern_str){text, len}));
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size); /* without the first byte, with a NUL */
    require(text != NULL);
    memcpy(text, input + 1, size - 1);
    text[size - 1] = '\0';
    switch (input[0] % 5) {
    case 0:
        check_names(text);
        break;
    case 1:
        check_words(text);
        break;
    case 2:
        check_base64url(text, size - 1);
        break;
    case 3:
        check_problem(text, size - 1);
        break;
    default:
        check_chain(text, size - 1);
    }
    free(text);
    return 0;
}
