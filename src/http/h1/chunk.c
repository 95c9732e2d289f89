/*
 * Hot path: bodies pass here. Data moves in one memmove a chunk; only the lines between chunks go byte by
 * byte.
 */
#include "http/h1/chunk.h"

#include "base/text.h"
#include "http/scan/scan.h"

#include <string.h>

enum { SIZE_DIGITS = 16 };

typedef enum state {
    SIZE,      /* the zero state */
    EXTENSION, /* after ';', and white space */
    EXTENSION_NAME,
    EXTENSION_NAMED, /* after white space that follows the name */
    EXTENSION_EQUALS,
    EXTENSION_VALUE,
    EXTENSION_QUOTED,
    EXTENSION_ESCAPE,
    EXTENSION_CLOSED, /* after a closing quote */
    EXTENSION_SPACE,  /* after white space that follows a value */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    LINE_START, /* of a trailer line or of the empty line */
    NAME,
    VALUE,
    VALUE_LF,
    LAST_LF,
    DONE,
    FAILED,
} state;

static void fail(h1_chunk *c, int status, const char *reason)
{
    c->state = FAILED;
    c->status = status;
    c->reason = reason;
}

/** Leaves the digits of a chunk size: at ';' or at the line's end. */
static void size_known(h1_chunk *c, const h1_chunk_limits *limits, state next)
{
    if (c->left > limits->body_bytes - c->decoded)
        fail(c, 413, "the body is too large");
    else
        c->state = (uint8_t)next;
}

static void size_line_byte(h1_chunk *c, const h1_chunk_limits *limits, char byte)
{
    int digit = text_hex_value(byte);
    c->line_bytes++;
    if (c->line_bytes / 16 > (uint64_t)limits->overhead_bytes + c->decoded / 4)
        fail(c, 400, "too much around the chunks");
    else if (digit >= 0 && c->digits == SIZE_DIGITS)
        fail(c, 400, "a chunk size has too many digits");
    else if (digit >= 0) {
        c->left = c->left << 4 | (unsigned)digit;
        c->digits++;
    } else if (c->digits == 0)
        fail(c, 400, "a chunk size is malformed");
    else if (byte == ';')
        size_known(c, limits, EXTENSION);
    else if (byte == '\r')
        size_known(c, limits, SIZE_LF);
    else
        fail(c, 400, "a chunk size is malformed");
}

/** What follows an extension's name or value at `byte`; FAILED: it does not end there. */
static state after_word(char byte, bool is_name)
{
    if (byte == ' ' || byte == '\t')
        return is_name ? EXTENSION_NAMED : EXTENSION_SPACE;
    if (byte == '=')
        return is_name ? EXTENSION_EQUALS : FAILED;
    return byte == ';' ? EXTENSION : byte == '\r' ? SIZE_LF : FAILED;
}

/** White space is taken where the grammar knows it (BWS): around ';' and '=', not before the line's end. */
static state next_in_extension(state now, char byte)
{
    bool is_space = byte == ' ' || byte == '\t', is_token = scan_is(SCAN_TOKEN, byte);
    switch (now) {
    case EXTENSION:
        return is_space ? EXTENSION : is_token ? EXTENSION_NAME : FAILED;
    case EXTENSION_NAME:
        return is_token ? EXTENSION_NAME : after_word(byte, true);
    case EXTENSION_NAMED:
        return byte == '\r' ? FAILED : after_word(byte, true);
    case EXTENSION_EQUALS:
        return is_space      ? EXTENSION_EQUALS
               : byte == '"' ? EXTENSION_QUOTED
               : is_token    ? EXTENSION_VALUE
                             : FAILED;
    case EXTENSION_VALUE:
        return is_token ? EXTENSION_VALUE : after_word(byte, false);
    case EXTENSION_QUOTED:
        return byte == '"' ? EXTENSION_CLOSED : byte == '\\' ? EXTENSION_ESCAPE : EXTENSION_QUOTED;
    case EXTENSION_ESCAPE:
        return EXTENSION_QUOTED;
    case EXTENSION_CLOSED:
        return after_word(byte, false);
    default:
        return byte == '\r' ? FAILED : after_word(byte, false);
    }
}

/** Extensions are of no use to anybody, but only those of the grammar are passed over (RFC 9112
 * section 7.1.1): servers disagree about where others end. */
