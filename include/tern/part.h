/**
 * Models made of another model's fields, and copying between models.
 *
 *     TERN_MODEL(Todo,
 *         (int64_t,      id,    .key = true, .read_only = true),
 *         (const char *, title, .min_length = 1, .max_length = 120),
 *         (bool,         done,  .fallback = "false"))
 *
 *     TERN_PARTIAL(TodoChange, Todo, title, done)
 *
 *     TERN_HANDLER(change_todo, TodoChange, in)
 *     {
 *         Todo *todo = tern_get_or_404(c, Todo, tern_param_int(c, "id"));
 *         tern_copy(Todo, todo, TodoChange, in);
 *         tern_update(c, Todo, todo);
 *         return tern_json(c, Todo, todo);
 *     }
 *
 * TodoChange is a model like any other: an input, a reply, a field's type, TERN_LIST(TodoChange).
 */
#ifndef TERN_PART_H
#define TERN_PART_H

#include <tern/model.h>

/**
 * Declares the model `Name` with the named fields of `Model`, each with the type and all the options that it
 * has there (rules, other names, help). A field in parentheses, as in TERN_MODEL, is the new model's own:
 * `TERN_PART(SignUp, User, name, email, (const char *, password, .min_length = 8))`. Up to 128 in all.
 *
 * Without any field, `Name` has all of them and is another name of the same struct.
 *
 * Of the options of the whole model only .ignore_unknown is taken over: .check is for a `Model`, and its
 * table is not the new model's.
 */
#define TERN_PART(Name, Model, ...)                                                                          \
    TERN_PART_##__VA_OPT__(SOME_)(Name, Model, false __VA_OPT__(, ) __VA_ARGS__)

/**
 * As TERN_PART, with every field of `Model` optional, for requests that change some fields (PATCH):
 * tern_given says which ones were sent.
 *
 * None has a fallback, so only what was sent is changed. A field may be null exactly where it may be in
 * `Model`. A .key or .read_only field remains one: it is never read from a body, so it is useful only where
 * the path has it (`/todos/{id}`). Fields in parentheses have their own options.
 */
#define TERN_PARTIAL(Name, Model, ...)                                                                       \
    TERN_PART_##__VA_OPT__(SOME_)(Name, Model, true __VA_OPT__(, ) __VA_ARGS__)

/**
 * Copies, by their names, the fields of `*from` that have a value into `*into`, and returns how many they
 * were: `tern_copy(Todo, todo, TodoChange, in)`. Fields that `*from` lacks are unchanged in `*into`.
 *
 * It copies every field that is not absent: what was sent, also null, and what a program or a .fallback has
 * put there. tern_given and tern_is_null are the same for the copy.
 *
 * Two kinds of field are not changed: those that are .read_only in `From`, which a client never gives, and a
 * .key of `*into` that is not zero (or NULL): the row keeps its identity.
 *
 * Every field of `From` must be one of `Into`, of the same type, and may be null only where that may; a field
 * in parentheses of TERN_PART or TERN_PARTIAL that `Into` lacks is skipped. Otherwise the first call logs the
 * field and both models, and the request fails with 500 (outside of a request the program ends).
 *
 * Into a part of `From`, for a reply that shows less than the row has, it copies the part's fields,
 * .read_only ones too: `tern_copy(PublicUser, &out, User, user)`.
 *
 * Nothing is allocated: texts, lists and models inside are shared with `*from`, and live as long.
 */
#define tern_copy(Into, into, From, from)                                                                    \
    tern_copy_of(TERN_TYPE(Into), _Generic((into), Into * : (into)), TERN_TYPE(From),                        \
                 _Generic((from), From * : (from), const From * : (from)))

/** What tern_copy calls. */
unsigned tern_copy_of(tern_type *into_type, void *into, tern_type *from_type, const void *from);

/* -- what the macros are made of -- */

/* A field of the whole is a bare name, one of the part's own has parentheses; TERN_SHAPE_ tells them apart.
 * The type of a bare one is its member's, and its description is found by its name as the program starts. */
