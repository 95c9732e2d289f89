/** Passwords over HTTP, for test_passwords.py: hashes, checks, rules, and a route that is measured meanwhile. */
#include <tern.h>

#include <stdlib.h>

TERN_MODEL(Attempt, (const char *, password), (const char *, hash, .optional = true))
TERN_MODEL(NewPassword, (const char *, password), (const char *, name, .optional = true), (const char *, email, .optional = true))

TERN_HANDLER(make_hash, Attempt, in)
{
    return tern_text(c, tern_password_hash(c, in->password));
}

TERN_HANDLER(check_hash, Attempt, in)
{
    static const char *const names[] = {"wrong", "right", "old"};
    return tern_text(c, names[tern_password_check(c, in->password, in->hash)]);
}

TERN_HANDLER(judge, NewPassword, in)
{
    tern_password_fault_list faults = tern_password_faults(c, in->password, in->name, in->email);
    if (faults.count != 0)
        tern_fail_with(c,
                       &(tern_problem){.status = 422, .faults = faults.items, .fault_count = faults.count});
    return tern_text(c, "good");
}

TERN_HANDLER(ping)
{
    return tern_text(c, "pong");
}

static unsigned number(const char *name)
{
    const char *value = getenv(name);
    return value != NULL ? (unsigned)atoi(value) : 0;
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Passwords", .version = "1");
    tern_passwords(app, .memory_kib = number("MEMORY_KIB"), .passes = number("PASSES"),
                   .at_once = number("AT_ONCE"), .most_waiting = number("MOST_WAITING"),
                   .stolen_url = getenv("STOLEN_URL"), .pepper = getenv("PEPPER") != NULL);
    tern_post(app, "/hash", make_hash);
    tern_post(app, "/check", check_hash);
    tern_post(app, "/faults", judge);
    tern_get(app, "/ping", ping);
    return tern_run(app, argc, argv);
}
