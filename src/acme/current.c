#include "acme/current.h"

#include "acme/crypto.h"

#include <stdio.h>

static void file_name(const acme_names *names, const char *file, char out[STORE_NAME_BYTES])
{
    snprintf(out, STORE_NAME_BYTES, "certificates/%s/%s", names->list[0], file);
}

static bool read_one(const store *s, const acme_names *names, const char *file, arena *a, tern_str *out,
                     buf *problem)
{
    char name[STORE_NAME_BYTES];
    file_name(names, file, name);
    store_found found = store_read(s, name, a, out, problem);
    if (found == STORE_ABSENT)
        buf_add_text(problem, "it does not exist");
    return found == STORE_FOUND;
}

bool current_read(const store *s, const acme_names *names, int64_t now_s, arena *a, certificate_facts *facts,
                  buf *problem)
{
    tern_str chain, pem;
    if (!read_one(s, names, "fullchain.pem", a, &chain, problem) ||
        !read_one(s, names, "privkey.pem", a, &pem, problem))
        return false;
    crypto_key *key = crypto_key_read(pem);
    if (key == NULL) {
        buf_add_text(problem, "its key cannot be read");
        return false;
    }
    bool is_right = certificate_check(chain, key, names, now_s, facts, problem);
    crypto_key_free(key);
    return is_right;
}

/** Whether listeners can serve what there is, for whatever names: it is not over. */
static bool has_one(const store *s, const acme_names *names, int64_t now_s, arena *a)
{
    acme_names any = {.list = {names->list[0]}};
    certificate_facts facts = {0};
    buf problem = {0};
    bool is_right = current_read(s, &any, now_s, a, &facts, &problem);
    buf_free(&problem);
    return is_right || facts.not_after > now_s;
}

bool current_make_temporary(const store *s, const acme_names *names, int64_t now_s, arena *a, buf *problem)
{
    if (has_one(s, names, now_s, a))
        return true;
    crypto_key *key = crypto_key_new();
    tern_str chain = {0}, pem = {0};
    if (key != NULL) {
        chain = certificate_temporary(key, names, a);
        pem = crypto_key_print(key, a);
    }
    crypto_key_free(key);
    if (chain.data == NULL || pem.data == NULL) {
        buf_add_printf(problem, "cannot make a temporary certificate for %s: out of memory", names->list[0]);
        return false;
    }
    return store_install(s, names->list[0], chain, pem, problem);
}
