/** tern_copy's plans: which field is copied where, and which cannot be. */
#include "check.h"

#include "schema/copy.h"

#include <tern/part.h>

#include <string.h>

TERN_MODEL(Place, (const char *, city))
TERN_MODEL(User,
    (int64_t,         id,      .key = true, .read_only = true),
    (const char *,    email),
    (const char *,    bio,     .optional = true),
    (tern_uuid,       token,   .optional = true),
    (bool,            active,  .fallback = "true"),
    (int16_t,         age),
    (tern_text_list,  tags),
    (Place,           home),
    (tern_time,       wakes),
    (tern_datetime,   created, .created = true, .read_only = true))
TERN_PARTIAL(UserChange, User)
TERN_PARTIAL(OwnChange, User, id, email, bio, active, (const char *, password))
TERN_PART(PublicUser, User, id, email, created, (int, friends))
TERN_PART(NamedUser, PublicUser, id, email)
TERN_MODEL(NewUser, (const char *, email), (int16_t, age), (bool, active, .fallback = "true"))
TERN_MODEL(Named, (const char *, name, .key = true), (int, age))

TERN_MODEL(Misspelled, (const char *, emial), (int, age), (const char *, bio))
TERN_MODEL(Nullable, (const char *, email, .optional = true))
TERN_MODEL(Wrong, (int, size, .min = 3, .max = 2))
TERN_MODEL(WideAge, (int32_t, age), (tern_int64_list, tags), (const char *, bio))

static const copy_plan *plan_for(tern_type *into, tern_type *from, const char *want)
{
    buf problems = {0};
    const copy_plan *plan = copy_find(into, from);
    if (plan == NULL)
        plan = copy_make(into, from, &problems);
    CHECK_TEXT(problems.data != NULL ? problems.data : "", want);
    CHECK((plan == NULL) == (*want != '\0'));
    buf_free(&problems);
    return plan;
}

static unsigned copy(tern_type *into_type, void *into, tern_type *from_type, const void *from)
{
    return copy_fields(plan_for(into_type, from_type, ""), into, from);
}

/** A change with all fields recorded as absent. */
static UserChange no_change(void)
{
    UserChange change = {0};
    memset(&change.tern_state, TERN_STATE_ABSENT, sizeof change.tern_state);
    return change;
}

TEST(given_fields_are_copied_and_the_rest_stays)
{
    const char *tags[] = {"a", "b"};
    User user = {.id = 7, .email = "old", .bio = "old", .age = 30, .active = true};
    UserChange change = no_change();
    change.email = "new";
    change.active = false;
    change.tags = (tern_text_list){tags, 2};
    change.home.city = "Delft";
    change.wakes = (tern_time){7, 30, 0, 0};
    change.tern_state.email = change.tern_state.active = change.tern_state.tags = TERN_STATE_GIVEN;
    change.tern_state.home = change.tern_state.wakes = TERN_STATE_GIVEN;
    CHECK_INT(copy(TERN_TYPE(User), &user, TERN_TYPE(UserChange), &change), 5);
    CHECK_TEXT(user.email, "new");
    CHECK_TEXT(user.bio, "old");
    CHECK_INT(user.age, 30);
    CHECK(!user.active);
    CHECK(user.tags.items == tags && user.tags.count == 2);
    CHECK_TEXT(user.home.city, "Delft");
    CHECK_INT(user.wakes.minute, 30);
    CHECK_INT(user.id, 7);
    schema_forget();
}

TEST(null_is_copied_and_recorded)
{
    User user = {.id = 7, .bio = "old", .token = {{1}}};
    UserChange change = no_change();
    change.tern_state.bio = change.tern_state.token = TERN_STATE_NULL;
    CHECK_INT(copy(TERN_TYPE(User), &user, TERN_TYPE(UserChange), &change), 2);
    CHECK(tern_is_null(&user, bio) && user.bio == NULL);
    CHECK(tern_is_null(&user, token) && user.token.bytes[0] == 0);
    schema_forget();
}

TEST(a_value_that_replaces_null_is_recorded)
{
    User user = {.id = 7};
    UserChange change = no_change();
    user.tern_state.bio = TERN_STATE_NULL;
    change.bio = "new";
    change.tern_state.bio = TERN_STATE_GIVEN;
    copy(TERN_TYPE(User), &user, TERN_TYPE(UserChange), &change);
    CHECK(!tern_is_null(&user, bio) && tern_has(&user, bio));
    CHECK_TEXT(user.bio, "new");
    schema_forget();
}

TEST(nothing_given_changes_nothing)
{
    User user = {.id = 7, .email = "old", .age = 3}, before = user;
    UserChange change = no_change();
    CHECK_INT(copy(TERN_TYPE(User), &user, TERN_TYPE(UserChange), &change), 0);
    CHECK(memcmp(&user, &before, sizeof user) == 0);
    schema_forget();
}

