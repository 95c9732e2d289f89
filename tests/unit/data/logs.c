/** The log lines of statements. */
#include "library.h"

#include <stdio.h>
#include <unistd.h>

/** Runs `work` with the log open, and returns what it wrote. */
static const char *log_of(tern_ctx *c, void (*work)(tern_ctx *c), tern_log_level level)
{
    static char text[16384];
    char path[] = "/tmp/tern-log-XXXXXX";
    int file = mkstemp(path), before = dup(STDERR_FILENO);
    CHECK(file >= 0 && before >= 0);
    unlink(path);
    dup2(file, STDERR_FILENO);
    tern_log_set_level(level);
    work(c);
    tern_log_set_level(TERN_LOG_SILENT);
    dup2(before, STDERR_FILENO);
    ssize_t len = pread(file, text, sizeof text - 1, 0);
    text[len > 0 ? len : 0] = '\0';
    close(file);
    close(before);
    return text;
}

static unsigned times_in(const char *text, const char *word)
{
    unsigned count = 0;
    while ((text = strstr(text, word)) != NULL) {
        text++;
        count++;
    }
    return count;
}

static void find_eleven_times(tern_ctx *c)
{
    for (int i = 0; i < 15; i++)
        (void)tern_find(c, Author, (int64_t)i);
}

LIBRARY_TEST(a_query_in_a_loop_is_reported_once)
{
#ifdef NDEBUG
    check_skip("builds without assertions do not count statements");
#endif
    const char *text = log_of(c, find_eleven_times, TERN_LOG_WARN);
    CHECK_INT(times_in(text, "more than 10 times"), 1);
    CHECK_INT(times_in(text, "tern_preload"), 1);
    return tern_no_content(c);
}

static void select_pages(tern_ctx *c)
{
    for (int i = 0; i < 3; i++) {
        (void)tern_select(c, Author, .limit = 5, .offset = i);
        (void)tern_select(c, Author, .limit = 7, .order_by = "name");
        (void)tern_select(c, Author, .limit = 1);
        (void)tern_first(c, Author);
    }
}

LIBRARY_TEST(pages_without_an_order_are_reported_once_with_location_and_fix)
{
#ifdef NDEBUG
    check_skip("builds without assertions do not know where a selection is written");
#endif
    const char *text = log_of(c, select_pages, TERN_LOG_WARN);
    CHECK_INT(times_in(text, "without an order"), 1);
    CHECK_INT(times_in(text, "logs.c:"), 1);
    CHECK_INT(times_in(text, "give it .order_by = \\\"id\\\""), 1);
    return tern_no_content(c);
}

static void update_fifteen(tern_ctx *c)
{
    Author_list authors = tern_select(c, Author);
    CHECK_INT(authors.count, 15);
    CHECK(tern_update_all(c, Author, authors));
}

LIBRARY_TEST(an_update_of_many_is_not_a_query_in_a_loop)
{
    for (int i = 0; i < 15; i++)
        add_author(c, tern_sprintf(c, "%c", 'A' + i));
    const char *text = log_of(c, update_fifteen, TERN_LOG_WARN);
    CHECK_INT(times_in(text, "more than 10 times"), 0);
    return tern_no_content(c);
}

static void count_authors(tern_ctx *c)
{
    tern_count(c, Author);
}

LIBRARY_TEST(each_statement_is_in_the_debug_log_with_time_and_rows)
{
    const char *text = log_of(c, count_authors, TERN_LOG_DEBUG);
    CHECK_INT(times_in(text, "select count(*) from author"), 1);
    CHECK_INT(times_in(text, "\"microseconds\":"), 1);
    CHECK_INT(times_in(text, "\"rows\":1"), 1);
    return tern_no_content(c);
}

LIBRARY_TEST(a_slow_statement_is_logged_as_a_warning)
{
    data_self.options.slow_query_ms = 0;
    const char *text = log_of(c, count_authors, TERN_LOG_WARN);
    CHECK_INT(times_in(text, "slow query"), 1);
    data_self.options.slow_query_ms = 10000;
    text = log_of(c, count_authors, TERN_LOG_WARN);
    CHECK_INT(times_in(text, "slow query"), 0);
    return tern_no_content(c);
}

static void fails(tern_ctx *c)
{
    tern_data_error error;
    Author author = {.name = "secret value"};
    tern_insert(c, Author, &author);
    author.id = 0;
    tern_insert(c, Author, &author, .error = &error);
    CHECK_INT(error.fault, TERN_DATA_UNIQUE);
}

LIBRARY_TEST(values_are_never_logged)
{
    const char *text = log_of(c, fails, TERN_LOG_DEBUG);
    CHECK_INT(times_in(text, "secret value"), 0);
    CHECK(times_in(text, "insert into author") != 0);
    return tern_no_content(c);
}

static void counts_below_zero(tern_ctx *c)
{
    tern_count(c, Author, .limit = -1);
}

static void removes_everything(tern_ctx *c)
{
    tern_remove_where(c, Book);
}

static void finds_by_another_key(tern_ctx *c)
{
    (void)tern_find(c, Author, "Ursula");
}

static void sums_texts(tern_ctx *c)
{
    tern_sum(c, Book, title);
}

static void has_too_few_values(tern_ctx *c)
{
    (void)tern_select(c, Author, .where = "name = ? or name = ?", .args = TERN_ARGS("A"));
}

static void (*misuse)(tern_ctx *c);

static void run_it(tern_ctx *c, void *unused)
{
    (void)unused;
    misuse(c);
}

/** Leaves the failure where the reply would be made from it. */
static void run_misuse(tern_ctx *c)
{
    CHECK_INT(ctx_guard(c, run_it, NULL), UNWIND_FAIL);
    CHECK_INT(c->scope.problem_status, 500);
    CHECK(c->scope.problem_detail == NULL);
}

LIBRARY_TEST(a_misuse_is_only_reported_in_the_log_with_its_route)
{
    static const struct {
        void (*work)(tern_ctx *c);
        const char *line;
    } cases[] = {
        {counts_below_zero, "POST /fake: .limit and .offset are not negative"},
        {removes_everything, "POST /fake: tern_remove_where without .where would remove every row of Book"},
        {finds_by_another_key, "POST /fake: the key column id of Author is given a value of a wrong kind"},
        {sums_texts, "POST /fake: Book.title is not a number in its table"},
        {has_too_few_values, "POST /fake: \\\"name = ? or name = ?\\\" has more `?` than there are values"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        misuse = cases[i].work;
        CHECK_INT(times_in(log_of(c, run_misuse, TERN_LOG_ERROR), cases[i].line), 1);
    }
    return tern_no_content(c);
}