static void extension_byte(h1_chunk *c, const h1_chunk_limits *limits, char byte)
{
    bool is_last = byte == '\r' && c->state != EXTENSION_QUOTED && c->state != EXTENSION_ESCAPE;
    if (!is_last && !scan_is(SCAN_FIELD_VALUE, byte)) {
        fail(c, 400, "a chunk extension has a control byte");
        return;
    }
    if (!is_last && c->overhead == limits->overhead_bytes) {
        fail(c, 400, "chunk extensions are too long");
        return;
    }
    c->overhead += !is_last;
    state next = next_in_extension((state)c->state, byte);
    if (next == FAILED)
        fail(c, 400, "a chunk extension is malformed");
    else
        c->state = (uint8_t)next;
}

static void trailer_byte(h1_chunk *c, const h1_chunk_limits *limits, char byte)
{
    if (c->state == LINE_START && byte == '\r') {
        c->state = LAST_LF;
        return;
    }
    size_t bytes = byte == '\r' ? 2 : 1; /* its line feed is counted with it */
    if (bytes > limits->trailer_bytes - c->trailer_bytes) {
        fail(c, 431, "the trailer is too large");
        return;
    }
    c->trailer_bytes += bytes;
    bool is_name = scan_is(SCAN_TOKEN, byte);
    bool is_value = scan_is(SCAN_FIELD_VALUE, byte);
    if (c->state != VALUE && is_name)
        c->state = NAME;
    else if (c->state == NAME && byte == ':')
        c->state = VALUE;
    else if (c->state != VALUE)
        fail(c, 400, "a trailer field's name is malformed");
    else if (byte == '\r')
        c->state = VALUE_LF;
    else if (!is_value)
        fail(c, 400, "a trailer field has a control byte");
}

/** A byte that must be CR or LF; `next` follows it. */
static void line_end_byte(h1_chunk *c, char byte, char want, state next)
{
    if (byte == want)
        c->state = (uint8_t)next;
    else
        fail(c, 400, "a line of the chunked body does not end in CR LF");
}

static void between_chunks(h1_chunk *c, const h1_chunk_limits *limits, char byte)
{
    switch ((state)c->state) {
    case EXTENSION:
    case EXTENSION_NAME:
    case EXTENSION_NAMED:
    case EXTENSION_EQUALS:
    case EXTENSION_VALUE:
    case EXTENSION_QUOTED:
    case EXTENSION_ESCAPE:
    case EXTENSION_CLOSED:
    case EXTENSION_SPACE:
        extension_byte(c, limits, byte);
        break;
    case SIZE_LF:
        line_end_byte(c, byte, '\n', c->left == 0 ? LINE_START : DATA);
        break;
    case DATA_CR:
        line_end_byte(c, byte, '\r', DATA_LF);
        break;
    case DATA_LF:
        line_end_byte(c, byte, '\n', SIZE);
        c->digits = 0;
        break;
    case VALUE_LF:
        line_end_byte(c, byte, '\n', LINE_START);
        break;
    case LAST_LF:
        line_end_byte(c, byte, '\n', DONE);
        break;
    case LINE_START:
    case NAME:
    case VALUE:
        trailer_byte(c, limits, byte);
        break;
    default:
        size_line_byte(c, limits, byte);
    }
}

h1_chunk_result h1_chunk_decode(h1_chunk *c, const h1_chunk_limits *limits, char *data, size_t *len,
                                size_t *used)
{
    char *out = data, *at = data, *end = data + *len;
    while (at != end && c->state < DONE) {
        if (c->state == DATA) {
            size_t n = (size_t)(end - at) < c->left ? (size_t)(end - at) : (size_t)c->left;
            if (out != at)
                memmove(out, at, n);
            out += n;
            at += n;
            c->decoded += n;
            c->left -= n;
            if (c->left == 0)
                c->state = DATA_CR;
        } else {
            between_chunks(c, limits, *at);
            at++;
        }
    }
    *len = (size_t)(out - data);
    *used = (size_t)(at - data);
    if (c->state == FAILED)
        return H1_CHUNK_ERROR;
    return c->state == DONE ? H1_CHUNK_END : H1_CHUNK_MORE;
}
