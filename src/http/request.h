/**
 * The head of a request, as every version of HTTP gives it to the layers above.
 *
 * All texts are slices of memory that lives as long as the exchange.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

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
    HTTP_QUERY,        /* safe and idempotent, with a body */
    HTTP_OTHER_METHOD, /* a valid token that is not one of the above */
    HTTP_METHODS
} http_method;

typedef enum http_version { HTTP_1_0, HTTP_1_1, HTTP_2 } http_version;

/** One header line, without the white space around the value. */
typedef struct http_header {
    char *name;
    char *value; /* value[value_len] may be overwritten */
    uint32_t name_len, value_len;
} http_header;

enum { HTTP_HEADERS_MAX = 100 };

typedef struct http_head_limits {
    size_t head_bytes;   /* request line and headers with their line ends; 431 beyond */
    size_t target_bytes; /* 414 beyond */
    unsigned fields;     /* at most HTTP_HEADERS_MAX; 431 beyond */
    /* Fields with a '_' in their name are ignored, except for those named here: proxies and CGI programs have
     * taken it for '-', which lets a client set what only a proxy may set (X_Real_IP for X-Real-IP). */
    bool keeps_underscores; /* all of them */
    const tern_str *underscored_names;
    unsigned underscored_count;
} http_head_limits;

typedef struct http_request {
    http_method method;
    uint8_t version;    /* an http_version */
    bool has_length;    /* `length` was announced */
    bool has_body;      /* by the head, at least one byte of it is to come */
    bool is_encoded;    /* a Content-Encoding header, whatever it says */
    bool is_asterisk;   /* `OPTIONS *` */
    bool path_is_plain; /* no '%', "//", "/./" or "/../" in the path, nor such an end: it is decoded */
    /* it asks for a WebSocket: by Upgrade in HTTP/1.1 (RFC 6455), by an extended CONNECT in HTTP/2 (RFC 8441), which
     * has the method GET here, too. It may be answered by http_reply_tunnel (tunnel.h) */
    bool wants_tunnel;
    uint64_t length; /* when has_length */
    tern_str method_text;
    tern_str path;  /* of the target, up to '?'; begins with '/', or is "*". A literal "/" when the target has
                       none (absolute-form without a path, CONNECT) */
    tern_str query; /* after '?', may be empty; data NULL when there is no '?' */
    /* host[:port] of the target or of Host; data NULL in HTTP/1.0 without one */
    tern_str host;
    unsigned header_count;
    http_header *headers;
} http_request;

/** Name of a method ("GET"); HTTP_OTHER_METHOD gives "". */
const char *http_method_name(http_method method);
/** The method of that (case-sensitive) name, HTTP_OTHER_METHOD for a name that is not in the enum. */
http_method http_method_of(const char *name, size_t len);

/** The first header of that name (ASCII case ignored) after header `*from - 1`; NULL without one. For repeated
 * headers: start with *from = 0, call until NULL. */
http_header *http_request_header(const http_request *request, const char *name, size_t name_len,
                                 unsigned *from);

/** Whether a field whose name has a '_' is the application's to see. */
bool http_field_is_kept(const http_head_limits *limits, tern_str name);

#endif
