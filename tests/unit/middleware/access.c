/** Basic auth, keys, and lists of addresses. */
#include "unit/middleware/send.h"

TERN_HANDLER(who)
{
    const char *user = tern_user(c);
    return tern_text(c, user != NULL ? user : "nobody");
}

static void open_with(tern_middleware piece)
{
    tern_app *app = tern_app_new();
    tern_use(app, piece);
    tern_get(app, "/", who);
    ask_open(app);
}

/* -- basic auth: "ann:secret" is YW5uOnNlY3JldA== -- */

TEST(a_right_password_names_the_user)
{
    open_with(tern_basic_auth(.users = "# staff\nann:secret\r\n\n  bob:pass:word\n"));
    CHECK_SAID(200, send_request("GET /", "Authorization: Basic YW5uOnNlY3JldA==\r\n", ""), "ann");
    CHECK_SAID(200, send_request("GET /", "authorization: bAsIc   YW5uOnNlY3JldA==\r\n", ""), "ann");
    CHECK_SAID(200, send_request("GET /", "Authorization: Basic Ym9iOnBhc3M6d29yZA==\r\n", ""),
               "bob"); /* bob:pass:word */
}

TEST(other_credentials_are_401_with_a_challenge)
{
    static const char *const headers[] = {
        "",
        "Authorization: Basic\r\n",
        "Authorization: Basic \r\n",
        "Authorization: Bearer YW5uOnNlY3JldA==\r\n",
        "Authorization: BasicYW5uOnNlY3JldA==\r\n",
        "Authorization: Basic YW5uOnNlY3JldA\r\n",   /* padding is missing */
        "Authorization: Basic YW5uOnNlY3JldB==\r\n", /* bits beyond the last byte */
        "Authorization: Basic YW5uOnNlY3JldA===\r\n",
        "Authorization: Basic YW5uOnNl=3JldA==\r\n",
        "Authorization: Basic YW5u OnNlY3JldA==\r\n",
        "Authorization: Basic YW5uOnNlY3JldA== x\r\n",
        "Authorization: Basic YW5uOnNlY3JldAA=\r\n", /* ann:secret and a NUL */
        "Authorization: Basic YW5uOnNlY3JldAo=\r\n", /* and a line feed */
        "Authorization: Basic YW5uOnNlY3JldPw=\r\n", /* a byte that is not UTF-8 */
        "Authorization: Basic YW5u\r\n",             /* no colon */
        "Authorization: Basic OnNlY3JldA==\r\n",     /* no name */
        "Authorization: Basic YW5uOg==\r\n",         /* no password */
        "Authorization: Basic YW5uOnNlY3JldHM=\r\n", /* ann:secrets */
        "Authorization: Basic QW5uOnNlY3JldA==\r\n", /* Ann:secret */
        "Authorization: Basic ====\r\n",
    };
    open_with(tern_basic_auth(.users = "ann:secret", .realm = "The \"Staff\""));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (send_request("GET /", headers[i], "") != 401)
            check_fail(__FILE__, __LINE__, "%s: %.60s", headers[i], ask_reply);
        CHECK(has_header("WWW-Authenticate: Basic realm=\"The \\\"Staff\\\"\", charset=\"UTF-8\"\r\n"));
    }
}

TEST(names_and_passwords_are_utf_8)
{
    open_with(tern_basic_auth(.users = "jürgen:größe"));
    CHECK_SAID(200, send_request("GET /", "Authorization: Basic asO8cmdlbjpncsO2w59l\r\n", ""), "jürgen");
}

static bool is_right(tern_ctx *c, const char *user, const char *password)
{
    if (strcmp(user, "down") == 0)
        tern_fail(c, 503, "the directory is down");
    return strcmp(user, password) == 0;
}

TEST(a_function_can_check_passwords)
{
    open_with(tern_basic_auth(.check = is_right));
    CHECK_SAID(200, send_request("GET /", "Authorization: Basic YTph\r\n", ""), "a"); /* a:a */
    CHECK_INT(send_request("GET /", "Authorization: Basic YTpi\r\n", ""), 401);
    CHECK_INT(send_request("GET /", "Authorization: Basic ZG93bjp4\r\n", ""), 503); /* down:x */
}

TEST(wrong_users_are_refused_by_name_without_their_secrets)
{
    CHECK_HAS(mistake_in(tern_basic_auth()),
              "basic_auth: nobody may come in: give one of .users, .file and .check");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "a:b", .check = is_right)),
              "basic_auth: there are several sources");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "# nobody\n")), "basic_auth: there are no users");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "ann")),
              "basic_auth: user \"ann\" in line 1: it has no password");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "a:b\n:hidden")), "in line 2: it has no name");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "a:b\na:hidden")),
              "user \"a\" in line 2: the name is there twice");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "a:$apr1$hidden$x")), "make it by htpasswd -B");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "a:{SHA}hidden")), "make it by htpasswd -B");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "a:$99$hidden")), "user \"a\" in line 1: its hash");
    const char *text = mistake_in(tern_basic_auth(.users = "a:$99$hidden\nb:{SHA}hidden\n:hidden"));
    CHECK(strstr(text, "hidden") == NULL);
    CHECK_HAS(mistake_in(tern_basic_auth(.file = "/does/not/exist")),
              "cannot read .file \"/does/not/exist\": No such file");
    CHECK_HAS(mistake_in(tern_basic_auth(.users = "a:b", .realm = "a\nb")), "basic_auth: .realm must be");
}

