/**
 * What proxies that speak HTTP say of the client: Forwarded (RFC 7239), or X-Forwarded-For and its like.
 *
 * Any client can send these fields, so they count only from the peers that the operator trusts
 * (http_limits.trusted), and only those fields that the operator names: a proxy sets some of them, and passes the
 * others on as the client sent them.
 *
 * Each proxy adds what it sees at the end. The client is therefore found from the right: the addresses of trusted
 * proxies are skipped, and the first other one is the client's. What is left of it came from the client itself.
 */
#ifndef HTTP_FORWARDED_H
#define HTTP_FORWARDED_H

#include "http/exchange.h"

/** The fields that count; FORWARDED_STANDARD is Forwarded, and excludes the others. */
enum {
    FORWARDED_STANDARD = 1,
    FORWARDED_FOR = 2,   /* X-Forwarded-For */
    FORWARDED_PROTO = 4, /* X-Forwarded-Proto */
    FORWARDED_HOST = 8,  /* X-Forwarded-Host */
    FORWARDED_PORT = 16  /* X-Forwarded-Port */
};

enum { FORWARDED_HOPS_MAX = 32 /* the last ones are looked at */ };

/** One element of a Forwarded field; the data of an absent parameter is NULL. */
typedef struct forwarded_element {
    tern_str node, proto, host; /* for=, proto=, host= without quotes */
} forwarded_element;

/** An address as a proxy writes it. */
typedef struct forwarded_node {
    uint8_t family; /* AF_INET or AF_INET6 */
    uint16_t port;  /* 0: none */
    uint8_t address[16];
} forwarded_node;

/**
 * Takes the next element of a Forwarded field off `rest`; false at its end. `*is_bad` becomes true, and the field
 * ends, where it is malformed: an open quote, a parameter without '=', or one twice. What a proxy has added after an
 * open quote cannot be told from what the client wrote.
 */
bool forwarded_next(tern_str *rest, forwarded_element *out, bool *is_bad);

/** Reads "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:80"; false for all else:
 * a name, "unknown", "_hidden", an address with a zone. */
bool forwarded_node_read(tern_str text, forwarded_node *out);

/** Gives the exchange the client's address, scheme and host, if its peer is trusted and says so. False when the
 * request was refused: 400 for a malformed field. */
bool forwarded_take(http_exchange *x);

#endif
