/** Keys of another service, fetched when they are needed. */
#include "auth/token/keys.h"

#include <tern/log.h>

#include <stdlib.h>
#include <string.h>

enum { MAX_AGE_S = 300, RETRY_S = 30, FIRST_RETRY_S = 1, DOCUMENT_MOST = 256 * 1024, TIMEOUT_MS = 5000 };

static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec + 1; /* never 0 */
}

/** The keys of the document; NULL, with a line in the log, without one that is usable. */
static jwt_key_list *fetch(tern_ctx *c, const tern_jwt_keys *keys)
{
    const char *problem = NULL;
    tern_fetched *reply =
        tern_fetch_try(c, keys->options.url, .timeout_ms = TIMEOUT_MS, .max_bytes = DOCUMENT_MOST);
    const tern_value *set = reply->ok ? tern_value_parse_try(c, reply->body, &problem) : NULL;
    jwt_key_list *list = set != NULL ? calloc(1, sizeof *list) : NULL;
    if (list != NULL) {
        problem = "it has no keys";
        jwk_add_all(set, list, &problem);
        for (unsigned i = 0; i < list->count; i++) /* a secret that everybody can fetch is not one */
            if (key_algorithm_of(list->list[i].key) == KEY_HS256)
                problem = "it has a secret";
        if (list->count != 0 && strcmp(problem != NULL ? problem : "", "it has a secret") != 0)
            return list;
        jwt_keys_free(list);
        free(list);
    }
    if (reply->problem != NULL)
        tern_log(TERN_LOG_ERROR, "jwt keys: %s", reply->problem);
    else
        tern_log(TERN_LOG_ERROR, "jwt keys: %s has no usable keys: %s", keys->options.url,
                 problem != NULL ? problem : "its status is not 200");
    return NULL;
}

static bool is_due(const tern_jwt_keys *keys, bool is_unknown, int64_t now)
{
    unsigned max_age = keys->options.max_age_s != 0 ? keys->options.max_age_s : MAX_AGE_S;
    if (keys->fetched == NULL)
        return keys->tried_at == 0 || now - keys->tried_at >= FIRST_RETRY_S;
    return (is_unknown || now - keys->fetched_at >= (int64_t)max_age) && now - keys->tried_at >= RETRY_S;
}

void jwt_keys_refresh(tern_ctx *c, tern_jwt_keys *keys, bool is_unknown)
{
    if (keys->options.url == NULL)
        return;
    if (is_due(keys, is_unknown, now_s())) {
        tern_lock(c, &keys->fetching);
        if (is_due(keys, is_unknown, now_s())) { /* another request may have fetched them meanwhile */
            keys->tried_at = now_s();
            jwt_key_list *list = fetch(c, keys);
            if (list != NULL) {
                if (keys->fetched != NULL)
                    jwt_keys_free(keys->fetched);
                free(keys->fetched);
                keys->fetched = list;
                keys->fetched_at = now_s();
                keys->last.len = 0;
            }
        }
        tern_unlock(c, &keys->fetching);
    }
    if (keys->fetched == NULL && keys->own.count == 0)
        tern_fail(c, 503, "the keys that check tokens cannot be fetched");
}
