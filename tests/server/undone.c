/** Tests of an application with a database. test_undone.py checks what they leave in it. */
#include <tern.h>
#include <tern/test.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

TERN_MODEL(Note, (int64_t, id, .key = true, .read_only = true), (const char *, text, .unique = true))

TERN_HANDLER(add_note, Note, in)
{
    tern_insert(c, Note, in);
    return tern_created(c, Note, in);
}

TERN_HANDLER(add_note_and_hang, Note, in)
{
    tern_insert(c, Note, in);
    tern_sleep(c, 60000);
    return tern_no_content(c);
}

TERN_HANDLER(add_note_and_crash, Note, in)
{
    tern_insert(c, Note, in);
    raise(SIGSEGV);
    return tern_no_content(c);
}

TERN_HANDLER(count_notes)
{
    return tern_text(c, tern_sprintf(c, "%d", (int)tern_count(c, Note)));
}

TERN_HANDLER(remove_notes)
{
    tern_remove_where(c, Note, .where = "id > 0");
    return tern_no_content(c);
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Notes", .version = "1.0");
    tern_database(app, TERN_TYPE(Note));
    tern_post(app, "/notes", add_note);
    tern_post(app, "/hang", add_note_and_hang);
    tern_post(app, "/crash", add_note_and_crash);
    tern_get(app, "/notes", count_notes);
    tern_delete(app, "/notes", remove_notes);
    return app;
}

static void write_and_see(tern_test *t)
{
    tern_check_body(tern_test_get(t, "/notes"), "0");
    tern_check_status(tern_test_post(t, "/notes", .json = "{\"text\":\"Milk\"}"), 201);
    tern_check_status(tern_test_post(t, "/notes", .json = "{\"text\":\"Milk\"}"), 409);
    tern_check_body(tern_test_get(t, "/notes"), "1");
}

TERN_TEST(writes_the_first)
{
    write_and_see(t);
}

TERN_TEST(stays_until_it_removes_it, .commits = true)
{
    write_and_see(t);
    tern_check_status(tern_test_delete(t, "/notes"), 204);
}

TERN_TEST(stays, .commits = true)
{
    write_and_see(t);
}

TERN_TEST(writes_the_same)
{
    write_and_see(t);
}

TERN_TEST(fails_in_the_end)
{
    write_and_see(t);
    tern_check(1 + 1 == 3);
}

TERN_TEST(crashes_in_the_end)
{
    tern_test_post(t, "/crash", .json = "{\"text\":\"Milk\"}");
}

TERN_TEST(hangs_in_the_end, .seconds = 1)
{
    tern_test_post(t, "/hang", .json = "{\"text\":\"Milk\"}");
}

static void post_over_the_network(tern_test *t)
{
    char command[256];
    snprintf(command, sizeof command,
             "python3 -c \"import urllib.request as u; u.urlopen(u.Request('%s/notes', b'text=Tea', "
             "{'Content-Type':"
             " 'application/x-www-form-urlencoded'}))\"",
             tern_test_serve(t));
    tern_check(system(command) == 0); /* NOLINT(cert-env33-c): the command is the test's own */
}

TERN_TEST(serves_rows_that_are_rolled_back)
{
    post_over_the_network(t);
}

TERN_TEST(does_not_see_the_served_rows)
{
    post_over_the_network(t);
    tern_check_body(tern_test_get(t, "/notes"), "0");
}

TERN_TEST(serves_a_row_that_stays, .commits = true)
{
    post_over_the_network(t);
    tern_check_body(tern_test_get(t, "/notes"), "1");
}

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}
