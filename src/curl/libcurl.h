/**
 * libcurl, loaded when the first call is made: programs without calls do not need it.
 *
 * `libcurl.easy_init()` is curl_easy_init(), and so on. Numbers are passed to easy_setopt and multi_setopt as long.
 */
#ifndef CURL_LIBCURL_H
#define CURL_LIBCURL_H

#define CURL_DISABLE_TYPECHECK /* its macros do not see calls through a table */
#include <curl/curl.h>
#include <stdbool.h>

#define LIBCURL_FUNCTIONS(X)                                                                                 \
    X(global_init_mem)                                                                                       \
    X(version_info)                                                                                          \
    X(slist_append)                                                                                          \
    X(slist_free_all)                                                                                        \
    X(easy_init)                                                                                             \
    X(easy_cleanup)                                                                                          \
    X(easy_reset)                                                                                            \
    X(easy_setopt)                                                                                           \
    X(easy_getinfo)                                                                                          \
    X(easy_perform)                                                                                          \
    X(easy_pause)                                                                                            \
    X(easy_strerror)                                                                                         \
    X(multi_init)                                                                                            \
    X(multi_cleanup)                                                                                         \
    X(multi_setopt)                                                                                          \
    X(multi_add_handle)                                                                                      \
    X(multi_remove_handle)                                                                                   \
    X(multi_socket_action)                                                                                   \
    X(multi_info_read)                                                                                       \
    X(multi_assign)                                                                                          \
    X(multi_strerror)                                                                                        \
    X(share_init)                                                                                            \
    X(share_setopt)                                                                                          \
    X(share_cleanup)                                                                                         \
    X(url)                                                                                                   \
    X(url_cleanup)                                                                                           \
    X(url_set)                                                                                               \
    X(url_get)                                                                                               \
    X(free)

typedef struct libcurl_functions {
#define X(name) __typeof__(curl_##name) *name;
    LIBCURL_FUNCTIONS(X)
#undef X
} libcurl_functions;

extern libcurl_functions libcurl;

/**
 * Loads and initializes the library once in a process; false, with `*problem`, when it is not installed, too old,
 * without TLS, or out of memory. Later calls cost one comparison.
 *
 * It may be called before a fork: what it initializes is memory only. Handles are made by the process that uses
 * them.
 */
bool libcurl_load(const char **problem);

#endif
