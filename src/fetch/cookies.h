/** Cookie jars: libcurl keeps the cookies, by the rules of RFC 6265. */
#ifndef FETCH_COOKIES_H
#define FETCH_COOKIES_H

#include "curl/libcurl.h"

#include <tern/fetch.h>

/** Lets a transfer use the jar (NULL: no cookies); false when out of memory. */
bool cookies_set_easy(tern_cookie_jar *jar, CURL *easy);
/** Gives the handle back (multi.h): one that has used a jar is not kept. */
void cookies_put_easy(tern_cookie_jar *jar, CURL *easy);

#endif
