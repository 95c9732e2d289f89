#include "acme/acme.h"
#include "acme/ca.h"

#include "base/mem.h"
#include "check.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static const tern_str one[] = {{"example.org", sizeof "example.org" - 1}};

static void check_refused(acme_config config, const char *part)
{
    buf problem = {0};
    if (config.certificates == NULL) {
        config.certificates = one;
        config.certificate_count = 1;
    }
    if (acme_check(&config, &problem))
        check_fail(__FILE__, __LINE__, "accepted, without \"%s\"", part);
    if (strstr(problem.data, part) == NULL)
        check_fail(__FILE__, __LINE__, "\"%s\": %s", part, problem.data);
    buf_free(&problem);
}

TEST(complete_settings_are_accepted)
{
    static const tern_str two[] = {{"example.org,www.example.org", sizeof "example.org,www.example.org" - 1},
                                   {"example.net", sizeof "example.net" - 1}};
    const acme_config config = {.certificates = two,
                                .certificate_count = 2,
                                .directory = "https://ca.example:14000/dir",
                                .email = "admin@example.org",
                                .eab = "kid:1:zWNDZM6eQGHWpSRTPal5eIUYFTu7EajV"};
    buf problem = {0};
    CHECK(acme_check(&config, &problem));
    CHECK_INT(problem.len, 0);
}

TEST(a_directory_that_is_not_https_is_refused)
{
    check_refused((acme_config){.directory = "http://ca.example/dir"},
                  "--acme-directory: \"http://ca.example/dir\"");
    check_refused((acme_config){.directory = "letsencrypt"}, "not a https URL");
}

TEST(an_email_that_is_not_one_address_is_refused)
{
    static const char *const cases[] = {"",         "admin", "@example.org",  "admin@",
                                        "a@b, c@d", "a b@c", "a@b?subject=x", "a@b\n"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused((acme_config){.email = cases[i]}, "not one e-mail address");
}

TEST(a_malformed_binding_is_refused_without_showing_it)
{
    static const char *const cases[] = {
        "", "kid", "kid:", ":c2VjcmV0", "kid:not base64url!", "kid:c2VjcmV0="};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused((acme_config){.eab = cases[i]}, "--acme-eab: this is not KID:HMACKEY");
}

TEST(two_certificates_with_one_first_name_are_refused)
{
    static const tern_str two[] = {{"example.org,a.example.org", sizeof "example.org,a.example.org" - 1},
                                   {"Example.org", sizeof "Example.org" - 1}};
    check_refused((acme_config){.certificates = two, .certificate_count = 2}, "first name is example.org");
}

TEST(a_wrong_name_is_refused_with_its_flag)
{
    static const tern_str wild[] = {{"*.example.org", sizeof "*.example.org" - 1}};
    check_refused((acme_config){.certificates = wild, .certificate_count = 1},
                  "--acme: \"*.example.org\": wild cards");
}

TEST(the_default_folder_is_the_users_state)
{
    buf out = {0};
    bool was_root = geteuid() == 0;
    if (was_root) {
        CHECK(acme_default_folder(&out));
        CHECK_TEXT(out.data, "/var/lib/tern");
        out.len = 0;
        CHECK(seteuid(65534) == 0);
    }
    setenv("XDG_STATE_HOME", "/home/x/state", 1);
    setenv("HOME", "/home/x", 1);
    CHECK(acme_default_folder(&out));
    CHECK_TEXT(out.data, "/home/x/state/tern");
    setenv("XDG_STATE_HOME", "relative", 1);
    out.len = 0;
    CHECK(acme_default_folder(&out));
    CHECK_TEXT(out.data, "/home/x/.local/state/tern");
    unsetenv("HOME");
    out.len = 0;
    CHECK(!acme_default_folder(&out));
    buf_free(&out);
    CHECK(was_root ? seteuid(0) == 0 && prctl(PR_SET_DUMPABLE, 1) == 0 : true);
}

TEST(urls_of_an_authority_are_https_and_printable)
{
    CHECK(ca_is_url("https://ca.example/x?y=z"));
    static const char *const cases[] = {"",
                                        "http://ca.example/",
                                        "https://",
                                        "https:///x",
                                        "HTTPS://x",
                                        "https://a b",
                                        "https://a\r\nb",
                                        "https://a\x7f",
                                        "https://\xc3",
                                        "file:///etc",
                                        "https://a\"b"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(!ca_is_url(cases[i]));
    char longer[CA_URL_BYTES + 2];
    memset(longer, 'a', sizeof longer);
    memcpy(longer, "https://", 8);
    longer[sizeof longer - 1] = '\0';
    CHECK(!ca_is_url(longer));
}

TEST(retry_after_is_seconds_or_a_date)
{
    enum { NOW = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */
    CHECK_INT(ca_retry_after("0", NOW), 0);
    CHECK_INT(ca_retry_after("120", NOW), 120);
    CHECK_INT(ca_retry_after("Sun, 06 Nov 1994 08:50:37 GMT", NOW), 60);
    CHECK_INT(ca_retry_after("Sun, 06 Nov 1994 08:48:37 GMT", NOW), 0);
    CHECK_INT(ca_retry_after("999999999", NOW), 365 * 24 * 3600);
    static const char *const cases[] = {"", "-1", "1.5", "soon", "99999999999999999999", "1 "};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(ca_retry_after(cases[i], NOW), CA_NO_RETRY_AFTER);
}