TEST(a_model_without_optional_fields_is_copied_as_a_whole)
{
    User user = {.bio = "kept"};
    NewUser made = {.email = "a@b", .age = 41, .active = true};
    CHECK_INT(copy(TERN_TYPE(User), &user, TERN_TYPE(NewUser), &made), 3);
    CHECK_TEXT(user.email, "a@b");
    CHECK_INT(user.age, 41);
    CHECK(user.active);
    CHECK_TEXT(user.bio, "kept");
    schema_forget();
}

TEST(threat_099_fields_set_by_the_service_are_never_copied_from_an_input)
{
    User user = {.id = 7, .email = "old", .created = {1000}}, in = {.email = "new"};
    copy(TERN_TYPE(User), &user, TERN_TYPE(User), &in);
    CHECK_INT(user.id, 7);
    CHECK_INT(user.created.microseconds, 1000);
    CHECK_TEXT(user.email, "new");
    schema_forget();
}

TEST(threat_099_a_row_keeps_its_key_whatever_the_path_says)
{
    Named row = {.name = "ann"}, fresh = {0}, in = {.name = "bob", .age = 3};
    in.tern_state.name = TERN_STATE_GIVEN;
    CHECK_INT(copy(TERN_TYPE(Named), &row, TERN_TYPE(Named), &in), 1);
    CHECK_TEXT(row.name, "ann");
    CHECK_INT(row.age, 3);
    CHECK_INT(copy(TERN_TYPE(Named), &fresh, TERN_TYPE(Named), &in), 2);
    CHECK_TEXT(fresh.name, "bob");
    schema_forget();
}

TEST(fields_that_only_a_part_has_are_skipped)
{
    User user = {.id = 7};
    OwnChange change = {.id = 9, .email = "new", .password = "secret"};
    change.tern_state.bio = TERN_STATE_ABSENT;
    CHECK_INT(copy(TERN_TYPE(User), &user, TERN_TYPE(OwnChange), &change), 2);
    CHECK_TEXT(user.email, "new");
    CHECK_INT(user.id, 7);
    schema_forget();
}

TEST(a_row_is_copied_into_a_part_of_its_model_with_all_fields_of_the_part)
{
    const User user = {.id = 7, .email = "a@b", .bio = "hidden", .created = {1000}};
    PublicUser out = {.friends = 2};
    NamedUser less = {0};
    CHECK_INT(copy(TERN_TYPE(PublicUser), &out, TERN_TYPE(User), &user), 3);
    CHECK_INT(out.id, 7);
    CHECK_TEXT(out.email, "a@b");
    CHECK_INT(out.created.microseconds, 1000);
    CHECK_INT(out.friends, 2);
    CHECK_INT(copy(TERN_TYPE(NamedUser), &less, TERN_TYPE(User), &user), 2);
    CHECK_INT(less.id, 7);
    CHECK_INT(copy(TERN_TYPE(NamedUser), &less, TERN_TYPE(PublicUser), &out), 1);
    schema_forget();
}

TEST(a_model_may_be_copied_into_several_others)
{
    User user = {0};
    NewUser made = {.email = "a@b"}, again = {0};
    CHECK_INT(copy(TERN_TYPE(User), &user, TERN_TYPE(NewUser), &made), 3);
    CHECK_INT(copy(TERN_TYPE(NewUser), &again, TERN_TYPE(NewUser), &made), 3);
    CHECK(copy_find(TERN_TYPE(User), TERN_TYPE(NewUser)) !=
          copy_find(TERN_TYPE(NewUser), TERN_TYPE(NewUser)));
    CHECK_TEXT(again.email, "a@b");
    schema_forget();
    CHECK(copy_find(TERN_TYPE(User), TERN_TYPE(NewUser)) == NULL);
}

TEST(fields_that_do_not_fit_are_named_with_both_models)
{
    plan_for(TERN_TYPE(User), TERN_TYPE(Misspelled),
             "Misspelled cannot be copied into User: field emial does not exist there\n"
             "Misspelled cannot be copied into User: field age has another type there\n");
    plan_for(TERN_TYPE(User), TERN_TYPE(WideAge),
             "WideAge cannot be copied into User: field age has another type there\n"
             "WideAge cannot be copied into User: field tags has another type there\n");
    plan_for(TERN_TYPE(User), TERN_TYPE(Nullable),
             "Nullable cannot be copied into User: field email may be null here but not there\n");
    CHECK(copy_find(TERN_TYPE(User), TERN_TYPE(Misspelled)) == NULL);
    schema_forget();
}

TEST(a_model_with_mistakes_is_reported_as_at_start)
{
    plan_for(TERN_TYPE(User), TERN_TYPE(Wrong), "model Wrong, field size: .min = 3 is above .max = 2\n");
    schema_forget();
}
