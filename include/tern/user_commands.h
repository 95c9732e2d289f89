/**
 * Commands for users: who runs the service makes and changes them on its command line.
 *
 *     tern_user_commands(app, TERN_TYPE(User));                    in main
 *
 *     APP users create ann@example.org --name "Ann" --superuser    asks for a password twice
 *     APP users passwd ann@example.org < file                      or takes the first line of what it is given
 *     APP users grant ann@example.org "books.*"
 *     APP users group new editors
 *     APP users list --json
 *
 * `APP users` alone lists them all. They end with 0; with 1 and a line on standard error when something is wrong with the
 * user, group, password or database; with 2 for a wrong command line; with 130 when a password was given up with Ctrl-C.
 * docs/permissions.md has whole programs.
 */
#ifndef TERN_USER_COMMANDS_H
#define TERN_USER_COMMANDS_H

#include <tern/app.h>
#include <tern/model.h>

/**
 * Adds the command `users`, once, in `main`.
 *
 * @param user  the model of users, whose fields are found by name: `id` (int64_t, its key) and `email` (a text) are needed.
 *              Others are used where the model has them: `name`, `password` (a text, which receives the hash), `is_active`
 *              (a bool), `email_verified` (a date-time, which is set when a user is made) and `token_epoch` (a number, which
 *              a new password and `disable` raise, so that what was given out before ends). Its table becomes part of the database. A model without the two is a mistake that tern_run
 *              reports.
 *
 * Permissions and groups need tern_groups(app). Each change is an event of the audit log (tern/audit.h).
 */
void tern_user_commands(tern_app *app, tern_type *user);

#endif
