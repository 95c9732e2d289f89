/** `APP users`: what its files share. */
#ifndef AUTH_COMMAND_USERS_H
#define AUTH_COMMAND_USERS_H

#include <tern/context.h>
#include <tern/model.h>

#include <stdbool.h>
#include <stdint.h>

/** How a command ends. */
enum { USERS_DONE = 0, USERS_FAILED = 1, USERS_USAGE = 2, USERS_CANCELLED = 130 };

/** The model of users; fields that it has not are NULL. */
typedef struct user_fields {
    tern_type *type;
    const tern_field *id, *email, *name, *password, *is_active, *token_epoch, *email_verified;
} user_fields;
extern user_fields users_model;

/* -- row.c -- */

/** A row whose fields are all absent, so that a write gives them their fallbacks. */
void *user_row_new(tern_ctx *c);
/** The user that a word names, by number, address, or name where names are unique; NULL after a line on standard error. */
void *user_row_find(tern_ctx *c, const char *word);
/** The user of this address, in any case; NULL without one. */
void *user_row_by_email(tern_ctx *c, const char *email);
/** At most `most` users after the number `after`; their number in `*count`. */
void *user_rows_after(tern_ctx *c, int64_t after, unsigned most, size_t *count);
int64_t user_row_id(const void *row);
/** NULL for null, and where the model has no such field. */
const char *user_row_text(const void *row, const tern_field *field);
bool user_row_is_active(const void *row);
void user_row_set_text(void *row, const tern_field *field, const char *text);
/** A date-time: now. */
void user_row_set_now(void *row, const tern_field *field);
void user_row_set_active(void *row, bool is_active);
/** Raises the number that what was given out to the user has to have. */
void user_row_end_tokens(void *row);
/** Writes these fields of the row: "password, token_epoch". */
void user_row_update(tern_ctx *c, void *row, const char *fields);

/* -- ask.c -- */

/**
 * A password: asked for twice without echo on a terminal, otherwise the first line of standard input. NULL after a line on
 * standard error, with the code to end with in `*code`.
 */
const char *ask_password(tern_ctx *c, int *code);

/* -- group_commands.c -- */

int users_grant(tern_ctx *c, int count, char **words);
int users_revoke(tern_ctx *c, int count, char **words);
int users_group(tern_ctx *c, int count, char **words);

/* -- print.c -- */

/** One line on standard error: "users: ...". */
void users_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** The text as a terminal may have it: '?' for control characters. NULL is "". */
const char *users_shown(tern_ctx *c, const char *text);
/** Who runs the command, for the audit log. */
const char *users_actor(tern_ctx *c);
/** How many columns the text takes, one for each character. */
int users_width(const char *text);

#endif
