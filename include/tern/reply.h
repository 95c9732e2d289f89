/** Replies: what a handler returns. */
#ifndef TERN_REPLY_H
#define TERN_REPLY_H

#ifdef __cplusplus
#error "handlers are written in C, which skips destructors; C++ may use tern/log.h and tern/shared.h"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tern_ctx tern_ctx;
typedef struct tern_stream tern_stream;

typedef enum tern_reply_kind { TERN_REPLY_BYTES, TERN_REPLY_FILE, TERN_REPLY_STREAM } tern_reply_kind;

/**
 * A reply on its way out. Middleware may read it, change `status`, or return another one instead.
 * Headers are the request's, not the reply's: see tern_set_header.
 */
typedef struct tern_reply {
    int status;
    tern_reply_kind kind;
    const char *type; /* Content-Type, NULL for none */
    /* TERN_REPLY_BYTES: the body; must live as long as the request. TERN_REPLY_FILE: not for middleware */
    const char *data;
    size_t len;
    void (*write)(tern_ctx *c, tern_stream *out, void *arg); /* TERN_REPLY_STREAM */
    void *arg;                                               /* of write; the file of TERN_REPLY_FILE */
} tern_reply;

/* What makes a reply only makes it: one that no `return` sends is a mistake, and the compiler says so. */
#define TERN_TO_RETURN_ __attribute__((warn_unused_result))

/** 200 with NUL-terminated UTF-8 text; the text must live as long as the request (a literal, or the
 * arena). */
tern_reply tern_text(tern_ctx *c, const char *text) TERN_TO_RETURN_;
tern_reply tern_textf(tern_ctx *c, const char *format, ...)
    __attribute__((format(printf, 2, 3))) TERN_TO_RETURN_;
tern_reply tern_html(tern_ctx *c, const char *html) TERN_TO_RETURN_;
/** 200 with JSON that is already text. */
tern_reply tern_json_text(tern_ctx *c, const char *json) TERN_TO_RETURN_;
/** 200 with any bytes. */
tern_reply tern_bytes_reply(tern_ctx *c, const char *type, const void *data, size_t len) TERN_TO_RETURN_;
/** A status with its name as text body ("404 Not Found"); 204 and 304 have no body. */
tern_reply tern_status(tern_ctx *c, int status) TERN_TO_RETURN_;
/** 204. */
tern_reply tern_no_content(tern_ctx *c) TERN_TO_RETURN_;
/** 302, or the given 3xx, to `url`, which must be visible ASCII; anything else is a 500 of the handler, and
 * logged. */
tern_reply tern_redirect(tern_ctx *c, const char *url) TERN_TO_RETURN_;
tern_reply tern_redirect_with(tern_ctx *c, int status, const char *url) TERN_TO_RETURN_;
/**
 * 200 with a regular file, sent by the kernel; Content-Type by its suffix. 404 without one.
 *
 * The reply to GET and HEAD has Last-Modified, and an ETag of the file's number, size and time of
 * modification, unless the handler has set its own. The request's conditions make it 304 or 412 (If-Match,
 * If-None-Match, If-Modified-Since, If-Unmodified-Since), and Range with If-Range make it 206 with one part,
 * 206 with several as multipart/byteranges, or 416: RFC 9110 sections 13 and 14. A Range header is passed
 * over if it is invalid, or asks for more than 16 parts or more than two overlaps: then the reply is the
 * whole file. With another status than 200 (tern_with_status) the whole file is sent.
 */
tern_reply tern_file(tern_ctx *c, const char *path) TERN_TO_RETURN_;
/** 200 whose body `write` sends piece by piece after the headers. `write` runs after the middleware; when it
 * fails the connection is closed, so that the client sees a broken reply, not a short one. */
tern_reply tern_stream_reply(tern_ctx *c, const char *type,
                             void (*write)(tern_ctx *c, tern_stream *out, void *arg),
                             void *arg) TERN_TO_RETURN_;
