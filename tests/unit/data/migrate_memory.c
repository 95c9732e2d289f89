/* The commands with the n-th allocation failing, for every n: each does all of its work or none. */
#include "check.h"

#include "app/command.h"
#include "base/mem.h"
#include "data/migrate/migrate.h"
#include "data/table/table.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

TERN_MODEL(Person, (int64_t, id, .key = true), (const char *, name, .unique = true, .max_length = 20))
TERN_MODEL(Todo,
    (int64_t, id, .key = true),
    (const char *, title, .fallback = "none"),
    (int64_t, owner, .optional = true, .references = TERN_TYPE(Person)))

enum { ALLOCATIONS_MOST = 20000 };

static tern_database_options options;
static char folder[64], url[96], migrations[96];

static void set_up(void)
{
    buf problems = {0};
#ifndef TERN_WITH_SQLITE
    check_skip("the commands are run on SQLite, which this build has not");
#endif
    snprintf(folder, sizeof folder, "/tmp/tern-migrate-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(url, sizeof url, "sqlite:%s/app.db", folder);
    snprintf(migrations, sizeof migrations, "%s/migrations", folder);
    options = (tern_database_options){.url = url, .migrations = migrations};
    if (plan_of(TERN_TYPE(Todo)) == NULL)
        CHECK(data_tables_make((tern_type *const[]){TERN_TYPE(Todo), TERN_TYPE(Person), NULL}, &problems));
    CHECK(freopen("/dev/null", "w", stderr) != NULL);
}

/** Removes a folder and its files; returns the number of files. */
static int remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    int count = 0;
    char file[512];
    for (const struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "migrations") == 0)
            continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        count += unlink(file) == 0;
    }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
    return count;
}

/** Runs a command with one word, or none, in this process; its exit code. */
static int run(const char *command, const char *word, unsigned long fail_at)
{
    char text[16];
    char *arguments[] = {text};
    snprintf(text, sizeof text, "%s", word);
    tern_app *app = tern_app_new(.title = "T");
    data_migrate_commands_add(app, &options);
    const app_command *found = app->commands;
    while (strcmp(found->name, command) != 0)
        found = found->next;
    (void)fail_at; /* only useful where allocations can be made to fail */
    mem_fail_at(fail_at, 1);
    int code = found->run(found->arg, "app", *word != '\0', arguments);
    mem_fail_at(0, 0);
    app_free(app);
    return code;
}

/** Standard output belongs to the tests, so commands write elsewhere. */
static int hide_output(void)
{
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    CHECK(freopen("/dev/null", "w", stdout) != NULL);
    return kept;
}

static void show_output(int kept)
{
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
}

TEST(make_without_memory_writes_a_complete_migration_or_none)
{
    int code = 1, kept = hide_output();
    for (unsigned long n = 1; code != 0 && n < ALLOCATIONS_MOST; n++) {
        set_up();
        code = run("migrate", "make", n);
        int written = remove_folder(migrations);
        remove_folder(folder);
        if (written != (code == 0 ? 3 : 0)) {
            show_output(kept);
            check_fail(__FILE__, __LINE__, "exit %d and %d files at allocation %lu", code, written, n);
        }
    }
    show_output(kept);
    CHECK_INT(code, 0);
}

TEST(migrate_without_memory_applies_a_migration_or_nothing)
{
    int code = 1, kept = hide_output();
    set_up();
    int made = run("migrate", "make", 0);
    for (unsigned long n = 1; made == 0 && code != 0 && n < ALLOCATIONS_MOST; n++)
        code = run("migrate", "", n);
    int dumped = run("db", "dump", 0); /* needs both tables */
    remove_folder(migrations);
    remove_folder(folder);
    show_output(kept);
    CHECK_INT(made, 0);
    CHECK_INT(code, 0);
    CHECK_INT(dumped, 0);
}

TEST(first_start_without_memory_makes_all_tables_or_none)
{
    bool is_right = false;
    set_up();
    for (unsigned long n = 1; !is_right; n++) {
        buf problems = {0};
        mem_fail_at(n, 1);
        is_right = data_schema_check(&options, "app", &problems) == DATA_SCHEMA_FITS;
        mem_fail_at(0, 0);
        CHECK(is_right || problems.len != 0 || problems.failed);
        buf_free(&problems);
        CHECK(n < ALLOCATIONS_MOST);
    }
    remove_folder(folder);
}
