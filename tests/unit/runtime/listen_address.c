#include "runtime/listen_address.h"

#include "check.h"

#include <string.h>

/** The address as listen_address_print writes it, or why it is refused. */
static const char *read_and_print(const char *text)
{
    static char out[LISTEN_TEXT_BYTES];
    listen_address address;
    if (listen_address_read(text, strlen(text), &address, out, sizeof out))
        listen_address_print(&address, out);
    return out;
}

typedef struct row {
    const char *text, *result;
} row;

static void check_rows(const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_TEXT(read_and_print(rows[i].text), rows[i].result);
}

TEST(listen_addresses_are_read_as_an_operator_writes_them)
{
    static const row rows[] = {
        {"http://127.0.0.1:8000", "http://127.0.0.1:8000"},
        {"http://127.0.0.1:8000/", "http://127.0.0.1:8000"},
        {"HTTP://Example.org:80", "http://Example.org:80"},
        {"https://0.0.0.0:8443", "https://0.0.0.0:8443"},
        {"http://[::]:0", "http://[::]:0"},
        {"https://[::1]:65535", "https://[::1]:65535"},
        {"http://[fe80::1%eth0]:8000", "http://[fe80::1%eth0]:8000"},
        {"unix:/run/app.sock", "unix:/run/app.sock"},
        {"unix:relative", "unix:relative"},
        {"unix:/run/a b.sock", "unix:/run/a b.sock"},
        {"systemd", "systemd"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

TEST(listen_addresses_with_a_mistake_are_refused_with_what_to_write)
{
    static const char scheme[] = "write http://HOST:PORT, https://HOST:PORT, unix:/PATH or systemd";
    static const char no_host[] = "it has no host; 0.0.0.0 is every IPv4 interface, [::] every interface";
    static const char character[] = "its host has a character that names and addresses can't have";
    static const char no_port[] = "it has no port, as in http://localhost:8000";
    static const char bad_port[] = "its port is not a number from 0 to 65535";
    static const row rows[] = {
        {"", scheme},
        {"8000", scheme},
        {"localhost:8000", scheme},
        {"127.0.0.1", scheme},
        {"ftp://127.0.0.1:21", scheme},
        {"http:/127.0.0.1:80", scheme},
        {"http:127.0.0.1:80", scheme},
        {"systemd:x", scheme},
        {"fd://3", scheme},
        {"http://", no_host},
        {"http:///", no_host},
        {"http://:8000", no_host},
        {"http://[]:8000", no_host},
        {"http://localhost", no_port},
        {"http://[::1]", no_port},
        {"http://[::1]8000", no_port},
        {"http://localhost:", bad_port},
        {"http://localhost:http", bad_port},
        {"http://localhost:-1", bad_port},
        {"http://localhost:+80", bad_port},
        {"http://localhost:65536", bad_port},
        {"http://localhost:99999999999999999999999", bad_port},
        {"http://localhost:80 ", bad_port},
        {"http://localhost:8000/app", "nothing may follow its port"},
        {"http://localhost:8000?a=b", bad_port},
        {"http://::1:8000", "an IPv6 address needs brackets, like http://[::1]:8000"},
        {"http://[::1:8000", "an IPv6 address needs brackets, like http://[::1]:8000"},
        {"http://user@localhost:80", character},
        {"http://a b:80", character},
        {"http://\xc3\xa4:80", character},
        {"http://[[::1]]:80", character},
        {"unix:", "the path must have 1 to 107 bytes"},
        {"unix:/run/a\nb", "the path has a control character"},
    };
    check_rows(rows, sizeof rows / sizeof *rows);
}

TEST(listen_addresses_have_limits_of_their_length)
{
    char text[512] = "unix:/";
    memset(text + 6, 'a', 106);
    CHECK_TEXT(read_and_print(text), text);
    strcat(text, "a");
    CHECK_TEXT(read_and_print(text), "the path must have 1 to 107 bytes");
    memset(text, 0, sizeof text);
    strcpy(text, "http://");
    memset(text + 7, 'a', 253);
    strcat(text, ":65535");
    CHECK_TEXT(read_and_print(text), text);
    memset(text + 7, 'a', 254);
    strcpy(text + 7 + 254, ":65535");
    CHECK_TEXT(read_and_print(text), "its host is longer than 253 bytes");
}

TEST(listen_address_of_a_host_takes_it_with_or_without_brackets)
{
    static const struct {
        const char *host, *url;
    } rows[] = {{"127.0.0.1", "http://127.0.0.1:80"},
                {"::1", "http://[::1]:80"},
                {"[::1]", "http://[::1]:80"},
                {"example.org", "http://example.org:80"},
                {"unix:/run/a", "unix:/run/a"}};
    char reason[128], url[LISTEN_TEXT_BYTES];
    listen_address address;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK(listen_address_from_host(rows[i].host, 80, &address, reason, sizeof reason));
        listen_address_print(&address, url);
        CHECK_TEXT(url, rows[i].url);
    }
    CHECK(!listen_address_from_host("", 80, &address, reason, sizeof reason));
    CHECK(!listen_address_from_host("http://a", 80, &address, reason, sizeof reason));
}

TEST(listen_addresses_are_the_same_by_host_and_port_but_for_free_ports)
{
    static const struct {
        const char *a, *b;
        bool is_same;
    } rows[] = {{"http://a:80", "http://a:80", true},
                {"http://a:80", "http://A:80", true},
                {"http://a:80", "https://a:80", true},
                {"http://a:80", "http://a:81", false},
                {"http://a:0", "http://a:0", false},
                {"http://a:80", "http://b:80", false},
                {"unix:/a", "unix:/a", true},
                {"unix:/a", "unix:/A", false},
                {"systemd", "systemd", true},
                {"systemd", "unix:/a", false},
                {"http://[::1]:80", "http://[::]:80", false}};
    char reason[128];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        listen_address a, b;
        CHECK(listen_address_read(rows[i].a, strlen(rows[i].a), &a, reason, sizeof reason));
        CHECK(listen_address_read(rows[i].b, strlen(rows[i].b), &b, reason, sizeof reason));
        CHECK_INT(listen_address_is_same(&a, &b), rows[i].is_same);
    }
}