/** Sends bytes of a stream, waiting while the client is slow; leaves the handler when it is gone. */
void tern_stream_write(tern_stream *out, const void *data, size_t len);
void tern_stream_printf(tern_stream *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Sends now what has been written so far. */
void tern_stream_flush(tern_stream *out);

/** What a filter of a stream does with its bytes; it sends what it makes of them to `next`. */
typedef struct tern_stream_filter {
    void (*write)(tern_ctx *c, tern_stream *next, const void *data, size_t len, void *arg);
    void (*flush)(tern_ctx *c, tern_stream *next,
                  void *arg); /* before the flush of `next`; NULL: nothing to send */
    void (*end)(tern_ctx *c, tern_stream *next,
                void *arg); /* after the last byte of a whole stream; may be NULL */
    void *arg;
} tern_stream_filter;
/** The streamed `reply` with its bytes passed through a copy of `filter`: for middleware that compresses, counts or
 * changes them. Several filters are nested like the middleware that adds them. Functions of a filter run where the
 * stream's do and may fail like them. A reply that is not a stream is returned unchanged. */
tern_reply tern_filter_stream(tern_ctx *c, tern_reply reply,
                              const tern_stream_filter *filter) TERN_TO_RETURN_;
/** A reply that is a file, as one whose bytes middleware can read or change: up to 256 KiB in memory, a larger file as a
 * stream. The headers, conditions and failures of the file are those of tern_file, but for ranges; so the result may be
 * a 304 or a problem. Other replies are returned unchanged. */
tern_reply tern_read_file(tern_ctx *c, tern_reply reply) TERN_TO_RETURN_;

/**
 * Announces that a field follows the body of the stream that the handler will return, such as a checksum:
 * adds the header `Trailer: name`. False, with nothing announced, if the client does not accept trailers (it
 * sends `TE: trailers` in HTTP/1.1 or later), so that a handler may skip the work of computing the value;
 * and, with a warning in the log, if a trailer cannot have this name. RFC 9110 section 6.5.
 */
bool tern_reply_trailer(tern_ctx *c, const char *name);
/**
 * Sets a field that is sent after the stream's last byte, announced or not. Name and value are copied. False
 * if the client does not accept trailers: the field is then dropped. Also false, with a warning in the log, if
 * the value has control characters, or if the name is one that clients need before the body: of framing,
 * routing, authentication, caching, or of the content itself (Content-Length, Host, Set-Cookie,
 * Content-Type...). At most 32 fields, which with their values fit into a block of the size of a head
 * (--max-head). A stream that fails has no trailers.
 */
bool tern_stream_trailer(tern_stream *out, const char *name, const char *value);

/** The name of a status: "Not Found"; "Unknown" for one without. */
const char *tern_status_text(int status);
/** Whether a reply has no body, or only the one of tern_status. For middleware. */
bool tern_is_bare(const tern_reply *reply);
/** A copy of `text` that is text within HTML, also within a quoted attribute: &, <, >, " and ' as entities.
 * In the request's memory. */
const char *tern_escape_html(tern_ctx *c, const char *text);

/** Gives `reply` another status: `return tern_with_status(tern_text(c, "made"), 201)`. */
tern_reply tern_with_status(tern_reply reply, int status);

/**
 * Sets a header of the reply, replacing one of the same name; tern_add_header keeps it. Name and value are
 * copied. A name that is not a token, or a value with CR, LF or NUL, is refused: false, nothing set, and a
 * warning in the log. Content-Length, Transfer-Encoding, Connection and Date are the server's own and refused
 * too.
 */
bool tern_set_header(tern_ctx *c, const char *name, const char *value);
bool tern_add_header(tern_ctx *c, const char *name, const char *value);
/** Adds the name of a request header, or several with commas, to the reply's one line of Vary, unless that has it or "*"
 * already: caches then keep one reply for each of its values. tern_add_header(c, "Vary", ...) does the same. */
void tern_vary(tern_ctx *c, const char *header);
/** The reply's header set so far, or NULL. */
const char *tern_reply_header(tern_ctx *c, const char *name);
/** The nth (from 0) of the reply's headers set so far; false after the last one. Setting a header may change
 * the order. */
bool tern_reply_header_at(tern_ctx *c, unsigned nth, const char **name, const char **value);
/** Takes the reply's headers of that name back; false when there is none. */
bool tern_remove_reply_header(tern_ctx *c, const char *name);

/**
 * Sends Link headers ahead of a slow reply, so that a browser can load what the page needs
 * meanwhile, as 103 (Early Hints), RFC 8297: `tern_early_hints(c, "</style.css>; rel=preload; as=style")`.
 * The headers are also added to the reply itself.
 *
 * Some HTTP/1.1 clients, and proxies such as nginx before 1.29, take a 103 for the reply. Over HTTP/1.1 it is
 * therefore sent only to browsers that open a page (`Sec-Fetch-Mode: navigate`), or as --early-hints says;
 * never over HTTP/1.0. It may be called up to 8 times, with up to 32 links, before the handler returns.
 *
 * @return whether a 103 was sent. False also if a link has control characters: then there is a warning in the
 * log.
 */
#define tern_early_hints(c, ...) tern_early_hints_with(c, (const char *const[]){__VA_ARGS__, NULL})
bool tern_early_hints_with(tern_ctx *c, const char *const *links);

/**
 * Sets the reply's ETag to `version` in quotes: a text that differs whenever the content does, such as a
 * row's version or a hash. False, nothing set, and a warning in the log, if it has a space, a quote or a
 * control character.
 */
bool tern_set_etag(tern_ctx *c, const char *version);
/** A version for tern_set_etag: 16 hex digits, a hash of these bytes. It is the same in all workers, on all machines and
 * after any restart. In the request's memory. */
const char *tern_version_of(tern_ctx *c, const void *data, size_t len);
/**
 * Whether the client already has the content that the ETag and Last-Modified headers set so far describe
 * (If-None-Match, If-Modified-Since of a GET, HEAD or QUERY); then `return tern_status(c, 304)`, before the work of
 * making it. Ends the handler with 412 if If-Match or If-Unmodified-Since asks for another version: RFC 9110
 * section 13.2.2.
 */
bool tern_is_not_modified(tern_ctx *c);
/** For handlers that change what the ETag set so far names: ends the handler with 412 if the request's
 * conditions (If-Match, If-None-Match, If-Unmodified-Since) do not hold. */
void tern_need_match(tern_ctx *c);
/**
 * For handlers that change a thing whose version is `version`, before they do: `tern_check_etag(c, "7")`. Ends the handler
 * with 412 if the request's conditions do not hold for it (If-Match, If-None-Match), and with 428 if the route has
 * `.need_if_match` and the request has no If-Match. As tern_need_match, but nothing has to be set and no header stays.
 */
void tern_check_etag(tern_ctx *c, const char *version);
/** A 200 reply to GET, HEAD or QUERY, or the 304 or 412 that the request's conditions make of it by the ETag and
 * Last-Modified headers set so far. Other replies, and files, which do this themselves, are returned
 * unchanged. */
tern_reply tern_conditional(tern_ctx *c, tern_reply reply) TERN_TO_RETURN_;

typedef struct tern_cookie_options {
    const char *path;      /* default "/" */
    const char *domain;    /* default: this host only */
    long max_age_s;        /* 0: until the browser closes; negative: delete it */
    const char *same_site; /* default "Lax" */
    bool secure;           /* only over TLS */
    bool script_readable;  /* default: HttpOnly */
} tern_cookie_options;

bool tern_set_cookie_with(tern_ctx *c, const char *name, const char *value,
                          const tern_cookie_options *options);
/** Sets a cookie; false, with a warning in the log, when RFC 6265bis does not allow it. */
#define tern_set_cookie(c, name, value, ...)                                                                 \
    tern_set_cookie_with(c, name, value, &(tern_cookie_options){__VA_ARGS__})

#endif
