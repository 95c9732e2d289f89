#include "data/migrate/command.h"

#include "app/command.h"
#include "data/await_schema.h"
#include "data/migrate/migrate.h"
#include "data/table/table.h"

#include <stdarg.h>
#include <string.h>

bool command_fail(migrate_command *c, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buf_add_printf(&c->problems, "%s\n", line);
    return false;
}

bool command_read_folder(migrate_command *c)
{
    return folder_read(&c->folder, c->options->migrations, &c->memory, &c->problems);
}

static bool connect_to(migrate_command *c, bool may_make)
{
    buf problem = {0};
    bool is_open = client_open(&c->client, c->options->url, may_make, &problem) &&
                   state_read(&c->state, &c->client, &c->memory, &problem);
    if (!is_open) {
        command_fail(c, "database: %s", problem.data != NULL ? problem.data : "out of memory");
        c->is_away = client_is_away(&c->client, c->options->url);
    }
    buf_free(&problem);
    return is_open;
}

bool command_connect(migrate_command *c)
{
    return connect_to(c, false);
}

bool command_connect_to_write(migrate_command *c)
{
    return connect_to(c, true);
}

bool command_fail_without_tables(migrate_command *c)
{
    return command_fail(c,
                        "the database has no tables yet: `%s migrate` makes them, or the first start of %s "
                        "where there are no migrations",
                        c->program, c->program);
}

bool command_connect_to_tables(migrate_command *c)
{
    buf problem = {0};
    int64_t tables;
    if (!command_connect(c))
        return false;
    if (!state_count_tables(&c->client, &tables, &problem))
        command_fail(c, "database: %s", problem.data != NULL ? problem.data : "out of memory");
    else if (tables == 0)
        command_fail_without_tables(c);
    buf_free(&problem);
    return c->problems.len == 0;
}

const ddl_schema *command_models(migrate_command *c)
{
    return ddl_of_models(&c->memory, &c->problems);
}

bool command_is_same(migrate_command *c, const ddl_schema *a, const ddl_schema *b)
{
    schema_diff d;
    buf sql = {0};
    if (!diff_make(&d, a, b, false, &c->memory))
        return false;
    for (unsigned i = 0; i < DATA_DIALECTS; i++)
        diff_sql(&d, data_dialects[i], &sql);
    bool is_same = sql.len == 0 && !sql.failed;
    buf_free(&sql);
    return is_same;
}

bool command_take_flag(migrate_command *c, const char *flag)
{
    for (int i = 0; i < c->count; i++) {
        if (strcmp(c->arguments[i], flag) != 0)
            continue;
        memmove(&c->arguments[i], &c->arguments[i + 1], (size_t)(c->count - i - 1) * sizeof *c->arguments);
        c->count--;
        return true;
    }
    return false;
}

const char *command_take_word(migrate_command *c)
{
    if (c->count == 0 || c->arguments[0][0] == '-')
        return NULL;
    c->count--;
    return *c->arguments++;
}

bool command_has_no_more(migrate_command *c)
{
    return c->count == 0 ||
           command_fail(c, "%s: unknown argument (%s migrate --help)", c->arguments[0], c->program);
}

static const char usage[] =
    "Usage: %s migrate [WORD]\n"
    "\n"
    "  (nothing)        applies every migration that is not applied yet\n"
    "  make [NAME]      compares the models with the migrations, and writes a new one\n"
    "       --check     writes nothing, and ends with 1 when there are changes\n"
    "       --empty     writes one without changes, for SQL of your own\n"
    "       --by-hand   writes one even when a value is missing, for you to fill in in its SQL\n"
    "  status           what is applied and what is not\n"
    "  plan             prints the SQL that would be run\n"
    "  to NUMBER        applies or undoes until that migration is the last one; 0 undoes all\n"
    "  down             undoes the last one\n";

static const char db_usage[] = "Usage: %s db WORD\n"
                               "\n"
                               "  shell            the database's own shell: sqlite3 or psql\n"
                               "  dump             prints every row of every table as a line of JSON\n"
                               "       --out FILE  writes them into a file\n"
                               "  load FILE        inserts the rows of such a file, either all or none\n"
                               "  seed             runs the functions given to tern_seed\n";

static const char check_usage[] =
    "Usage: %s check [--database-url URL]\n"
    "\n"
    "Asks a database of every statement that the program may run, without running one: SQLite in memory, or the\n"
    "PostgreSQL of the URL, with the tables of the migrations. Ends with 1 when there are errors.\n"
    "\n"
    "  --sqlite         asks SQLite in memory, whatever the URL says\n"
    "  --both           asks SQLite in memory and the PostgreSQL of the URL\n"
    "  --strict         ends with 1 for warnings and notes too\n"
    "  --json           prints what it finds as JSON\n";

