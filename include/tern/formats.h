/** Bodies in binary formats besides JSON. */
#ifndef TERN_FORMATS_H
#define TERN_FORMATS_H

#ifdef __cplusplus
#error "handlers are written in C, which skips destructors; C++ may use tern/log.h and tern/shared.h"
#endif

typedef struct tern_app tern_app; /* tern/app.h */

enum {
    TERN_MSGPACK = 1, /* application/msgpack, application/vnd.msgpack, application/x-msgpack */
    TERN_CBOR = 2     /* application/cbor, RFC 8949 */
};

/**
 * Lets clients send and receive every model in these formats too: tern_formats(app, TERN_MSGPACK | TERN_CBOR).
 *
 * A request's Content-Type says what its body is; faults, limits and status codes are those of JSON. A reply of JSON
 * is sent in the format that Accept likes best, JSON if it likes none better, with `Vary: Accept`. Problems stay JSON. The
 * OpenAPI document has the formats as further media types. Call it before tern_run.
 *
 * In a body, tern_bytes are a byte string, a tern_datetime is a timestamp (MessagePack's own, CBOR's tag 0), and in CBOR a
 * tern_uuid is tag 37, a tern_date tag 1004 and a tern_decimal tag 4. Everything else is as in JSON: docs/bodies.md.
 */
void tern_formats(tern_app *app, unsigned formats);

#endif
