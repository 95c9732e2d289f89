#include "fetch/cookies.h"

#include "app/ctx.h"
#include "fetch/multi.h"

#include <tern/log.h>

struct tern_cookie_jar {
    CURLSH *share;
};

static void free_jar(void *arg)
{
    tern_cookie_jar *jar = arg;
    libcurl.share_cleanup(jar->share);
    jar->share = NULL;
}

tern_cookie_jar *tern_cookie_jar_new(tern_ctx *c)
{
    const char *problem = NULL;
    if (!libcurl_load(&problem)) {
        tern_log(TERN_LOG_ERROR, "fetch: %s", problem);
        ctx_fail(c, 500, NULL);
    }
    tern_cookie_jar *jar = tern_alloc(c, sizeof *jar);
    jar->share = ctx_need(c, libcurl.share_init());
    tern_defer(c, free_jar, jar);
    if (libcurl.share_setopt(jar->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_COOKIE) != CURLSHE_OK)
        ctx_need(c, NULL);
    return jar;
}

bool cookies_set_easy(tern_cookie_jar *jar, CURL *easy)
{
    return jar == NULL || (libcurl.easy_setopt(easy, CURLOPT_SHARE, jar->share) == CURLE_OK &&
                           libcurl.easy_setopt(easy, CURLOPT_COOKIEFILE, "") == CURLE_OK);
}

void cookies_put_easy(tern_cookie_jar *jar, CURL *easy)
{
    if (jar != NULL)
        libcurl.easy_cleanup(easy); /* a kept handle would keep its cookies */
    else
        multi_put(easy);
}
