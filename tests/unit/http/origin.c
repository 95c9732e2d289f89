#include "http/origin.h"

#include "check.h"

#include <string.h>

static tern_str str(const char *text)
{
    return (tern_str){text, strlen(text)};
}

static bool admits(const char *listed, const char *text)
{
    origin_pattern pattern;
    http_origin origin;
    char reason[256];
    if (!origin_pattern_read(str(listed), &pattern, reason, sizeof reason))
        check_fail(__FILE__, __LINE__, "%s: %s", listed, reason);
    return origin_read(str(text), &origin) && origin_pattern_admits(&pattern, &origin);
}

TEST(origins_admit_themselves_and_no_other)
{
    static const char *const others[] = {
        "http://example.org",
        "https://example.org:8443",
        "https://www.example.org",
        "https://example.org.evil",
        "https://evilexample.org",
        "https://example.orgx",
        "https://example.or",
        "https://example.org@evil",
        "https://example.org/",
        "https://EXAMPLE.org",
        "https://example.org.",
        "https://example.org:443",
        "https://evil/example.org",
        "null",
        "",
        "https://",
        "example.org",
        "https://example.org https://evil",
    };
    CHECK(admits("https://example.org", "https://example.org"));
    CHECK(admits("https://example.org:8443", "https://example.org:8443"));
    CHECK(admits("http://[::1]:3000", "http://[::1]:3000"));
    CHECK(admits("chrome-extension://abcdef", "chrome-extension://abcdef"));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (admits("https://example.org", others[i]))
            check_fail(__FILE__, __LINE__, "%s was admitted", others[i]);
}

TEST(threat_097_origins_of_sub_domains_end_with_a_dot_and_the_domain)
{
    static const char *const others[] = {
        "https://example.com",        "https://evilexample.com",    "https://.example.com",
        "https://a.example.com.evil", "https://a.example.com:8443", "http://a.example.com",
        "https://a..example.com",     "https://a.example.comx",     "https://evil#.example.com",
        "https://evil?.example.com",  "https://a_b@x.example.com",  "https://%61.example.com",
    };
    static const char *const lists[] = {"https://.example.com", "https://*.example.com"};
    for (size_t l = 0; l < 2; l++) {
        CHECK(admits(lists[l], "https://a.example.com"));
        CHECK(admits(lists[l], "https://a.b.example.com"));
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            if (admits(lists[l], others[i]))
                check_fail(__FILE__, __LINE__, "%s was admitted", others[i]);
    }
}

TEST(origins_with_any_port_admit_every_one)
{
    CHECK(admits("http://localhost:*", "http://localhost"));
    CHECK(admits("http://localhost:*", "http://localhost:3000"));
    CHECK(!admits("http://localhost:*", "http://localhost.evil:3000"));
    CHECK(!admits("http://localhost:*", "http://localhost:99999"));
    CHECK(!admits("http://localhost:*", "http://localhost:03000"));
    CHECK(admits("https://.example.com:*", "https://a.example.com:1"));
}

TEST(origins_in_lists_with_a_mistake_are_refused_with_what_to_write)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        {"null", "every sandboxed page and file has this origin; name the pages' own"},
        {"*", "it is every origin; name those that you mean"},
        {"example.org", "write its scheme, like https://example.org"},
        {"https://example.org/", "browsers send it as https://example.org"},
        {"https://example.org/path", "browsers send it as https://example.org"},
        {"https://example.org:443", "browsers send it as https://example.org"},
        {"https://Example.org",
         "write scheme://host or scheme://host:port in lower case, like https://example.org"},
        {"https://exa*mple.org", "a * is the first label of the host, or the port, and nothing else"},
        {"https://*", "a * is the first label of the host, or the port, and nothing else"},
        {"https://a.*.org", "a * is the first label of the host, or the port, and nothing else"},
        {"https://.com", "it is every host of a top-level domain; name a domain"},
        {"https://", "write scheme://host or scheme://host:port in lower case, like https://example.org"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        origin_pattern pattern;
        char reason[256] = "";
        CHECK(!origin_pattern_read(str(cases[i].text), &pattern, reason, sizeof reason));
        CHECK_TEXT(reason, cases[i].reason);
    }
}

TEST(origins_are_of_a_host_with_their_port)
{
    static const struct {
        const char *origin, *host;
        bool is_of_host;
    } cases[] = {
        {"https://example.org", "example.org", true},
        {"https://example.org", "EXAMPLE.org", true},
        {"https://example.org", "example.org:443", true},
        {"https://example.org", "example.org:80", false},
        {"http://example.org", "example.org", true},
        {"http://localhost:3000", "localhost:3000", true},
        {"http://localhost:3000", "localhost", false},
        {"http://localhost", "localhost:3000", false},
        {"https://evil.org", "example.org", false},
        {"http://[::1]:80x", "[::1]", false},
        {"http://[::1]", "[::1]:80", true},
        {"https://example.org", "", false},
        {"https://example.org.evil", "example.org", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        http_origin origin;
        bool seen =
            origin_read(str(cases[i].origin), &origin) && origin_is_of_host(&origin, str(cases[i].host));
        if (seen != cases[i].is_of_host)
            check_fail(__FILE__, __LINE__, "%s and %s", cases[i].origin, cases[i].host);
    }
}
