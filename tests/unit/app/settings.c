#include "check.h"

#include "app/command.h"
#include "app/cores.h"
#include "app/settings/settings.h"
#include "http/exchange.h"

#include <stdio.h>
#include <stdlib.h>

static app_command commands[] = {
    {.name = "migrate", .help = "bring the tables up to date", .next = &commands[1]},
    {.name = "db", .help = "look into the database"}};

/** Reads the settings of a command line of words between spaces; the problem's text, "" for none. */
static const char *read_line(settings *out, const tern_app_options *options, const char *words)
{
    static char line[512], text[512];
    static char *argv[32] = {"app"};
    int argc = 1;
    CHECK(strlen(words) < sizeof line);
    strcpy(line, words);
    for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
        argv[argc++] = word;
    buf problem = {0};
    bool is_good = settings_read(out, options, commands, argc, argv, &problem);
    CHECK_INT(is_good, problem.len == 0);
    snprintf(text, sizeof text, "%s", is_good ? "" : problem.data);
    buf_free(&problem);
    return text;
}

static const tern_app_options plain = {.title = "T"};

TEST(settings_have_the_defaults_that_the_header_promises)
{
    settings s;
    CHECK_TEXT(read_line(&s, &plain, ""), "");
    CHECK_TEXT(s.command, "run");
    CHECK_TEXT(s.host, "127.0.0.1");
    CHECK_INT(s.port, 8000);
    CHECK_INT(s.workers, cores_available());
    CHECK_INT(s.drain_ms, 30000);
    CHECK_INT(s.watchdog_ms, 30000);
    CHECK_INT(s.memory_limit_bytes, 0);
    CHECK_INT(s.early_hints, HTTP_HINTS_AUTO);
    CHECK_TEXT(s.alt_svc, NULL);
    CHECK_INT(s.log_level, TERN_LOG_INFO);
    CHECK_INT(s.log_format, LOG_FORMAT_AUTO);
    CHECK_INT(s.limits.head_bytes, 16 * 1024);
    CHECK_INT(s.limits.headers, 100);
    CHECK_INT(s.limits.url_bytes, 8 * 1024);
    CHECK_INT(s.limits.body_bytes, 1024 * 1024);
    CHECK_INT(s.limits.request_memory, 16 * 1024 * 1024);
    CHECK_INT(s.limits.head_timeout_ms, 10000);
    CHECK_INT(s.limits.body_timeout_ms, 60000);
    CHECK_INT(s.limits.idle_timeout_ms, 75000);
    CHECK_INT(s.limits.request_timeout_ms, 30000);
    CHECK_INT(s.limits.min_rate, 240);
    CHECK_INT(s.limits.requests_per_connection, 0);
    CHECK_INT(s.limits.connections, 20000);
}

TEST(settings_cover_every_field_of_the_limits)
{
    enum { WORDS = sizeof(tern_limits) / 4 };
    unsigned size_at[WORDS + 1] = {[WORDS] = 8}; /* bytes of the field that begins at this word */
    bool is_covered[WORDS] = {0};
    for (unsigned i = 0; i < settings_count; i++) {
        size_t at = (settings_table[i].offset - offsetof(settings, limits)) / 4;
        if (settings_table[i].offset < offsetof(settings, limits) || at >= WORDS)
            continue;
        size_at[at] = (unsigned)settings_table[i].size;
        is_covered[at] = is_covered[at + size_at[at] / 4 - 1] = true;
    }
    for (unsigned i = 0; i < WORDS; i++) /* the gap between fields is at most the padding of the next one */
        CHECK(is_covered[i] || (i % 2 == 1 && size_at[i + 1] == 8));
}

TEST(settings_prefer_flag_to_environment_to_program_to_default)
{
    settings s;
    const tern_app_options options = {.limits = {.body_bytes = 2048, .headers = 50, .url_bytes = 4096}};
    setenv("TERN_MAX_HEADERS", "60", 1);
    setenv("TERN_MAX_URL", "2K", 1);
    setenv("TERN_PORT", "", 1); /* empty counts as unset */
    CHECK_TEXT(read_line(&s, &options, "--max-url 1K"), "");
    CHECK_INT(s.limits.head_bytes, 16 * 1024);
    CHECK_INT(s.limits.body_bytes, 2048);
    CHECK_INT(s.limits.headers, 60);
    CHECK_INT(s.limits.url_bytes, 1024);
    CHECK_INT(s.port, 8000);
}