#define TERN_PART_MEMBER_(Name, field)            TERN_PASTE(TERN_PART_MEMBER_, TERN_SHAPE_(field))(Name, field)
#define TERN_PART_MEMBER_TERN_WHOLE_(Name, field) TERN_FIELD_NEEDS_TYPE_AND_NAME_ field
#define TERN_PART_MEMBER_TERN_TWO_(Name, field)                                                              \
    _Static_assert(0, "the part " #Name ": a comma is missing between " #field);
#define TERN_PART_MEMBER_TERN_BARE_(Name, field)                                                             \
    TERN_PASTE(TERN_PRIVATE_PART_MEMBER_BARE_, TERN_IS_NOTHING_(field))(Name, field)
#define TERN_PRIVATE_PART_MEMBER_BARE_0(Name, field) __typeof__(((Name##_whole *)0)->field) field;
#define TERN_PRIVATE_PART_MEMBER_BARE_1(Name, field)
#define TERN_PART_MEMBER_TOO_MANY_(Name) _Static_assert(0, "the part " #Name ": has more than 128 fields");

#define TERN_PART_STATE_(Name, field)            TERN_PASTE(TERN_PART_STATE_, TERN_SHAPE_(field))(Name, field)
#define TERN_PART_STATE_TERN_WHOLE_(Name, field) TERN_STATE_OF_ field
#define TERN_PART_STATE_TERN_TWO_                TERN_DROP_
#define TERN_PART_STATE_TERN_BARE_(Name, field)                                                              \
    TERN_PASTE(TERN_PRIVATE_PART_STATE_BARE_, TERN_IS_NOTHING_(field))(Name, field)
#define TERN_PRIVATE_PART_STATE_BARE_0(Name, field) uint8_t field;
#define TERN_PRIVATE_PART_STATE_BARE_1(Name, field)
#define TERN_PART_STATE_TOO_MANY_ TERN_DROP_

#define TERN_PART_FIELD_(Name, field)            TERN_PASTE(TERN_PART_FIELD_, TERN_SHAPE_(field))(Name, field)
#define TERN_PART_FIELD_TERN_WHOLE_(Name, field) TERN_FIELD_OF_(Name, TERN_UNWRAP_ field)
#define TERN_PART_FIELD_TERN_TWO_                TERN_DROP_
#define TERN_PART_FIELD_TERN_BARE_(Name, field)                                                              \
    TERN_PASTE(TERN_PRIVATE_PART_FIELD_BARE_, TERN_IS_NOTHING_(field))(Name, field)
#define TERN_PRIVATE_PART_FIELD_BARE_0(Name, field_)                                                         \
    {.name = #field_, .offset = offsetof(Name, field_), .state_offset = offsetof(Name, tern_state.field_)},
#define TERN_PRIVATE_PART_FIELD_BARE_1(Name, field)
#define TERN_PART_FIELD_TOO_MANY_ TERN_DROP_

#define TERN_PART_SOME_(Name, Model, partial, ...)                                                           \
    typedef struct Name Name;                                                                                \
    typedef Model Name##_whole;                                                                              \
    struct Name {                                                                                            \
        TERN_EACH(TERN_PART_MEMBER_, Name, __VA_ARGS__)                                                      \
        struct {                                                                                             \
            TERN_EACH(TERN_PART_STATE_, Name, __VA_ARGS__)                                                   \
        } tern_state;                                                                                        \
    };                                                                                                       \
    TERN_STRICT_ static tern_field Name##_fields[] = {TERN_EACH(TERN_PART_FIELD_, Name, __VA_ARGS__)};       \
    TERN_STRICT_END_ TERN_PART_TYPES_(Name, Model, partial)

/* All fields: the same struct, and descriptions that are all filled in as the program starts. */
#define TERN_PART_(Name, Model, partial)                                                                     \
    typedef Model Name;                                                                                      \
    static tern_field Name##_fields[sizeof Model##_fields / sizeof *Model##_fields];                         \
    TERN_PART_TYPES_(Name, Model, partial)

#define TERN_PART_TYPES_(Name, Model, partial)                                                               \
    static tern_type Name##_type                                                                             \
        __attribute__((unused)) = {.kind = TERN_KIND_MODEL,                                                  \
                                   .name = #Name,                                                            \
                                   .size = sizeof(Name),                                                     \
                                   .fields = Name##_fields,                                                  \
                                   .field_count = sizeof Name##_fields / sizeof *Name##_fields,              \
                                   .whole = TERN_TYPE(Model),                                                \
                                   .is_partial = partial};                                                   \
    TERN_LIST_OF(Name)                                                                                       \
    TERN_MAP_OF(Name)

#endif
