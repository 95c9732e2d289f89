/**
 * The head of an HTTP/1.1 request: RFC 9112, strictly.
 *
 * Hot path: every request passes here once. No allocation, no copy: the result points into the caller's
 * buffer.
 */
#ifndef HTTP_H1_HEAD_H
#define HTTP_H1_HEAD_H

#include "http/request.h"

typedef struct h1_head {
    http_request request;
    bool keep_alive; /* by version and Connection */
    bool is_chunked;
    bool expects_continue; /* `Expect: 100-continue` in HTTP/1.1 with a body to come */
    bool has_upgrade;      /* an Upgrade header together with `Connection: upgrade` */
    int status;            /* after H1_ERROR: what to answer */
    const char *reason;    /* after H1_ERROR: one short clause for the log and the problem's detail */
    http_header headers[HTTP_HEADERS_MAX]; /* of `request`, in the buffer */
} h1_head;

/** H1_PASSED_OVER is only said of a part of a head. */
typedef enum h1_result { H1_COMPLETE, H1_PARTIAL, H1_ERROR, H1_PASSED_OVER } h1_result;

/**
 * Parses one head from the start of `data`. Empty lines (CRLF) before the request line are skipped, up to
 * four.
 *
 * @param used  receives the number of bytes up to and including the empty line, when complete.
 * @return H1_PARTIAL when all `len` bytes are a possible beginning and no limit is exceeded; a call with more
 * of the same bytes starts again (nothing in `data` is changed, nothing is kept). H1_ERROR sets status and
 * reason. An error is reported as soon as the bytes that cause it have arrived: of syntax at the byte, of a
 * target's form after the request line, of a field's meaning after its line. `head_bytes` counts the empty
 * lines too: a head that needs more is refused once that many bytes are there. A method of more than 32 bytes
 * is a 501, and more than 2^63 - 1 bytes of Content-Length a 413.
 *
 * On H1_COMPLETE every member of `head` is set, except for `headers` from header_count on.
 */
h1_result h1_head_parse(h1_head *head, const http_head_limits *limits, char *data, size_t len, size_t *used);

#endif
