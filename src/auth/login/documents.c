/** Documents of providers, in memory that all workers share. */
#include "auth/login/documents.h"

#include "auth/login/call.h"

#include <tern/fetch.h>
#include <tern/log.h>

#include <string.h>
#include <time.h>

enum { PAUSE_S = 2 }; /* after a failure: a login does not wait for what has just failed */

/** A document as the store has it: when it was fetched, and its text. */
typedef struct entry {
    int64_t fetched;
    char text[];
} entry;

/** A login's own documents: another one at the same address may have checked less. */
static const char *key_of(tern_ctx *c, const login_provider *p, const char *url)
{
    return tern_sprintf(c, "%s %s", p->o.name, url);
}

static login_document read_entry(tern_ctx *c, const login_provider *p, const char *url)
{
    const char *key = key_of(c, p, url), *problem;
    size_t len = 0, room = sizeof(entry) + LOGIN_DOCUMENT_BYTES;
    if (!tern_shared_store_get(p->documents, key, strlen(key), NULL, 0, &len) || len <= sizeof(entry) ||
        len > room)
        return (login_document){0};
    entry *e = tern_alloc(c, room = len);
    if (!tern_shared_store_get(p->documents, key, strlen(key), e, room, &len) || len > room)
        return (login_document){0};
    tern_value *value = tern_value_parse_try(c, (tern_str){e->text, len - sizeof *e}, &problem);
    return (login_document){.value = value, .age_s = (int64_t)time(NULL) - e->fetched};
}

static void keep(tern_ctx *c, const login_provider *p, const char *url, tern_str text)
{
    entry *e = tern_alloc(c, sizeof *e + text.len);
    e->fetched = (int64_t)time(NULL);
    memcpy(e->text, text.data, text.len);
    const char *key = key_of(c, p, url);
    tern_stored stored = tern_shared_store_put(p->documents, key, strlen(key), e, sizeof *e + text.len,
                                               (tern_stay){.ms = (uint64_t)LOGIN_STALE_S * 1000});
    if (stored != TERN_STORED)
        tern_log(TERN_LOG_WARN, "login %s: there is no room to keep %s, so each login fetches it", p->o.name,
                 url);
}

/** Asks the provider; the value is NULL, and `*failure` says what happened, without a document that is right. */
static login_document fetch(tern_ctx *c, login_provider *p, const char *url, login_document_check *check,
                            login_reply *failure)
{
    login_reply r = login_call(c, p, url, &(tern_fetch_options){.max_bytes = LOGIN_DOCUMENT_BYTES});
    if (r.problem == NULL && r.status != 200)
        r.problem = tern_sprintf(c, "GET %s: the status is %d, and must be 200", url, r.status);
    if (r.problem == NULL) {
        const char *wrong = check(c, p, r.value);
        r.problem = wrong != NULL ? tern_sprintf(c, "GET %s: %s", url, wrong) : NULL;
    }
    if (r.problem != NULL) {
        *failure = r;
        return (login_document){0};
    }
    keep(c, p, url, r.body);
    return (login_document){.value = r.value, .is_new = true};
}

login_document login_document_of(tern_ctx *c, login_provider *p, const char *url, int fresh_s,
                                 login_document_check *check)
{
    login_document kept = read_entry(c, p, url);
    if (kept.value != NULL && kept.age_s <= fresh_s)
        return kept;
    tern_lock(c, &p->fetching);
    kept = read_entry(c, p, url); /* another coroutine may have fetched it meanwhile */
    int64_t now = (int64_t)time(NULL);
    login_reply failure = {.status_told = 503, .problem = "the provider could not be reached a moment ago"};
    if ((kept.value == NULL || kept.age_s > fresh_s) && (now < p->failed || now >= p->failed + PAUSE_S)) {
        login_document fetched = fetch(c, p, url, check, &failure);
        if (fetched.value != NULL) {
            tern_unlock(c, &p->fetching);
            return fetched;
        }
        p->failed = now;
        tern_log(TERN_LOG_WARN, "login %s: %s", p->o.name, failure.problem);
    }
    tern_unlock(c, &p->fetching);
    if (kept.value != NULL && kept.age_s <= LOGIN_STALE_S)
        return kept;
    login_refuse(c, p, failure.status_told, login_unreachable(c, p), "%s", failure.problem);
}
