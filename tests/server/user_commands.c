/** `APP users`, for test_user_commands.py. BARE=1 has neither groups nor the audit log, and a smaller model. */
#include <tern.h>

#include <stdlib.h>

TERN_ENUM(Role, reader, writer)

TERN_MODEL_WITH(User, (.table = "account_user"),
    (int64_t,       id,          .key = true),
    (const char *,  email,       .unique = true, .max_length = 254),
    (const char *,  name,        .optional = true, .max_length = 100, .unique = true, .pattern = "^[^@]*$"),
    (tern_datetime, email_verified, .optional = true),
    (const char *,  password,    .optional = true, .secret = true),
    (bool,          is_active,   .fallback = "true"),
    (int,           token_epoch, .fallback = "0"),
    (Role,          role,        .fallback = "writer"),
    (tern_datetime, joined,      .created = true),
    (tern_datetime, seen,        .optional = true))

TERN_MODEL_WITH(Bare, (.table = "bare"), (int64_t, id, .key = true), (const char *, email))

TERN_MODEL(AuditPage, (const char *, after, .optional = true), (int64_t, size, .fallback = "2"))

TERN_HANDLER(events, AuditPage, in)
{
    tern_paging paging = {.size = in->size, .after = in->after};
    tern_audit_event_list found = tern_audit_events(c, &paging);
    return tern_page(c, tern_audit_event, found, &paging);
}

TERN_HANDLER(note)
{
    tern_audit(c, "note", .user = tern_param_int(c, "user"), .details = tern_query(c, "details"));
    return tern_text(c, "noted");
}

TERN_HANDLER(may)
{
    return tern_text(c,
                     tern_user_may(c, tern_param_int(c, "user"), tern_query(c, "permission")) ? "yes" : "no");
}

int main(int argc, char **argv)
{
    bool is_bare = getenv("BARE") != NULL;
    tern_app *app = tern_app_new(.title = "Users");
    tern_database(app);
    tern_user_commands(app, is_bare ? TERN_TYPE(Bare) : TERN_TYPE(User));
    if (!is_bare) {
        tern_passwords(app, .memory_kib = 7168, .passes = 5);
        tern_groups(app);
        tern_audit_log(app, .keep_days = 30);
        tern_get(app, "/events", events, .returns = TERN_LIST(tern_audit_event), .paged = true,
                 .total = TERN_TOTAL_NONE);
    }
    tern_post(app, "/note/{user:int}", note);
    tern_get(app, "/may/{user:int}", may);
    return tern_run(app, argc, argv);
}
