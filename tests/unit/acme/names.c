#include "acme/names.h"

#include "base/mem.h"
#include "check.h"

static void check_refused(const char *text, const char *part)
{
    acme_names names;
    buf problem = {0};
    if (names_read((tern_str){text, strlen(text)}, &names, &problem))
        check_fail(__FILE__, __LINE__, "\"%s\" is accepted", text);
    if (strstr(problem.data, part) == NULL)
        check_fail(__FILE__, __LINE__, "\"%s\": %s", text, problem.data);
    buf_free(&problem);
}

TEST(names_are_in_lower_case_and_each_once_in_their_order)
{
    acme_names names;
    buf problem = {0};
    CHECK(names_read(TERN_STR(" WWW.Example.org , example.org,www.example.org,xn--bcher-kva.example "),
                     &names, &problem));
    CHECK_INT(names.count, 3);
    CHECK_TEXT(names.list[0], "www.example.org");
    CHECK_TEXT(names.list[1], "example.org");
    CHECK_TEXT(names.list[2], "xn--bcher-kva.example");
    CHECK(names_have(&names, "EXAMPLE.ORG"));
    CHECK(!names_have(&names, "example.or"));
    names_free(&names);
}

TEST(a_wild_card_is_refused_with_the_reason)
{
    check_refused("*.example.org", "dns-01");
    check_refused("example.org,www.*.org", "dns-01");
}

TEST(addresses_and_local_names_are_refused_with_the_flag_for_development)
{
    static const char *const cases[] = {"127.0.0.1", "::1", "[::1]",         "localhost",  "api.localhost",
                                        "printer",   "1.2", "192.0.2.1:443", "2001:db8::1"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(cases[i], "--tls-dev");
}

TEST(what_is_not_a_dns_name_is_refused)
{
    static const char *const cases[] = {"-a.example",   "a-.example",  "a..example",    ".example.org",
                                        "example.org.", "a b.example", "a_b.example",   "b\xc3\xbc.example",
                                        "a.example/x",  "a.example\n", "../../etc.org", "a.1",
                                        "a%00.example"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(cases[i], "not a DNS name");
    check_refused("", "empty");
    check_refused("a.example,,b.example", "empty");
    check_refused("a.example,", "empty");
}

TEST(labels_have_63_characters_and_names_253_at_most)
{
    char name[300];
    acme_names names;
    buf problem = {0};
    memset(name, 'a', sizeof name);
    memcpy(name + 63, ".example", 9);
    CHECK(names_read((tern_str){name, strlen(name)}, &names, &problem));
    names_free(&names);
    memset(name, 'a', sizeof name);
    memcpy(name + 64, ".example", 9);
    check_refused(name, "not a DNS name");
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 == 0 ? 'a' : '.';
    name[253] = '\0';
    CHECK(names_read((tern_str){name, strlen(name)}, &names, &problem));
    names_free(&names);
    name[253] = '.';
    name[255] = '\0';
    check_refused(name, "253");
}

TEST(a_certificate_has_100_names_at_most)
{
    buf list = {0}, problem = {0};
    acme_names names;
    for (unsigned i = 0; i < 100; i++)
        buf_add_printf(&list, "%sn%u.example.org", i > 0 ? "," : "", i);
    CHECK(names_read((tern_str){list.data, strlen(list.data)}, &names, &problem));
    CHECK_INT(names.count, 100);
    names_free(&names);
    buf_add_text(&list, ",one.more.example.org");
    check_refused(list.data, "at most 100");
    buf_free(&list);
}

TEST(names_survive_the_lack_of_memory)
{
    acme_names names;
    buf problem = {0};
    mem_fail_at(1, 0);
    CHECK(!names_read(TERN_STR("example.org"), &names, &problem));
    mem_fail_at(0, 0);
    buf_free(&problem);
}
