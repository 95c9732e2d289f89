#include "acme/store.h"

#include "acme/acme.h"
#include "base/mem.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static store s;
static arena a;
static buf problem;

static void open_store(void)
{
    strcpy(folder, "/tmp/tern-store-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    arena_init(&a, NULL, 0, 4 * 1024 * 1024);
    if (!store_open(&s, folder, &problem))
        check_fail(__FILE__, __LINE__, "%s", problem.data);
}

static void close_store(void)
{
    char command[128];
    store_close(&s);
    arena_free(&a);
    buf_free(&problem);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK_INT(system(command), 0);
}

static unsigned mode_of(const char *name)
{
    struct stat found;
    CHECK(fstatat(s.root, name, &found, AT_SYMLINK_NOFOLLOW) == 0);
    return found.st_mode & 07777;
}

TEST(folders_and_files_are_private)
{
    umask(0);
    open_store();
    CHECK(store_write(&s, "acme/records/x.json", "{}", 2, &problem));
    CHECK_INT(mode_of("acme"), 0700);
    CHECK_INT(mode_of("acme/http-01"), 0700);
    CHECK_INT(mode_of("certificates"), 0700);
    CHECK_INT(mode_of("acme/records/x.json"), 0600);
    close_store();
}

TEST(missing_folders_above_are_made)
{
    char deep[128];
    store other;
    open_store();
    snprintf(deep, sizeof deep, "%s/a/b/c", folder);
    CHECK(store_open(&other, deep, &problem));
    store_close(&other);
    close_store();
}

TEST(a_file_is_replaced_as_a_whole_and_read_back)
{
    tern_str text;
    open_store();
    CHECK(store_write(&s, "acme/records/x.json", "first", 5, &problem));
    CHECK(store_write(&s, "acme/records/x.json", "2nd", 3, &problem));
    CHECK_INT(store_read(&s, "acme/records/x.json", &a, &text, &problem), STORE_FOUND);
    CHECK_BYTES(text.data, text.len, "2nd", 3);
    CHECK_INT(text.data[text.len], 0);
    CHECK(faccessat(s.root, "acme/records/x.json.new", F_OK, 0) != 0);
    close_store();
}

TEST(an_absent_file_is_not_an_error_and_a_large_one_is)
{
    static char large[STORE_FILE_BYTES + 1];
    tern_str text;
    open_store();
    CHECK_INT(store_read(&s, "acme/records/x.json", &a, &text, &problem), STORE_ABSENT);
    CHECK_INT(problem.len, 0);
    CHECK(store_write(&s, "acme/records/x.json", large, sizeof large, &problem));
    CHECK_INT(store_read(&s, "acme/records/x.json", &a, &text, &problem), STORE_FAILED);
    CHECK(strstr(problem.data, "File too large") != NULL);
    CHECK(store_write(&s, "acme/records/x.json", large, sizeof large - 1, &problem));
    CHECK_INT(store_read(&s, "acme/records/x.json", &a, &text, &problem), STORE_FOUND);
    close_store();
}

TEST(a_symbolic_link_in_place_of_a_file_is_not_followed)
{
    tern_str text;
    open_store();
    CHECK(symlinkat("/etc/passwd", s.root, "acme/records/x.json") == 0);
    CHECK_INT(store_read(&s, "acme/records/x.json", &a, &text, &problem), STORE_FAILED);
    CHECK(symlinkat("/tmp/tern-store-target", s.root, "acme/records/y.json.new") == 0);
    CHECK(!store_write(&s, "acme/records/y.json", "x", 1, &problem));
    CHECK(access("/tmp/tern-store-target", F_OK) != 0);
    close_store();
}

TEST(a_folder_that_others_may_change_is_refused_with_the_fix)
{
    store other;
    open_store();
    CHECK(chmod(folder, 0720) == 0);
    CHECK(!store_open(&other, folder, &problem));
    CHECK(strstr(problem.data, "chmod 700") != NULL);
    close_store();
}

TEST(a_path_that_is_not_a_folder_is_refused)
{
    store other;
    char path[128];
    open_store();
    snprintf(path, sizeof path, "%s/file", folder);
    CHECK(store_write(&s, "file", "", 0, &problem));
    CHECK(!store_open(&other, path, &problem));
    strcat(path, "/below");
    CHECK(!store_open(&other, path, &problem));
    CHECK(!store_open(&other, "", &problem));
    close_store();
}

TEST(one_process_at_a_time_has_the_lock)
{
    store other;
    open_store();
    CHECK(store_lock(&s, false, &problem));
    CHECK(store_open(&other, folder, &problem));
    CHECK(!store_lock(&other, false, &problem));
    CHECK_INT(problem.len, 0);
    store_close(&other);
    close_store();
}

static void check_pair(const char *chain, const char *key)
{
    tern_str text;
    CHECK_INT(store_read(&s, "certificates/example.org/fullchain.pem", &a, &text, &problem), STORE_FOUND);
    CHECK_TEXT(text.data, chain);
    CHECK_INT(store_read(&s, "certificates/example.org/privkey.pem", &a, &text, &problem), STORE_FOUND);
    CHECK_TEXT(text.data, key);
}

TEST(a_certificate_and_its_key_are_replaced_together)
{
    open_store();
    CHECK(store_install(&s, "example.org", TERN_STR("chain 1"), TERN_STR("key 1"), &problem));
    check_pair("chain 1", "key 1");
    int before = openat(s.root, "certificates/example.org", O_RDONLY | O_DIRECTORY);
    CHECK(store_install(&s, "example.org", TERN_STR("chain 2"), TERN_STR("key 2"), &problem));
    check_pair("chain 2", "key 2");
    CHECK(faccessat(before, "privkey.pem", R_OK, 0) == 0); /* a reader of the pair before can end */
    CHECK(store_install(&s, "example.org", TERN_STR("chain 3"), TERN_STR("key 3"), &problem));
    CHECK(faccessat(before, "privkey.pem", R_OK, 0) != 0);
    close(before);
    close_store();
}

TEST(certificates_whose_names_begin_alike_are_kept_apart)
{
    open_store();
    CHECK(store_install(&s, "example.org", TERN_STR("c"), TERN_STR("k"), &problem));
    CHECK(store_install(&s, "example.org.uk", TERN_STR("x"), TERN_STR("y"), &problem));
    CHECK(store_install(&s, "example.org.uk", TERN_STR("x"), TERN_STR("y"), &problem));
    CHECK(store_install(&s, "example.org.uk", TERN_STR("x"), TERN_STR("y"), &problem));
    check_pair("c", "k");
    close_store();
}

TEST(a_folder_of_somebody_else_is_not_replaced)
{
    open_store();
    CHECK(mkdirat(s.root, "certificates/example.org", 0700) == 0);
    CHECK(store_write(&s, "certificates/example.org/fullchain.pem", "mine", 4, &problem));
    CHECK(!store_install(&s, "example.org", TERN_STR("c"), TERN_STR("k"), &problem));
    CHECK(strstr(problem.data, "certificates/example.org") != NULL);
    tern_str text;
    CHECK_INT(store_read(&s, "certificates/example.org/fullchain.pem", &a, &text, &problem), STORE_FOUND);
    CHECK_TEXT(text.data, "mine");
    close_store();
}

/* -- what workers answer -- */

TEST(a_workers_answer_is_the_content_of_the_tokens_file)
{
    char out[ACME_ANSWER_BYTES];
    open_store();
    CHECK(store_write(&s, "acme/http-01/abc-DEF_123", "abc-DEF_123.thumb", 17, &problem));
    CHECK(acme_answer_http_01(folder, TERN_STR("abc-DEF_123"), out));
    CHECK_TEXT(out, "abc-DEF_123.thumb");
    CHECK(!acme_answer_http_01(folder, TERN_STR("abc-DEF_124"), out));
    close_store();
}

TEST(threat_132_a_token_never_leaves_its_folder)
{
    static const char *const cases[] = {
        "",      ".", "..",   "../../certificates/x", "a/b", "a%2fb", "a.b", "a\\b", "\xc3\xa9", "a b",
        "abc\n", "*", "~root"};
    char out[ACME_ANSWER_BYTES], longer[200];
    open_store();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(!acme_answer_http_01(folder, (tern_str){cases[i], strlen(cases[i])}, out));
    CHECK(!acme_answer_http_01(folder, (tern_str){"a\0b", 3}, out));
    memset(longer, 'a', sizeof longer);
    CHECK(!acme_answer_http_01(folder, (tern_str){longer, 129}, out));
    CHECK(symlinkat("/etc/passwd", s.root, "acme/http-01/link") == 0);
    CHECK(!acme_answer_http_01(folder, TERN_STR("link"), out));
    CHECK(mkdirat(s.root, "acme/http-01/folder", 0700) == 0);
    CHECK(!acme_answer_http_01(folder, TERN_STR("folder"), out));
    CHECK(mkfifoat(s.root, "acme/http-01/pipe", 0600) == 0);
    CHECK(!acme_answer_http_01(folder, TERN_STR("pipe"), out));
    CHECK(store_write(&s, "acme/http-01/large", longer, sizeof longer, &problem));
    CHECK(store_write(&s, "acme/http-01/huge", out, sizeof out, &problem));
    CHECK(!acme_answer_http_01(folder, TERN_STR("huge"), out));
    close_store();
}
