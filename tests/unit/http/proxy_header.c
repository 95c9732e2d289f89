#include "http/proxy_header.h"

#include "base/mem.h"
#include "check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/** A piece of bytes that may hold NULs. */
typedef struct bytes {
    const char *data;
    size_t len;
} bytes;
#define BYTES(literal)                                                                                       \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }

/** "bad", "more", or the length and the peer of a header. */
static const char *result_of(const char *data, size_t len)
{
    static char text[128];
    char address[INET6_ADDRSTRLEN] = "own";
    char *exact = mem_alloc(len + 1); /* AddressSanitizer sees a read beyond it */
    CHECK(exact != NULL);
    memcpy(exact + 1, data, len);
    proxy_header h;
    proxy_result result = proxy_header_read(exact + 1, len, &h);
    mem_free(exact);
    if (result != PROXY_DONE)
        return result == PROXY_BAD ? "bad" : "more";
    CHECK(h.len <= len);
    if (h.peer.family == AF_INET || h.peer.family == AF_INET6)
        inet_ntop(h.peer.family, h.peer.address, address, sizeof address);
    else if (h.peer.family == AF_UNIX)
        strcpy(address, "unix");
    snprintf(text, sizeof text, "%zu %s %u", h.len, address, h.peer.port);
    return text;
}

typedef struct row {
    bytes input;
    const char *result;
} row;

/** Checks each row, and that every beginning of a good header asks for more, and that what follows is not looked
 * at. */
static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bytes in = rows[i].input;
        CHECK_TEXT(result_of(in.data, in.len), rows[i].result);
        if (strcmp(rows[i].result, "bad") == 0)
            continue;
        for (size_t len = 0; len < in.len; len++)
            CHECK_TEXT(result_of(in.data, len), "more");
        char longer[512];
        memcpy(longer, in.data, in.len);
        memcpy(longer + in.len, "GET / HTTP/1.1\r\n\r\n", 18);
        CHECK_TEXT(result_of(longer, in.len + 18), rows[i].result);
    }
}