TEST(settings_take_flags_in_every_form)
{
    settings s;
    CHECK_TEXT(
        read_line(&s, &plain, "--port=0 run --host ::1 --workers auto --log-level WARN --log-format json"),
        "");
    CHECK_TEXT(s.command, "run");
    CHECK_INT(s.port, 0);
    CHECK_TEXT(s.host, "::1");
    CHECK_INT(s.workers, cores_available());
    CHECK_INT(s.log_level, TERN_LOG_WARN);
    CHECK_INT(s.log_format, LOG_FORMAT_JSON);
    CHECK_TEXT(read_line(&s, &plain, "--port 1 --port 2"), "");
    CHECK_INT(s.port, 2); /* the last one counts */
}

TEST(settings_read_sizes_and_times_with_units)
{
    static const struct {
        const char *line;
        uint64_t want;
        bool is_time;
    } cases[] = {
        {"--memory-limit 512", 512, false},
        {"--memory-limit 16K", 16384, false},
        {"--memory-limit 16k", 16384, false},
        {"--memory-limit 3M", 3145728, false},
        {"--memory-limit 1024G", 1099511627776, false},
        {"--memory-limit 0", 0, false},
        {"--drain-timeout 500ms", 500, true},
        {"--drain-timeout 10s", 10000, true},
        {"--drain-timeout 10", 10000, true},
        {"--drain-timeout 2m", 120000, true},
        {"--drain-timeout 1h", 3600000, true},
        {"--drain-timeout 0", 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        settings s;
        CHECK_TEXT(read_line(&s, &plain, cases[i].line), "");
        CHECK_INT(cases[i].is_time ? s.drain_ms : s.memory_limit_bytes, cases[i].want);
    }
}

TEST(settings_report_the_mistake_its_position_and_the_fix)
{
    static const struct {
        const char *line, *problem;
    } cases[] = {
        {"--port 99999", "--port: \"99999\" is not a port (1 to 65535; 0 picks a free one)"},
        {"--port -1", "--port: \"-1\" is not a port (1 to 65535; 0 picks a free one)"},
        {"--port=", "--port: \"\" is not a port (1 to 65535; 0 picks a free one)"},
        {"--port 80x", "--port: \"80x\" is not a port (1 to 65535; 0 picks a free one)"},
        {"--port", "--port: needs a value after it, a port (1 to 65535; 0 picks a free one)"},
        {"--host --port 1", "--host: needs a value after it, a text of at least one character"},
        {"--alt-svc=",
         "--alt-svc: \"\" is not a text that a header can have (not empty, without control characters)"},
        {"--alt-svc h3=\x01",
         "--alt-svc: \"h3=\x01\" is not a text that a header can have (not empty, without control characters)"},
        {"--early-hints h2", "--early-hints: \"h2\" is not one of auto, always, never"},
        {"--host=", "--host: \"\" is not a text of at least one character"},
        {"--workers many", "--workers: \"many\" is not a number from 0 to 512, or auto"},
        {"--workers 513", "--workers: \"513\" is not a number from 0 to 512, or auto"},
        {"--max-body 1T", "--max-body: \"1T\" is not a size from 1 to 1024G (like 512, 16K, 1M or 2G)"},
        {"--max-body 0", "--max-body: \"0\" is not a size from 1 to 1024G (like 512, 16K, 1M or 2G)"},
        {"--max-body 99999999999999G",
         "--max-body: \"99999999999999G\" is not a size from 1 to 1024G (like 512, 16K, 1M or 2G)"},
        {"--max-body 1.5M", "--max-body: \"1.5M\" is not a size from 1 to 1024G (like 512, 16K, 1M or 2G)"},
        {"--max-head 1M5", "--max-head: \"1M5\" is not a size from 1K to 1M (like 512, 16K, 1M or 2G)"},
        {"--head-timeout 0", "--head-timeout: \"0\" is not a time from 1ms to 24h (like 500ms, 10s or 5m)"},
        {"--head-timeout s", "--head-timeout: \"s\" is not a time from 1ms to 24h (like 500ms, 10s or 5m)"},
        {"--log-level loud", "--log-level: \"loud\" is not one of debug, info, warn, error, silent"},
        {"--prot 1", "--prot: there is no such flag; did you mean --port? (--help lists them all)"},
        {"--max_body=1",
         "--max_body: there is no such flag; did you mean --max-body? (--help lists them all)"},
        {"--frobnicate", "--frobnicate: there is no such flag (--help lists them all)"},
        {"-p 1", "-p: there is no such flag (--help lists them all)"},
        {"route", "route: there is no such command; did you mean routes? (--help lists them all)"},
        {"routes --check", "--check: one command at a time; routes was already given"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        settings s;
        CHECK_TEXT(read_line(&s, &plain, cases[i].line), cases[i].problem);
    }
}

TEST(settings_name_the_variable_that_is_wrong)
{
    settings s;
    setenv("TERN_WORKERS", "x", 1);
    CHECK_TEXT(read_line(&s, &plain, ""), "TERN_WORKERS: \"x\" is not a number from 0 to 512, or auto");
}

TEST(settings_refuse_a_limit_of_the_program_that_is_out_of_bounds)
{
    settings s;
    const tern_app_options options = {.limits = {.headers = 101}};
    CHECK_TEXT(read_line(&s, &options, ""),
               "tern_app_new: the limit that --max-headers sets is 101, which is not a number from 1 to 100");
}

TEST(settings_show_help_and_version_despite_other_mistakes)
{
    settings s;
    setenv("TERN_PORT", "x", 1);
    CHECK_TEXT(read_line(&s, &plain, "--nonsense --help"), "");
    CHECK_TEXT(s.command, "--help");
    CHECK_TEXT(read_line(&s, &plain, "-h"), "");
    CHECK_TEXT(s.command, "--help");
    CHECK_TEXT(read_line(&s, &plain, "routes --version"), "");
    CHECK_TEXT(s.command, "--version");
}

TEST(settings_give_a_command_of_the_application_the_words_after_it)
{
    settings s;
    CHECK_TEXT(read_line(&s, &plain, "--port 1 migrate make --database-url sqlite:x.db first --check --help"),
               "");
    CHECK_TEXT(s.command, "migrate");
    CHECK_TEXT(s.database_url, "sqlite:x.db");
    CHECK_INT(s.argument_count, 4);
    CHECK_TEXT(s.arguments[0], "make");
    CHECK_TEXT(s.arguments[1], "first");
    CHECK_TEXT(s.arguments[2], "--check");
    CHECK_TEXT(s.arguments[3], "--help");
    CHECK_TEXT(read_line(&s, &plain, "migrte"),
               "migrte: there is no such command; did you mean migrate? (--help lists them all)");
    CHECK_TEXT(read_line(&s, &plain, "routes migrate"),
               "migrate: one command at a time; routes was already given");
}

TEST(settings_have_no_database_url_until_one_is_given)
{
    settings s;
    CHECK_TEXT(read_line(&s, &plain, "run"), "");
    CHECK_TEXT(s.database_url, NULL);
    setenv("TERN_DATABASE_URL", "postgres://h/n", 1);
    CHECK_TEXT(read_line(&s, &plain, "run"), "");
    CHECK_TEXT(s.database_url, "postgres://h/n");
    unsetenv("TERN_DATABASE_URL");
}

TEST(settings_have_no_way_to_prepare_until_one_of_the_words_is_given)
{
    settings s;
    CHECK_TEXT(read_line(&s, &plain, "run"), "");
    CHECK_TEXT(s.database_prepare, NULL);
    CHECK_TEXT(read_line(&s, &plain, "run --database-prepare NEVER"), "");
    CHECK_TEXT(s.database_prepare, "never");
    CHECK_TEXT(read_line(&s, &plain, "run --database-prepare sometimes"),
               "--database-prepare: \"sometimes\" is not one of auto, always, never");
}

/** What `s` listens on, as one text. */
static const char *listened_on(const settings *s)
{
    static char all[LISTENERS_MAX * LISTEN_TEXT_BYTES];
    all[0] = '\0';
    for (unsigned i = 0; i < s->listen.list.count; i++) {
        char one[LISTEN_TEXT_BYTES];
        listen_address_print(&s->listen.items[i], one);
        strcat(strcat(all, i > 0 ? " " : ""), one);
    }
    return all;
}

static const tern_app_options listening = {.title = "T", .listen = "http://0.0.0.0:80, unix:/run/app"};

TEST(settings_listen_where_the_strongest_source_says)
{
    static const struct {
        const tern_app_options *options;
        const char *listen, *port, *words, *result;
    } rows[] = {
        {&plain, "", "", "", "http://127.0.0.1:8000"},
        {&listening, "", "", "", "http://0.0.0.0:80 unix:/run/app"},
        {&listening, "http://a:1", "", "", "http://a:1"},
        {&listening, "", "9000", "", "http://127.0.0.1:9000"},
        {&listening, "", "", "--port 9000", "http://127.0.0.1:9000"},
        {&plain, "http://a:1,http://a:2", "", "", "http://a:1 http://a:2"},
        {&plain, " http://a:1 , http://a:2\n", "", "", "http://a:1 http://a:2"},
        {&plain, "http://a:1", "", "--listen http://b:2", "http://b:2"},
        {&plain, "http://a:1", "", "--listen=http://b:2 --listen http://b:3", "http://b:2 http://b:3"},
        {&plain, "", "", "--listen https://[::]:443,http://[::]:80", "https://[::]:443 http://[::]:80"},
        {&plain, "http://a:1", "", "--host h", "http://h:8000"},
        {&plain, "", "9000", "--listen http://b:2", "http://b:2"},
        {&plain, "", "9000", "--host ::1", "http://[::1]:9000"},
        {&plain, "", "9000", "--host unix:/run/app", "unix:/run/app"},
        {&plain, "", "", "--listen systemd", "systemd"},
    };
    settings s;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        setenv("TERN_LISTEN", rows[i].listen, 1);
        setenv("TERN_PORT", rows[i].port, 1);
        CHECK_TEXT(read_line(&s, rows[i].options, rows[i].words), "");
        CHECK_TEXT(listened_on(&s), rows[i].result);
    }
    unsetenv("TERN_LISTEN");
    unsetenv("TERN_PORT");
}

TEST(settings_refuse_two_ways_to_say_where_to_listen)
{
    settings s;
    CHECK_TEXT(read_line(&s, &plain, "--listen http://a:1 --port 9000"),
               "--listen and --host or --port are two ways to say where to listen; give one of them");
    CHECK_TEXT(read_line(&s, &plain, "--host h --listen http://a:1"),
               "--listen and --host or --port are two ways to say where to listen; give one of them");
    setenv("TERN_LISTEN", "http://a:1", 1);
    setenv("TERN_PORT", "9000", 1);
    CHECK_TEXT(
        read_line(&s, &plain, ""),
        "TERN_LISTEN and TERN_HOST or TERN_PORT are two ways to say where to listen; give one of them");
    unsetenv("TERN_LISTEN");
    unsetenv("TERN_PORT");
}

TEST(settings_refuse_addresses_that_are_wrong)
{
    static const char *const rows[][2] = {
        {"--listen localhost:8000", "--listen: \"localhost:8000\" is not an address to listen on: write "
                                    "http://HOST:PORT, https://HOST:PORT, unix:/PATH or systemd"},
        {"--listen http://a:1,http://b", "--listen: \"http://b\" is not an address to listen on: it has no "
                                         "port, as in http://localhost:8000"},
        {"--listen http://a:1 --listen https://A:1", "--listen: \"https://A:1\" is given twice"},
        {"--listen systemd,systemd", "--listen: \"systemd\" is given twice"},
        {"--listen ,", "--listen: \",\" is not a list of URLs"},
        {"--listen=", "--listen: \"\" is not a list of URLs"},
        {"--listen", "--listen: needs a value after it, a list of URLs"},
        {"--host http://a", "--host: \"http://a\" is not a host: its host has a character that names and "
                            "addresses can't have"},
    };
    settings s;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        CHECK_TEXT(read_line(&s, &plain, rows[i][0]), rows[i][1]);
    const tern_app_options wrong = {.listen = "8000"};
    CHECK_TEXT(read_line(&s, &wrong, ""),
               "tern_app_new: .listen: \"8000\" is not an address to listen on: write "
               "http://HOST:PORT, https://HOST:PORT, unix:/PATH or systemd");
}

TEST(settings_take_sixteen_addresses_and_refuse_the_next)
{
    char line[512] = "--listen ";
    for (int i = 1; i <= LISTENERS_MAX; i++)
        sprintf(line + strlen(line), "http://a:%d,", i);
    settings s;
    CHECK_TEXT(read_line(&s, &plain, line), "");
    CHECK_INT(s.listen.list.count, 16);
    strcat(line, "http://a:17");
    CHECK_TEXT(read_line(&s, &plain, line), "--listen: there are more than 16 addresses");
}

TEST(settings_help_names_every_flag_and_variable_in_lines_that_fit_a_terminal)
{
    buf page = {0};
    settings_print_help(&(tern_app_options){.title = "To-do", .version = "1.0"}, commands, "todo", &page);
    CHECK(strncmp(page.data, "To-do 1.0\n\nUsage: todo [COMMAND]", 32) == 0);
    for (unsigned i = 0; i < settings_count; i++) {
        CHECK(strstr(page.data, settings_table[i].flag) != NULL);
        CHECK(strstr(page.data, settings_table[i].variable) != NULL);
    }
    CHECK(strstr(page.data, "\n  migrate     bring the tables up to date\n") != NULL);
    for (char *line = strtok(page.data, "\n"); line != NULL; line = strtok(NULL, "\n"))
        CHECK(strlen(line) <= 126);
    buf_free(&page);
}

TEST(settings_have_a_certificate_for_each_acme)
{
    settings s;
    CHECK_TEXT(read_line(&s, &plain, "--acme example.org,www.example.org --acme example.net"), "");
    CHECK_INT(s.acme.certificates.list.count, 2);
    CHECK_BYTES(s.acme.certificates.items[0].data, s.acme.certificates.items[0].len,
                "example.org,www.example.org", 27);
    CHECK_BYTES(s.acme.certificates.items[1].data, s.acme.certificates.items[1].len, "example.net", 11);
    CHECK_INT(s.acme.challenge, ACME_AUTO);
    setenv("TERN_ACME", "a.example.org,b.example.org;c.example.org", 1);
    CHECK_TEXT(read_line(&s, &plain, "--acme-challenge http-01"), "");
    CHECK_INT(s.acme.certificates.list.count, 2);
    CHECK_INT(s.acme.challenge, ACME_HTTP_01);
    CHECK_TEXT(read_line(&s, &plain, "--acme d.example.org --acme-challenge tls-alpn-01"), "");
    CHECK_INT(s.acme.certificates.list.count, 1);
    CHECK_INT(s.acme.challenge, ACME_TLS_ALPN_01);
    unsetenv("TERN_ACME");
}

TEST(settings_of_acme_that_cannot_work_are_refused)
{
    settings s;
    CHECK_TEXT(
        read_line(&s, &plain, "--acme *.example.org"),
        "--acme: \"*.example.org\": wild cards need the challenge dns-01, which Tern does not support: list "
        "each name");
    CHECK_TEXT(
        read_line(&s, &plain, "--acme example.org --workers 0"),
        "--acme: certificates are obtained by a process beside the workers, which --workers 0 does not have: "
        "give --workers 1 or more");
    CHECK_TEXT(
        read_line(&s, &plain, "--acme example.org --acme example.org,www.example.org"),
        "--acme: there are two certificates whose first name is example.org: begin one with another name");
    CHECK_TEXT(
        read_line(&s, &plain, "--acme-directory http://ca.example/dir"),
        "--acme-directory: \"http://ca.example/dir\" is not a https URL: give the one of the authority, like "
        "https://acme-v02.api.letsencrypt.org/directory");
}

TEST(settings_page_of_the_manual_names_every_setting_with_its_default)
{
    FILE *file = fopen(SETTINGS_PAGE, "r");
    CHECK(file != NULL);
    static char page[65536];
    page[fread(page, 1, sizeof page - 1, file)] = '\0';
    fclose(file);
    for (unsigned i = 0; i < settings_count; i++) {
        const setting *s = &settings_table[i];
        char row[160];
        snprintf(row, sizeof row, "| `%s` | `%s` | %s |", s->flag, s->variable, s->standard);
        if (strstr(page, row) == NULL)
            check_fail(__FILE__, __LINE__, "docs/settings.md has no row that begins: %s", row);
    }
}

TEST(cores_of_a_quota_round_up_and_ignore_nonsense)
{
    static const struct {
        const char *text;
        unsigned want;
    } cases[] = {
        {"max 100000\n", 0},
        {"100000 100000\n", 1},
        {"150000 100000\n", 2},
        {"200000 100000", 2},
        {"1 100000", 1},
        {"0 100000", 0},
        {"100000 0", 0},
        {"", 0},
        {"12", 0},
        {"x y", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_INT(cores_of_quota(cases[i].text), cases[i].want);
    CHECK(cores_available() >= 1);
}