typedef struct command_word {
    const char *word;
    int (*run)(migrate_command *c);
} command_word;

static const command_word migrate_words[] = {
    {"", command_up},       {"make", command_make}, {"status", command_status},
    {"plan", command_plan}, {"to", command_to},     {"down", command_down},
    {NULL, NULL},
};
static const command_word db_words[] = {
    {"shell", command_db_shell},
    {"dump", command_db_dump},
    {"load", command_db_load},
    {"seed", command_db_seed},
    {NULL, NULL},
};

static const command_word check_words[] = {{"", command_check}, {NULL, NULL}};

static int run_word(migrate_command *c, const char *command, const command_word *words)
{
    if (command_take_flag(c, "--help") || command_take_flag(c, "-h")) {
        printf(words == db_words ? db_usage : words == check_words ? check_usage : usage, c->program);
        return 0;
    }
    const char *word = command_take_word(c);
    for (; words->word != NULL; words++)
        if (strcmp(words->word, word != NULL ? word : "") == 0)
            return words->run(c);
    command_fail(c, "%s %s: %s (%s %s --help)", command, word != NULL ? word : "",
                 word != NULL ? "unknown command" : "what?", c->program, command);
    return 1;
}

/** Prints problems to standard error, each after the program's name. */
static void tell(const migrate_command *c)
{
    const char *line = c->problems.data;
    fflush(stdout);
    while (line != NULL && *line != '\0') {
        int len = (int)strcspn(line, "\n");
        fprintf(stderr, "%s: %.*s\n", c->program, len, line);
        line += len + (line[len] == '\n');
    }
    if (c->problems.failed)
        fprintf(stderr, "%s: out of memory\n", c->program);
}

/** The database: the application's, unless the command line or the environment names another. */
typedef struct migrate_target {
    tern_app *app;
    const tern_database_options *options;
} migrate_target;

static tern_database_options options_of(const migrate_target *target)
{
    tern_database_options options = *target->options;
    const char *url = app_database_url(target->app);
    if (url != NULL)
        options.url = url;
    return options;
}

static int run_command(void *arg, const char *program, int count, char **arguments, const char *name,
                       const command_word *words)
{
    const tern_database_options options = options_of(arg);
    const migrate_target *target = arg;
    migrate_command c = {
        .program = program, .app = target->app, .options = &options, .count = count, .arguments = arguments};
    arena_init(&c.memory, NULL, 0, SIZE_MAX);
    int code = run_word(&c, name, words);
    client_close(&c.client);
    tell(&c);
    code = code != 0 || c.problems.len != 0 || c.problems.failed;
    buf_free(&c.problems);
    arena_free(&c.memory);
    return fflush(stdout) == 0 ? code : 1;
}

static int run_migrate(void *arg, const char *program, int count, char **arguments)
{
    return run_command(arg, program, count, arguments, "migrate", migrate_words);
}

static int run_db(void *arg, const char *program, int count, char **arguments)
{
    return run_command(arg, program, count, arguments, "db", db_words);
}

static int run_check(void *arg, const char *program, int count, char **arguments)
{
    return run_command(arg, program, count, arguments, "check", check_words);
}

static bool check(void *arg, const app_launching *how, buf *problems)
{
    const migrate_target *target = arg;
    const tern_database_options options = options_of(target);
    bool is_tested = target->app->testing != NULL;
    if (is_tested && !data_schema_fill(&options, how->program, problems))
        return false;
    data_schema_state state = data_schema_check(&options, how->program, problems);
    if (is_tested) /* tests cannot wait for the database */
        return state == DATA_SCHEMA_FITS;
    if (state == DATA_SCHEMA_UNKNOWN)
        data_check_later(how->program, problems);
    return state != DATA_SCHEMA_DIFFERS;
}

void data_check_command_add(tern_app *app, const tern_database_options *options)
{
    migrate_target *target = app_keep(app, sizeof *target);
    if (target == NULL)
        return;
    *target = (migrate_target){app, options};
    app_add_command(
        app, &(app_command){.name = "check",
                            .help = "ask a database of every statement, without running one (check --help)",
                            .run = run_check,
                            .arg = target});
}

void data_migrate_commands_add(tern_app *app, const tern_database_options *options)
{
    migrate_target *target = app_keep(app, sizeof *target);
    if (target == NULL)
        return; /* noted: app_compile reports it */
    *target = (migrate_target){app, options};
    app_add_launch(app, &(app_launch){.check = check, .arg = target});
    app_add_command(app, &(app_command){.name = "migrate",
                                        .help = "bring the database's tables up to date (migrate --help)",
                                        .run = run_migrate,
                                        .arg = target});
    app_add_command(app, &(app_command){.name = "db",
                                        .help = "open a shell in the database, dump and load it (db --help)",
                                        .run = run_db,
                                        .arg = target});
}
