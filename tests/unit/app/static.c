/** Served folders: names, encodings, and files that cannot be outside. */
#include "check.h"

#include "app/static/beneath.h"
#include "app/static/embedded.h"
#include "app/static/encoding.h"
#include "app/static/folder.h"
#include "app/static/names.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- names -- */

TEST(hidden_absolute_and_empty_segments_are_not_served)
{
    static const struct {
        const char *path;
        bool plain, with_dots;
    } rows[] = {{"", true, true},
                {"a", true, true},
                {"a/b.js", true, true},
                {"a/", true, true},
                {"a/b/", true, true},
                {"/a", false, false},
                {"a//b", false, false},
                {"a//", false, false},
                {"//", false, false},
                {"/", false, false},
                {".", false, false},
                {"..", false, false},
                {"a/..", false, false},
                {"a/./b", false, false},
                {"../a", false, false},
                {".env", false, true},
                {"a/.git/x", false, true},
                {".a/", false, true},
                {"...", false, true},
                {"a.b", true, true},
                {".well-known", true, true},
                {".well-known/a", true, true},
                {".well-known/.a", false, true},
                {".well-knownx", false, true},
                {"a/.well-known/b", false, true},
                {".well-known//a", false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(static_name_is_served(rows[i].path, false), rows[i].plain);
        CHECK_INT(static_name_is_served(rows[i].path, true), rows[i].with_dots);
    }
}

TEST(hashes_of_bundlers_are_told_from_dates_and_words)
{
    static const struct {
        const char *path;
        bool plain, built;
    } rows[] = {{"app.3f2a9c1b.js", true, true},
                {"static/js/787.0a1b2c3d.chunk.css.map", true, true},
                {"v.0a1b2c3d4e5f.min.css", false, false}, /* not the last part: it may be of a version */
                {"main-3F2A9C1B.js", true, true},
                {"app.3f2a9c1b.js.map", true, true},
                {"a.d41d8cd98f00b204e9800998ecf8427e.png", true, true},
                {"index-BkX3a9Qz.js", false, true},
                {"index-D-x2_9aB.css", false, true},
                {"chunk.5QWERTY7.js", false, true},
                {"app.js", false, false},
                {"report-20240101.pdf", false, false},
                {"IMG-12345678.jpg", false, false},
                {"app-Version2.js", false, false},
                {"photo-IMG12345.jpg", false, false},
                {"react-component.js", false, false},
                {"facade-deadbeef.js", false, false},
                {"3f2a9c1b.js", false, false},
                {"3f2a9c1b", false, false},
                {"app.3f2a9c1b", false, false},
                {"app.3f2a9c1.js", false, false},
                {"a-BkX3a9Q.js", false, false},
                {"", false, false},
                {".", false, false},
                {".map", false, false},
                {"app.3f2a9c1b.js/plain.txt", false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(static_name_is_hashed(rows[i].path, false), rows[i].plain);
        CHECK_INT(static_name_is_hashed(rows[i].path, true), rows[i].built);
    }
}

/* -- encodings -- */

static tern_static_form chosen(const char *accept, unsigned forms)
{
    return static_form_choose((tern_str){accept, strlen(accept)}, forms);
}

TEST(only_stored_forms_are_chosen)
{
    const unsigned plain = 1u << TERN_STATIC_PLAIN, gzip = plain | 1u << TERN_STATIC_GZIP;
    CHECK_INT(chosen("br, zstd, gzip", plain), TERN_STATIC_PLAIN);
    CHECK_INT(chosen("br, zstd, gzip;q=0.1", gzip), TERN_STATIC_GZIP);
    CHECK_INT(chosen("br, zstd", gzip), TERN_STATIC_PLAIN);
    CHECK_INT(chosen("*;q=0, br", gzip), TERN_STATIC_PLAIN);
}

/* -- opening -- */

static char place[64];

static const char *at(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    fputs(text, file);
    fclose(file);
    const struct timespec times[2] = {{.tv_sec = 1500000000}, {.tv_sec = 1500000000}};
    CHECK_INT(utimensat(AT_FDCWD, at(name), times, 0), 0);
}

static void make_place(void)
{
    strcpy(place, "/tmp/tern-static-XXXXXX");
    CHECK(mkdtemp(place) != NULL);
    CHECK_INT(mkdir(at("root"), 0700), 0);
    CHECK_INT(mkdir(at("root/sub"), 0700), 0);
    write_file("root/sub/file", "inside");
    write_file("root/app.js", "plain");
    write_file("root/app.js.gz", "gz");
    write_file("secret", "outside");
    CHECK_INT(symlink("../secret", at("root/leaves")), 0);
    CHECK_INT(symlink("..", at("root/up")), 0);
    CHECK_INT(symlink("sub/file", at("root/stays")), 0);
    CHECK_INT(symlink("sub", at("root/sub2")), 0);
}

static void remove_place(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", place);
    CHECK_INT(system(command), 0); /* NOLINT(cert-env33-c): the path is ours */
}

/** 0 when the path opens, or the errno. */
static int outcome(int folder, const char *path)
{
    int fd = beneath_open(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

TEST(threat_065_nothing_outside_is_opened_with_openat2_and_without)
{
    static const char *const out[] = {"..",     "../secret", "sub/../../secret", "/etc/passwd",
                                      "leaves", "up/secret", "up/root/app.js",   "sub//../../secret"};
    make_place();
    int folder = open(at("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int is_without = 0; is_without < 2; is_without++) {
        beneath_without_openat2(is_without);
        for (size_t i = 0; i < sizeof out / sizeof *out; i++)
            CHECK(outcome(folder, out[i]) != 0);
        CHECK_INT(outcome(folder, "app.js"), 0);
        CHECK_INT(outcome(folder, "sub/file"), 0);
        CHECK_INT(outcome(folder, "."), 0);
        CHECK_INT(outcome(folder, "none"), ENOENT);
        CHECK_INT(outcome(folder, "app.js/x"), ENOTDIR);
        /* links that stay are followed where the kernel can hold them inside */
        CHECK_INT(outcome(folder, "stays"), is_without ? ELOOP : 0);
        CHECK_INT(outcome(folder, "sub2/file"), is_without ? ENOTDIR : 0);
    }
    beneath_without_openat2(false);
    close(folder);
    remove_place();
}

/** 0 when the path opens with links followed, or the errno. */
static int outcome_with_links(int folder, const char *path)
{
    int fd = beneath_open_links(folder, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

TEST(links_are_followed_out_where_asked_and_paths_still_stay)
{
    make_place();
    int folder = open(at("root"), O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (int is_without = 0; is_without < 2; is_without++) {
        beneath_without_openat2(is_without);
        CHECK_INT(outcome_with_links(folder, "leaves"), 0);
        CHECK_INT(outcome_with_links(folder, "up/secret"), 0);
        CHECK_INT(outcome_with_links(folder, "sub/file"), 0);
        CHECK_INT(outcome_with_links(folder, "none"), ENOENT);
        CHECK_INT(outcome_with_links(folder, ".."), EXDEV);
        CHECK_INT(outcome_with_links(folder, "../secret"), EXDEV);
        CHECK_INT(outcome_with_links(folder, "sub/../../secret"), EXDEV);
        CHECK_INT(outcome_with_links(folder, "/etc/passwd"), EXDEV);
    }
    beneath_without_openat2(false);
    close(folder);
    remove_place();
}

TEST(a_file_is_opened_once_while_it_does_not_change)
{
    static_folder folder;
    int error;
    make_place();
    static char root[80];
    snprintf(root, sizeof root, "%s/root", place);
    CHECK(static_folder_open(&folder, root, 1000, false));
    static_entry *first = static_folder_find(&folder, "app.js", &error);
    static_entry *again = static_folder_find(&folder, "app.js", &error);
    CHECK(first != NULL && first == again);
    CHECK_INT(first->forms, 1u << TERN_STATIC_PLAIN | 1u << TERN_STATIC_GZIP);
    CHECK_INT((long long)first->stored[TERN_STATIC_GZIP].size, 2);
    write_file("root/app.js", "other");
    CHECK(!static_entry_is_current(&folder, first, TERN_STATIC_PLAIN));
    static_entry *changed = static_folder_find(&folder, "app.js", &error);
    CHECK(changed != NULL && changed != first);
    static_entry_release(first);
    static_entry_release(again);
    static_entry_release(changed);
    CHECK(static_folder_find(&folder, "sub", &error) == NULL);
    CHECK_INT(error, EISDIR);
    CHECK(static_folder_find(&folder, "none", &error) == NULL);
    CHECK_INT(error, ENOENT);
    static_folder_close(&folder);
    remove_place();
}

#ifdef TERN_FAULTS
TEST(a_file_is_not_found_without_memory_and_nothing_is_lost)
{
    static_folder folder;
    int error;
    make_place();
    static char root[80];
    snprintf(root, sizeof root, "%s/root", place);
    CHECK(static_folder_open(&folder, root, 1000, false));
    for (unsigned long n = 1; n <= 2; n++) {
        mem_fail_at(n, 0);
        CHECK(static_folder_find(&folder, "app.js", &error) == NULL);
        CHECK_INT(error, ENOMEM);
        mem_fail_at(0, 0);
        static_folder_forget(&folder);
    }
    static_entry *found = static_folder_find(&folder, "app.js", &error);
    CHECK(found != NULL);
    static_entry_release(found);
    static_folder_close(&folder);
    remove_place();
}
#endif

TEST(embedded_files_are_found_by_their_whole_path)
{
    static const tern_embedded_file files[] = {
        {.path = "a.js"}, {.path = "docs-old/x"}, {.path = "docs/index.html"}, {.path = "z"}};
    static const tern_embedded folder = {"web", files, 4};
    CHECK(embedded_find(&folder, "a.js") == &files[0]);
    CHECK(embedded_find(&folder, "z") == &files[3]);
    CHECK(embedded_find(&folder, "docs/index.html") == &files[2]);
    CHECK(embedded_find(&folder, "docs") == NULL && embedded_find(&folder, "") == NULL &&
          embedded_find(&folder, "zz") == NULL);
    CHECK(embedded_has_folder(&folder, "docs") && !embedded_has_folder(&folder, "a.js") &&
          !embedded_has_folder(&folder, "doc"));
}
