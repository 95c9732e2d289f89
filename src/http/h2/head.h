/**
 * The head of a request in HTTP/2, field by field as HPACK's decoder gives them: RFC 9113 section 8, strictly.
 *
 * Hot path: each request passes here once. Its texts are copied once, to the memory of its stream.
 */
#ifndef HTTP_H2_HEAD_H
#define HTTP_H2_HEAD_H

#include "http/request.h"

typedef struct h2_head {
    http_request request;
    bool is_malformed;     /* the stream ends with PROTOCOL_ERROR; `reason` says why */
    bool is_trailers;      /* fields after the body: checked, and dropped */
    bool is_ignored;       /* of a stream that has ended: decoded for HPACK's sake alone */
    bool expects_continue; /* `Expect: 100-continue` */
    bool is_connect;       /* an extended CONNECT: a success would open a tunnel */
    bool is_after_pseudo;  /* an ordinary field was seen: pseudo-header fields must be before it */
    uint8_t seen;          /* bits of the fields that may come once */
    uint8_t urgency;       /* RFC 9218: 0 to 7 */
    bool is_incremental;
    unsigned cookies;   /* fields named Cookie */
    int status;         /* what HTTP answers instead of the service; 0: nothing */
    const char *reason; /* with status or is_malformed: a short static clause */
    tern_str scheme, protocol, host_field;
    size_t decoded_bytes; /* of all fields so far, also of those that were not kept */
    uint32_t text_len, text_cap;
    http_header headers[HTTP_HEADERS_MAX]; /* of `request` */
    char text[];
} h2_head;

/** The size of an h2_head for requests within `limits`. */
size_t h2_head_bytes(const http_head_limits *limits);
/** Begins a head in a block of h2_head_bytes. */
void h2_head_begin(h2_head *head, const http_head_limits *limits);
/** Takes the next field. */
void h2_head_add(h2_head *head, const http_head_limits *limits, tern_str name, tern_str value);
/** After the last one: what depends on several fields. `ends`: no body follows. Then one of is_malformed, status and
 * the whole request is set. */
void h2_head_conclude(h2_head *head, bool ends);
/** Reads a Priority field (RFC 9218 section 4); what is not in it keeps its value. */
void h2_priority_read(tern_str value, uint8_t *urgency, bool *is_incremental);

#endif