TEST(proxy_lines_announce_a_client)
{
    static const row rows[] = {
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"), "42 192.0.2.1 56324"},
        {BYTES("PROXY TCP4 0.0.0.0 255.255.255.255 0 65535\r\n"), "44 0.0.0.0 0"},
        {BYTES("PROXY TCP6 2001:db8::1 ::1 65535 80\r\n"), "37 2001:db8::1 65535"},
        {BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 80\r\n"), "38 ::ffff:192.0.2.1 1"},
        {BYTES("PROXY UNKNOWN\r\n"), "15 own 0"},
        {BYTES("PROXY UNKNOWN ffff:f...f ffff:f...f 65535 65535\r\n"), "49 own 0"},
        {BYTES(
             "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
             "65535\r\n"),
         "104 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

TEST(threat_027_proxy_lines_that_are_wrong_are_refused)
{
    static const row rows[] = {
        {BYTES("GET / HTTP/1.1\r\n"), "bad"},
        {BYTES("proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1  2\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1\r\n"), "bad"},
        {BYTES("PROXY TCP4\r\n"), "bad"},
        {BYTES("PROXY \r\n"), "bad"},
        {BYTES("PROXY\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1\t192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP4 ::1 ::1 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n"), "bad"},
        {BYTES("PROXY UNKNOWN\0\r\n"), "bad"},
        {BYTES("PROXY UNKNOWNX\r\n"), "bad"},
        {BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\rX\r\n"), "bad"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

TEST(threat_027_proxy_lines_have_107_bytes_at_most)
{
    char line[128] = "PROXY UNKNOWN ";
    memset(line + 14, 'x', sizeof line - 14);
    memcpy(line + 105, "\r\n", 2);
    CHECK_TEXT(result_of(line, 107), "107 own 0");
    memset(line + 105, 'x', 2);
    CHECK_TEXT(result_of(line, 106), "more");
    CHECK_TEXT(result_of(line, 107), "bad");
    memcpy(line + 106, "\r\n", 2);
    CHECK_TEXT(result_of(line, 108), "bad");
}

TEST(proxy_headers_announce_a_client)
{
    static const row rows[] = {
        {BYTES(SIGNATURE "\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb"), "28 192.0.2.1 56324"},
        {BYTES(SIGNATURE "\x21\x12\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb"), "28 192.0.2.1 56324"},
        {BYTES(SIGNATURE
               "\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
               "\x01\0\x50\x01\xbb"),
         "52 2001:db8::1 80"},
        {BYTES(SIGNATURE "\x20\0\0\0"), "16 own 0"},       /* LOCAL */
        {BYTES(SIGNATURE "\x20\x11\0\x02xy"), "18 own 0"}, /* LOCAL: the rest says nothing */
        {BYTES(SIGNATURE "\x21\0\0\0"), "16 own 0"},       /* UNSPEC */
        {BYTES(SIGNATURE "\x21\0\0\x05\xff\xff\xff\xff\xff"), "21 own 0"},
        {BYTES(SIGNATURE "\x21\x11\0\x13\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb\x04\0\x04pad!"),
         "35 192.0.2.1 56324"}, /* a TLV */
        {BYTES(SIGNATURE "\x21\x11\0\x0f\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb\x04\0\0"),
         "31 192.0.2.1 56324"}, /* an empty one */
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

TEST(proxy_headers_announce_a_client_of_a_unix_socket)
{
    char header[16 + 216] = SIGNATURE "\x21\x31\0\xd8/run/client.sock";
    CHECK_TEXT(result_of(header, sizeof header), "232 unix 0");
    CHECK_TEXT(result_of(header, sizeof header - 1), "more");
}

TEST(threat_027_proxy_headers_that_are_wrong_are_refused)
{
    static const row rows[] = {
        {BYTES(SIGNATURE "\x11"), "bad"}, /* version 1 in binary */
        {BYTES(SIGNATURE "\x31"), "bad"},
        {BYTES(SIGNATURE "\x22"), "bad"}, /* a command that is not known */
        {BYTES(SIGNATURE "\x2f\0\0\0"), "bad"},
        {BYTES("\r\n\r\n\0\r\nQUIT\r"), "bad"},
        {BYTES("\r\n\r\nX"), "bad"},
        {BYTES(SIGNATURE "\x21\x41\0\0"), "bad"}, /* families and protocols that are not known */
        {BYTES(SIGNATURE "\x21\x13\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb"), "bad"},
        {BYTES(SIGNATURE "\x21\x10\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb"), "bad"},
        {BYTES(SIGNATURE "\x21\x01\0\0"), "bad"},
        {BYTES(SIGNATURE "\x21\x11\0\0"), "bad"}, /* too short for its addresses */
        {BYTES(SIGNATURE "\x21\x11\0\x0b\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01"), "bad"},
        {BYTES(SIGNATURE "\x21\x21\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb"), "bad"},
        {BYTES(SIGNATURE "\x21\x31\0\x02/a"), "bad"},
        {BYTES(SIGNATURE "\x21\x11\0\x0d\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb\x04"),
         "bad"}, /* half a TLV */
        {BYTES(SIGNATURE "\x21\x11\0\x0f\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb\x04\0\x01"), "bad"},
        {BYTES(SIGNATURE "\x21\x11\0\x0f\xc0\0\x02\x01\xc0\0\x02\x02\xdc\x04\x01\xbb\x04\xff\xff"), "bad"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

TEST(threat_027_proxy_headers_have_4096_bytes_at_most)
{
    static char header[PROXY_HEADER_MAX] = SIGNATURE "\x21\0\x0f\xf0";
    CHECK_TEXT(result_of(header, sizeof header), "4096 own 0");
    CHECK_TEXT(result_of(header, sizeof header - 1), "more");
    header[15] = '\xf1';
    CHECK_TEXT(result_of(header, 16), "bad");
    header[14] = header[15] = '\xff';
    CHECK_TEXT(result_of(header, 16), "bad");
    header[12] = '\x20'; /* of LOCAL, too */
    CHECK_TEXT(result_of(header, 16), "bad");
}