/* -- keys -- */

#define KEY_1 "0123456789abcdef"
#define KEY_2 "fedcba9876543210"

TEST(a_key_is_taken_from_where_the_options_say)
{
    open_with(tern_key_auth(.keys = KEY_1 ", " KEY_2 "\n", .header = "X-API-Key", .query = "key",
                            .cookie = "key", .bearer = true));
    CHECK_INT(send_request("GET /", "X-API-Key: " KEY_1 "\r\n", ""), 200);
    CHECK_INT(send_request("GET /", "Authorization: Bearer " KEY_2 "\r\n", ""), 200);
    CHECK_INT(send_request("GET /", "Authorization: bearer  " KEY_2 "\r\n", ""), 200);
    CHECK_INT(send_request("GET /", "Cookie: key=" KEY_1 "\r\n", ""), 200);
    CHECK_INT(send_request("GET /?key=" KEY_1, "", ""), 200);
    CHECK_INT(send_request("GET /?key=" KEY_1, "X-API-Key: wrong\r\n", ""), 401);
}

TEST(a_missing_or_wrong_key_is_401)
{
    static const char *const headers[] = {"",
                                          "Authorization: Bearer\r\n",
                                          "Authorization: Bearer \r\n",
                                          "Authorization: Bearer 0123456789abcde\r\n",
                                          "Authorization: Bearer " KEY_1 "x\r\n",
                                          "Authorization: Bearer " KEY_1 KEY_2 "\r\n",
                                          "Authorization: Bearer " KEY_1 ", " KEY_2 "\r\n",
                                          "Authorization: Basic " KEY_1 "\r\n",
                                          "X-API-Key: " KEY_1 "\r\n"};
    open_with(tern_key_auth(.keys = KEY_1 "," KEY_2));
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        if (send_request("GET /", headers[i], "") != 401)
            check_fail(__FILE__, __LINE__, "%s: %.60s", headers[i], ask_reply);
        CHECK(has_header("WWW-Authenticate: Bearer"));
    }
}

TEST(wrong_keys_are_refused_by_number_without_being_shown)
{
    const char *text = mistake_in(tern_key_auth(.keys = KEY_1 ", shortone"));
    CHECK_HAS(text, "key_auth: key 2 of .keys has 8 characters, so it could be guessed: use 16 or more");
    CHECK(strstr(text, "shortone") == NULL);
    CHECK_HAS(mistake_in(tern_key_auth(.keys = NULL)),
              "key_auth: .keys is NULL: give one of .keys and .check");
    CHECK_HAS(mistake_in(tern_key_auth(.keys = " , ")), "key_auth: .keys is empty");
}

TEST(secrets_are_compared_whole)
{
    CHECK(tern_secrets_are_equal("abc", "abc"));
    CHECK(!tern_secrets_are_equal("abcabc", "abc"));
    CHECK(!tern_secrets_are_equal("ab", "abc"));
    CHECK(!tern_secrets_are_equal("", "abc"));
    CHECK(!tern_secrets_are_equal("abc", ""));
    CHECK(!tern_secrets_are_equal(NULL, "abc"));
    CHECK(!tern_secrets_are_equal("abc", NULL));
}

/* -- addresses -- */

TEST(networks_contain_addresses_of_both_families)
{
    static const struct {
        const char *list, *address;
        bool is_in;
    } cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"2001:db8::/32", "2001:db8::1", true},
        {"2001:db8::/32", "2001:db9::1", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8 , 2001:db8::/32", "2001:db8::1", true},
        {"unix", "unix:", true},
        {"10.0.0.0/8", "unix:", false},
        {"0.0.0.0/0", "198.51.100.7", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "::1", true},
        {"10.0.0.0/8", "not an address", false},
    };
    tern_app *app = tern_app_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const tern_networks *networks = tern_networks_new(app, "test", cases[i].list);
        CHECK(networks != NULL);
        if (tern_networks_have(networks, cases[i].address) != cases[i].is_in)
            check_fail(__FILE__, __LINE__, "%s in %s", cases[i].address, cases[i].list);
    }
    app_free(app);
}

TEST(lists_of_addresses_that_are_wrong_are_refused_by_name)
{
    CHECK_HAS(mistake_in(tern_ip_filter()), "ip_filter: .allow and .deny are missing");
    CHECK_HAS(
        mistake_in(tern_ip_filter(.allow = "10.0.0.1/8")),
        "ip_filter: .allow: \"10.0.0.1/8\" is not a network: its address has bits after its first 8; write 10.0.0.0/8");
    CHECK_HAS(mistake_in(tern_ip_filter(.deny = "10.0.0.0/8, example.org")),
              "ip_filter: .deny: \"example.org\" is not a network");
    CHECK_HAS(mistake_in(tern_ip_filter(.deny = " ")), "ip_filter: .deny is empty");
}
