/**
 * One call to another service that blocks: for commands, and for processes without a loop.
 *
 * TLS is always verified. Only http and https are spoken, redirects are not followed, and no proxy but the one of the
 * environment (http_proxy, https_proxy, no_proxy) is used. Every call ends within its time and its bytes.
 */
#ifndef CURL_CALL_H
#define CURL_CALL_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

/** Texts and body are the caller's, and must last as long as the call. */
typedef struct curl_call_request {
    const char *method; /* "GET", "POST", "HEAD"; NULL: "GET" */
    const char *url;
    const char *const *headers; /* "Name: value" lines without CR and LF, ended by NULL; NULL: none */
    const void *body;           /* NULL: none */
    size_t body_bytes;
    const char *ca_file;         /* PEM; trusted instead of the system's authorities; NULL: the system's */
    unsigned timeout_ms;         /* of the whole call; 0: 30,000 */
    unsigned connect_timeout_ms; /* 0: 10,000 */
    size_t max_bytes;            /* of the body received, decoded; 0: 1 MiB. The headers may have 64 KiB. */
    bool https_only;             /* refuse http:// */
} curl_call_request;

/** Zeroed before the first call; freed by curl_call_free. */
typedef struct curl_call_reply {
    int status;
    buf headers; /* "Name: value\r\n" lines of the final reply, without its status line */
    buf body;    /* NUL-terminated when it is not empty */
    /** On failure: "GET https://ca.example/dir: it took longer than 30000 ms", for people. */
    char problem[512];
} curl_call_reply;

/**
 * Makes the call, on the caller's thread. At most one at a time in a process.
 *
 * @return true when a whole reply has arrived, whatever its status; false with `reply->problem`.
 */
bool curl_call(const curl_call_request *request, curl_call_reply *reply);

/** The value of the first header of that name (any case), copied to `out` of `size` bytes and NUL-terminated; false
 * when it is absent or longer. */
bool curl_call_header(const curl_call_reply *reply, const char *name, char *out, size_t size);

void curl_call_free(curl_call_reply *reply);

#endif
