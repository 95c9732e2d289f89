/**
 * The head of an HTTP/1.1 request: RFC 9112, strictly.
 *
 * Hot path: every request passes here once. No allocation, no copy: the result points into the caller's
 * buffer.
 */
#ifndef HTTP_H1_HEAD_H
#define HTTP_H1_HEAD_H

#include <tern/str.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_TRACE,
    HTTP_CONNECT,
    HTTP_OTHER_METHOD, /* a valid token that is not one of the above */
    HTTP_METHODS
} http_method;

enum { H1_FIELDS_MAX = 100 };

/** One header line, in the buffer, without the white space around the value. */
typedef struct h1_field {
    char *name;
    char *value; /* value[value_len] is a byte of the buffer that may be overwritten (white space or CR) */
    uint32_t name_len, value_len;
} h1_field;

typedef struct h1_limits {
    size_t head_bytes;   /* request line and headers with their line ends; 431 beyond */
    size_t target_bytes; /* 414 beyond */
    unsigned fields;     /* at most H1_FIELDS_MAX; 431 beyond */
    /* Fields with a '_' in their name are ignored, except for those named here: proxies and CGI programs have
     * taken it for '-', which lets a client set what only a proxy may set (X_Real_IP for X-Real-IP). */
    bool keeps_underscores; /* all of them */
    const tern_str *underscored_names;
    unsigned underscored_count;
} h1_limits;

typedef struct h1_head {
    http_method method;
    uint8_t minor_version; /* HTTP/1.`minor_version`: 0 or 1 */
    bool keep_alive;       /* by version and Connection */
    bool has_length;
    bool is_chunked;
    bool expects_continue; /* `Expect: 100-continue` in HTTP/1.1 with a body to come */
    bool has_upgrade;      /* an Upgrade header together with `Connection: upgrade` */
    bool is_encoded;       /* a Content-Encoding header, whatever it says */
    bool is_asterisk;      /* `OPTIONS *` */
    bool path_is_plain;    /* no '%', "//", "/./" or "/../" in the path, nor such an end: it is decoded */
    uint64_t length;       /* when has_length */
    tern_str method_text;
    tern_str path;  /* of the target, up to '?'; begins with '/', or is "*". A literal "/" when the target has
                       none (absolute-form without a path, CONNECT) */
    tern_str query; /* after '?', may be empty; data NULL when there is no '?' */
    /* host[:port] of an absolute-form target, else of Host; data NULL in HTTP/1.0 without one */
    tern_str host;
    unsigned field_count;
    int status;         /* after H1_ERROR: what to answer */
    const char *reason; /* after H1_ERROR: one short clause for the log and the problem's detail */
    h1_field fields[H1_FIELDS_MAX];
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
 * On H1_COMPLETE every member of `head` is set, except for `fields` from field_count on.
 */
h1_result h1_head_parse(h1_head *head, const h1_limits *limits, char *data, size_t len, size_t *used);

/** Name of a method ("GET"); HTTP_OTHER_METHOD gives "". */
const char *http_method_name(http_method method);
/** The method of that (case-sensitive) name, HTTP_OTHER_METHOD for a name that is not in the enum. */
http_method http_method_of(const char *name, size_t len);

/** The first field of that name (ASCII case ignored) after field `*from - 1`; NULL without one. For repeated
 * fields: start with *from = 0, call until NULL. */
h1_field *h1_head_field(h1_head *head, const char *name, size_t name_len, unsigned *from);

#endif
