/** Sealed and signed values, their cookies, and where keys come from. */
#include "fake.h"

#include "app/secret/keys.h"
#include "crypto/sodium.h"

#include <tern.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEY_1 "XCbdcpIC0kM3yAFYCYg6Lsb4k1PcVlF3EmXxWYn4p4w"
#define KEY_2 "mzBBIe1lh7wUx9VnUqpYwLm3l9pGn8rS6ZcQvI2-aXk"
#define HEAD  "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

static app_secrets secrets;

static void use_keys(const char *text)
{
    const char *missing;
    buf problems = {0};
    if (!sodium_load(&missing))
        check_skip(missing);
    if (!secret_keys_parse(&secrets, "test", (tern_str){text, strlen(text)}, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
}

static void check_refused(const char *text, const char *why)
{
    buf problems = {0};
    const char *missing;
    if (!sodium_load(&missing))
        check_skip(missing);
    CHECK(!secret_keys_parse(&secrets, "TERN_SECRET_KEYS", (tern_str){text, strlen(text)}, &problems));
    CHECK(strstr(problems.data, why) != NULL);
    CHECK(strstr(problems.data, "XCbd") == NULL); /* no message shows a key */
    buf_free(&problems);
}

static fake f;

static void run(tern_reply (*handler)(tern_ctx *c))
{
    fake_open(&f, HEAD);
    f.app.secrets = &secrets;
    fake_run(&f, NULL, handler);
}

static tern_reply seal_and_open(tern_ctx *c)
{
    const char *sealed = tern_seal(c, "greeting", "h\xc3\xa4llo");
    CHECK(strlen(sealed) == 79 &&
          strspn(sealed, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == 79);
    CHECK_TEXT(tern_unseal(c, "greeting", sealed), "h\xc3\xa4llo");
    CHECK_TEXT(tern_unseal(c, "parting", sealed), NULL);
    CHECK_TEXT(tern_unseal(c, "greeting", NULL), NULL);
    CHECK_TEXT(tern_unseal(c, "greeting", ""), NULL);
    CHECK_TEXT(tern_unseal(c, "greeting", tern_seal(c, "greeting", "")), "");
    tern_str bytes = tern_unseal_bytes(c, "b", tern_seal(c, "b", ((tern_str){"a\0b", 3})));
    CHECK_BYTES(bytes.data, bytes.len, "a\0b", 3);
    CHECK(tern_unseal_bytes(c, "other", sealed).data == NULL);
    return tern_text(c, "done");
}

TEST(what_is_sealed_for_a_purpose_opens_for_it_alone)
{
    use_keys(KEY_1);
    run(seal_and_open);
    CHECK_REPLY(&f, 200, "done");
    fake_close(&f);
}

static tern_reply sign_and_check(tern_ctx *c)
{
    const char *text = tern_sign(c, "unsubscribe", "ann@example.org");
    CHECK(strncmp(text, "ann@example.org.", 16) == 0 && strlen(text) == 15 + 61);
    CHECK_TEXT(tern_unsign(c, "unsubscribe", text), "ann@example.org");
    CHECK_TEXT(tern_unsign(c, "subscribe", text), NULL);
    CHECK_TEXT(tern_unsign(c, "unsubscribe", "ann@example.org"), NULL);
    CHECK_TEXT(tern_unsign(c, "unsubscribe", NULL), NULL);
    CHECK_TEXT(tern_unsign(c, "unsubscribe", tern_sign(c, "unsubscribe", "")), "");
    CHECK_TEXT(tern_unsign(c, "x", tern_seal(c, "x", "a sealed value is not a signed one")), NULL);
    CHECK_TEXT(tern_unseal(c, "x", tern_sign(c, "x", "nor")), NULL);
    return tern_text(c, "done");
}

TEST(what_is_signed_for_a_purpose_counts_for_it_alone)
{
    use_keys(KEY_1);
    run(sign_and_check);
    CHECK_REPLY(&f, 200, "done");
    fake_close(&f);
}

/* A flipped bit may make a NUL, which ends the text. */
static void flip_every_bit(tern_ctx *c, const char *text,
                           const char *(*open)(tern_ctx *, const char *, const char *))
{
    char *changed = tern_strdup(c, text);
    size_t len = strlen(text);
    for (size_t bit = 0; bit < 8 * len; bit++) {
        changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
        CHECK_TEXT(open(c, "p", changed), NULL);
        changed[bit / 8] = text[bit / 8];
    }
    for (size_t at = 0; at < len; at++) {
        changed[at] = '\0';
        CHECK_TEXT(open(c, "p", changed), NULL);
        changed[at] = text[at];
    }
    CHECK_TEXT(open(c, "p", tern_sprintf(c, "%sA", text)), NULL);
    CHECK_TEXT(open(c, "p", changed), "a text");
}

static tern_reply flip(tern_ctx *c)
{
    flip_every_bit(c, tern_seal(c, "p", "a text"), tern_unseal);
    flip_every_bit(c, tern_sign(c, "p", "a text"), tern_unsign);
    return tern_text(c, "done");
}

TEST(threat_086_a_value_with_one_bit_flipped_or_cut_short_is_none)
{
    use_keys(KEY_1);
    run(flip);
    CHECK_REPLY(&f, 200, "done");
    fake_close(&f);
}

static char kept_seal[256], kept_signature[256];

static tern_reply make_both(tern_ctx *c)
{
    snprintf(kept_seal, sizeof kept_seal, "%s", tern_seal(c, "p", "a text"));
    snprintf(kept_signature, sizeof kept_signature, "%s", tern_sign(c, "p", "a text"));
    return tern_text(c, "done");
}

static const char *wanted;

static tern_reply open_both(tern_ctx *c)
{
    CHECK_TEXT(tern_unseal(c, "p", kept_seal), wanted);
    CHECK_TEXT(tern_unsign(c, "p", kept_signature), wanted);
    return tern_text(c, "done");
}

static void run_with(const char *keys, const char *opens, tern_reply (*handler)(tern_ctx *c))
{
    use_keys(keys);
    wanted = opens;
    run(handler);
    CHECK_REPLY(&f, 200, "done");
    fake_close(&f);
}

TEST(threat_086_values_of_an_older_key_open_until_it_is_removed)
{
    run_with(KEY_1, NULL, make_both);
    run_with(KEY_2 "\n" KEY_1, "a text", open_both);
    run_with(KEY_2, NULL, open_both);
    run_with(KEY_2 "," KEY_1, NULL, make_both); /* the first one makes */
    run_with(KEY_2, "a text", open_both);
    run_with(KEY_1, NULL, open_both);
}

static tern_reply expire(tern_ctx *c)
{
    CHECK_TEXT(tern_unseal(c, "p", tern_seal(c, "p", "t", .expires_s = 60)), "t");
    CHECK_TEXT(tern_unsign(c, "p", tern_sign(c, "p", "t", .expires_s = 60)), "t");
    CHECK_TEXT(tern_unsign(c, "p", tern_sign(c, "p", "t", .expires_s = UINT64_MAX)), "t");
    const char *seal = tern_seal(c, "p", "t", .expires_s = 1), *sign = tern_sign(c, "p", "t", .expires_s = 1);
    struct timespec now, start; /* an end is a whole second of the wall clock */
    clock_gettime(CLOCK_REALTIME_COARSE, &start);
    do
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
    while (now.tv_sec < start.tv_sec + 1);
    CHECK_TEXT(tern_unseal(c, "p", seal), NULL);
    CHECK_TEXT(tern_unsign(c, "p", sign), NULL);
    return tern_text(c, "done");
}

TEST(a_value_is_worth_nothing_after_its_end)
{
    use_keys(KEY_1);
    run(expire);
    CHECK_REPLY(&f, 200, "done");
    fake_close(&f);
}

static tern_reply use_many_purposes(tern_ctx *c)
{
    char purpose[SECRET_PURPOSE_MAX + 2];
    for (int i = 0; i < 3 * SECRET_PURPOSES; i++) {
        snprintf(purpose, sizeof purpose, "purpose %d", i);
        CHECK_TEXT(tern_unseal(c, purpose, tern_seal(c, purpose, "t")), "t");
        CHECK_TEXT(tern_unsign(c, purpose, tern_sign(c, purpose, "t")), "t");
    }
    memset(purpose, 'x', SECRET_PURPOSE_MAX);
    purpose[SECRET_PURPOSE_MAX] = '\0';
    CHECK_TEXT(tern_unseal(c, purpose, tern_seal(c, purpose, "t")), "t");
    purpose[SECRET_PURPOSE_MAX] = 'x';
    purpose[SECRET_PURPOSE_MAX + 1] = '\0';
    tern_seal(c, purpose, "t");
    return tern_text(c, "a purpose of 201 bytes is too long");
}

TEST(more_purposes_than_are_kept_work_and_too_long_ones_fail)
{
    tern_log_set_level(TERN_LOG_SILENT);
    use_keys(KEY_1);
    run(use_many_purposes);
    CHECK_INT(f.reply.status, 500);
    fake_close(&f);
}

static tern_reply seal_null(tern_ctx *c)
{
    const char *nothing = NULL;
    return tern_text(c, tern_seal(c, "p", nothing));
}

static tern_reply sign_a_nul(tern_ctx *c)
{
    return tern_text(c, tern_sign(c, "p", ((tern_str){"a\0b", 3})));
}

TEST(what_cannot_be_sealed_or_signed_ends_the_handler)
{
    tern_log_set_level(TERN_LOG_SILENT);
    use_keys(KEY_1);
    run(seal_null);
    CHECK_INT(f.reply.status, 500);
    fake_close(&f);
    run(sign_a_nul);
    CHECK_INT(f.reply.status, 500);
    fake_close(&f);
    fake_open(&f, HEAD); /* an application without tern_secrets */
    fake_run(&f, NULL, make_both);
    CHECK_INT(f.reply.status, 500);
    fake_close(&f);
}

static tern_reply draw(tern_ctx *c)
{
    const char *one = tern_random_text(c, 16);
    CHECK_INT(strlen(one), 22);
    CHECK(strcmp(one, tern_random_text(c, 16)) != 0);
    CHECK_INT(strlen(tern_random_text(c, 256)), 342);
    return tern_text(c, tern_random_text(c, 257));
}

TEST(a_random_text_has_as_many_bytes_as_wanted_and_needs_no_keys)
{
    tern_log_set_level(TERN_LOG_SILENT);
    fake_open(&f, HEAD);
    fake_run(&f, NULL, draw);
    CHECK_INT(f.reply.status, 500); /* of 257 bytes */
    fake_close(&f);
}

/* -- cookies -- */

static tern_reply set_cookies(tern_ctx *c)
{
    CHECK(tern_set_sealed_cookie(c, "a", "se cret", .max_age_s = 60));
    CHECK(tern_set_signed_cookie(c, "b", "50% \"off\"; yes", .script_readable = true));
    char *huge = tern_alloc(c, 5000);
    memset(huge, 'x', 4999);
    CHECK(!tern_set_sealed_cookie(c, "huge", huge));
    CHECK(tern_set_sealed_cookie(c, "gone", NULL, .max_age_s = -1));
    return tern_text(c, "done");
}

static tern_reply read_cookies(tern_ctx *c)
{
    CHECK_TEXT(tern_sealed_cookie(c, "a"), "se cret");
    CHECK_TEXT(tern_signed_cookie(c, "b"), "50% \"off\"; yes");
    CHECK_TEXT(tern_sealed_cookie(c, "b"), NULL);
    CHECK_TEXT(tern_sealed_cookie(c, "swapped"), NULL);
    CHECK_TEXT(tern_signed_cookie(c, "none"), NULL);
    return tern_text(c, "done");
}

/* The value of a Set-Cookie header, up to its ';'. */
static void value_of(unsigned nth, char *out, size_t size)
{
    const char *name, *value;
    unsigned seen = 0;
    for (unsigned i = 0; tern_reply_header_at(&f.c, i, &name, &value); i++)
        if (strcmp(name, "Set-Cookie") == 0 && seen++ == nth)
            snprintf(out, size, "%.*s", (int)strcspn(value, ";"), value);
}

TEST(cookies_come_back_as_they_were_set_and_not_under_another_name)
{
    char sealed[512] = "", text[512] = "", head[2048];
    tern_log_set_level(TERN_LOG_SILENT);
    use_keys(KEY_1);
    run(set_cookies);
    CHECK_REPLY(&f, 200, "done");
    value_of(0, sealed, sizeof sealed);
    value_of(1, text, sizeof text);
    CHECK(strstr(sealed, "se cret") == NULL);
    CHECK(strncmp(text, "b=50%25%20%22off%22%3B%20yes.", 29) == 0);
    fake_close(&f);
    snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: h\r\nCookie: %s; %s; swapped=%s\r\n\r\n", sealed,
             text, sealed + 2);
    fake_open(&f, head);
    f.app.secrets = &secrets;
    fake_run(&f, NULL, read_cookies);
    CHECK_REPLY(&f, 200, "done");
    fake_close(&f);
}

/* -- where keys come from -- */

TEST(a_list_of_keys_has_comments_and_any_white_space)
{
    use_keys("# newest\n" KEY_1 "\r\n\t" KEY_2 " # old, " KEY_1 "\n");
    CHECK_INT(secrets.count, 2);
}

TEST(keys_that_are_not_good_enough_are_refused_and_never_shown)
{
    char many[10 * 50] = "";
    for (int i = 0; i < 9; i++)
        strcat(many, KEY_1 "\n");
    check_refused("", "there is no key in it");
    check_refused("# only a comment", "there is no key in it");
    check_refused("XCbdchange-me", "key 1 has 13 characters, not 32 to 256");
    check_refused(KEY_1 " XCbdXCbdXCbdXCbdXCbdXCbdXCbdXCbdXCbd", "key 2 has only 4 different characters");
    check_refused(many, "there are more than 8 keys");
}

static char folder[] = "/tmp/tern-secret-XXXXXX";

static const tern_app *app_in_folder(const char *file, const char *content, mode_t mode)
{
    static tern_app app;
    static char path[128];
    const char *missing;
    if (!sodium_load(&missing))
        check_skip(missing);
    unsetenv("TERN_SECRET_KEYS");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    if (content != NULL) {
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, mode);
        CHECK(fd >= 0 && write(fd, content, strlen(content)) == (ssize_t)strlen(content));
        fchmod(fd, mode);
        close(fd);
    }
    app = (tern_app){.secrets = &secrets, .secret_keys_file = path};
    return &app;
}

static void check_load(const tern_app *app, const char *why)
{
    buf problems = {0};
    bool is_loaded = secret_keys_load(app, "./shop", &problems);
    if (why == NULL && !is_loaded)
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    if (why != NULL)
        CHECK(!is_loaded && strstr(problems.data, why) != NULL);
    buf_free(&problems);
}

TEST(a_file_that_others_may_read_is_refused)
{
    check_load(app_in_folder("k", KEY_1, 0604),
               "others may read or change these secret keys (mode 0604): chmod 600 ");
}

TEST(a_file_of_its_owner_is_read)
{
    check_load(app_in_folder("k", KEY_1 "\n" KEY_2, 0600), NULL);
    CHECK_INT(secrets.count, 2);
}

TEST(a_program_without_keys_is_told_what_to_run)
{
    check_load(app_in_folder("k", NULL, 0), "run `./shop secret new --secret-keys-file /tmp/tern-secret-");
}

TEST(development_makes_a_key_only_where_no_file_is_named)
{
    tern_app app = *app_in_folder("k", NULL, 0);
    app.is_development = true;
    check_load(&app, "does not exist");
    app.secret_keys_file = NULL;
    CHECK(chdir(folder) == 0);
    check_load(&app, NULL);
    CHECK_INT(secrets.count, 1);
}

TEST(the_variable_counts_before_the_file)
{
    const tern_app *app = app_in_folder("k", KEY_1 "\n" KEY_2, 0600);
    setenv("TERN_SECRET_KEYS", KEY_2, 1);
    check_load(app, NULL);
    CHECK_INT(secrets.count, 1);
    setenv("TERN_SECRET_KEYS", "short", 1);
    check_load(app, "TERN_SECRET_KEYS: key 1 has 5 characters");
}

TEST(the_file_is_beside_the_database)
{
    static const struct {
        const char *url, *path;
    } cases[] = {{NULL, "secret.keys"},
                 {"sqlite:app.db", "secret.keys"},
                 {"sqlite:/var/lib/shop/app.db", "/var/lib/shop/secret.keys"},
                 {"sqlite::memory:", "secret.keys"},
                 {"postgres://user@host/name", "secret.keys"}};
    unsetenv("TERN_DATABASE_URL");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf own = {0};
        CHECK_TEXT(secret_keys_path(&(tern_app){.database_url = cases[i].url}, &own), cases[i].path);
        buf_free(&own);
    }
}

