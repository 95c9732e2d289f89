#include "http/proxy_header.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

static const char line_begin[] = "PROXY ";
static const unsigned char signature[] = "\r\n\r\n\0\r\nQUIT\n";

enum {
    SIGNATURE_BYTES = sizeof signature - 1,
    FIXED_BYTES = SIGNATURE_BYTES + 4, /* and version, command, family, length */
    LINE_BEGIN_BYTES = sizeof line_begin - 1
};

/* -- version 1 -- */

/** The words of a line that is being read. */
typedef struct line_words {
    const char *at, *end; /* what is left, up to the CR */
} line_words;

/** Takes the next word, which is ended by one space or by the end of the line. */
static bool take_word(line_words *words, char *out, size_t size)
{
    const char *space = memchr(words->at, ' ', (size_t)(words->end - words->at));
    const char *end = space != NULL ? space : words->end;
    size_t len = (size_t)(end - words->at);
    if (len == 0 || len >= size)
        return false;
    memcpy(out, words->at, len);
    out[len] = '\0';
    words->at = space != NULL ? space + 1 : words->end;
    return space == NULL || words->at < words->end;
}

static bool take_address(line_words *words, int family, uint8_t address[16])
{
    char text[INET6_ADDRSTRLEN];
    return take_word(words, text, sizeof text) && inet_pton(family, text, address) == 1;
}

/** A number without leading zeros (section 2.1). */
static bool take_port(line_words *words, uint16_t *port)
{
    char text[6];
    uint64_t number;
    if (!take_word(words, text, sizeof text) || (text[0] == '0' && text[1] != '\0') ||
        !text_get_u64(text, strlen(text), &number) || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

/** What follows "PROXY ". */
static proxy_result read_words(line_words words, proxy_header *out)
{
    char protocol[8];
    uint8_t own_address[16];
    uint16_t own_port;
    if (!take_word(&words, protocol, sizeof protocol))
        return PROXY_BAD;
    if (strcmp(protocol, "UNKNOWN") == 0) /* the rest of the line says nothing */
        return PROXY_DONE;
    int family = strcmp(protocol, "TCP4") == 0   ? AF_INET
                 : strcmp(protocol, "TCP6") == 0 ? AF_INET6
                                                 : AF_UNSPEC;
    if (family == AF_UNSPEC || !take_address(&words, family, out->peer.address) ||
        !take_address(&words, family, own_address) || !take_port(&words, &out->peer.port) ||
        words.at == words.end || !take_port(&words, &own_port) || words.at != words.end ||
        words.end[-1] == ' ')
        return PROXY_BAD;
    out->peer.family = (uint8_t)family;
    return PROXY_DONE;
}

static proxy_result read_line(const char *data, size_t len, proxy_header *out)
{
    size_t seen = len < PROXY_LINE_MAX ? len : PROXY_LINE_MAX;
    const char *feed = memchr(data, '\n', seen);
    if (feed == NULL)
        return len < PROXY_LINE_MAX ? PROXY_MORE : PROXY_BAD;
    if (feed[-1] != '\r' || memchr(data, '\0', (size_t)(feed - data)) != NULL)
        return PROXY_BAD;
    out->len = (size_t)(feed + 1 - data);
    return read_words((line_words){data + LINE_BEGIN_BYTES, feed - 1}, out);
}

/* -- version 2 -- */

static size_t get_u16(const unsigned char *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/** Whether type-length-value triples fill `len` bytes exactly (section 2.2). */
static bool are_tlvs(const unsigned char *at, size_t len)
{
    while (len >= 3) {
        size_t size = 3 + get_u16(at + 1);
        if (size > len)
            return false;
        at += size;
        len -= size;
    }
    return len == 0;
}

/** Bytes of the addresses and ports of a family; 0 for one that is not known. */
static size_t address_bytes(unsigned family)
{
    static const uint8_t sizes[] = {[0x1] = 12, [0x2] = 36, [0x3] = 216};
    return family < sizeof sizes ? sizes[family] : 0;
}

/** The client's address, of the family and protocol byte `what`; false when they are wrong. */
static bool read_peer(const unsigned char *at, size_t len, unsigned what, worker_peer *peer)
{
    unsigned family = what >> 4, protocol = what & 0xf;
    if (what == 0x00)
        return true;
    size_t size = address_bytes(family);
    if (size == 0 || protocol < 1 || protocol > 2 || len < size || !are_tlvs(at + size, len - size))
        return false;
    if (family == 0x3) {
        peer->family = AF_UNIX;
        return true;
    }
    size_t one = family == 0x1 ? 4 : 16;
    peer->family = family == 0x1 ? AF_INET : AF_INET6;
    memcpy(peer->address, at, one);
    peer->port = (uint16_t)get_u16(at + 2 * one);
    return true;
}

static proxy_result read_binary(const unsigned char *data, size_t len, proxy_header *out)
{
    enum { LOCAL = 0x20, PROXY = 0x21 };
    if (len > SIGNATURE_BYTES && data[SIGNATURE_BYTES] != LOCAL && data[SIGNATURE_BYTES] != PROXY)
        return PROXY_BAD;
    if (len < FIXED_BYTES)
        return PROXY_MORE;
    size_t rest = get_u16(data + SIGNATURE_BYTES + 2);
    out->len = FIXED_BYTES + rest;
    if (out->len > PROXY_HEADER_MAX)
        return PROXY_BAD;
    if (len < out->len)
        return PROXY_MORE;
    bool is_local =
        data[SIGNATURE_BYTES] == LOCAL; /* a health check of the proxy's own: the rest says nothing */
    return is_local || read_peer(data + FIXED_BYTES, rest, data[SIGNATURE_BYTES + 1], &out->peer) ? PROXY_DONE
                                                                                                  : PROXY_BAD;
}

proxy_result proxy_header_read(const void *data, size_t len, proxy_header *out)
{
    *out = (proxy_header){0};
    if (len == 0)
        return PROXY_MORE;
    size_t line = len < LINE_BEGIN_BYTES ? len : LINE_BEGIN_BYTES;
    size_t binary = len < SIGNATURE_BYTES ? len : SIGNATURE_BYTES;
    if (memcmp(data, line_begin, line) == 0)
        return read_line(data, len, out);
    if (memcmp(data, signature, binary) == 0)
        return read_binary(data, len, out);
    return PROXY_BAD;
}