static int command(const tern_app *app, const char *first, const char *second)
{
    char one[16], two[16];
    char *words[] = {one, two};
    snprintf(one, sizeof one, "%s", first);
    snprintf(two, sizeof two, "%s", second != NULL ? second : "");
    return secret_command((void *)(uintptr_t)app, "./shop", second != NULL ? 2 : 1, words);
}

TEST(secret_new_makes_a_file_and_then_adds_newer_keys_in_front)
{
    struct stat st;
    const tern_app *app = app_in_folder("k", NULL, 0);
    char before[9], after[9];
    CHECK(freopen("/dev/null", "w", stdout) != NULL);
    CHECK_INT(command(app, "new", NULL), 0);
    CHECK(stat(app->secret_keys_file, &st) == 0 && (st.st_mode & 07777) == 0600);
    check_load(app, NULL);
    CHECK_INT(secrets.count, 1);
    secret_key_name(&secrets, 0, before);
    for (int i = 1; i < SECRET_KEYS_MAX; i++)
        CHECK_INT(command(app, "new", NULL), 0);
    check_load(app, NULL);
    CHECK_INT(secrets.count, SECRET_KEYS_MAX);
    secret_key_name(&secrets, SECRET_KEYS_MAX - 1, after);
    CHECK_TEXT(after, before);
    CHECK_INT(command(app, "list", NULL), 0);
    CHECK(freopen("/dev/null", "w", stderr) != NULL);
    CHECK_INT(command(app, "new", NULL), 1); /* the file is full */
    CHECK_INT(command(app, "new", "--print"), 0);
    CHECK_INT(command(app, "old", NULL), 2);
}
