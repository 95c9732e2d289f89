/**
 * Types as JSON Schema 2020-12, for OpenAPI 3.1 and other tools.
 *
 * Models and enums become named components, referred to by "#/components/schemas/Todo". A set is filled with
 * every type in the document (schema_set_add), then its components get their names (schema_set_name), then it
 * is printed. Used at start only.
 *
 * A model has two faces: the one that a client sends has no read-only fields, the one it receives no
 * write-only ones. Equal faces are one component, whether they are two sides of one model or its declarations
 * in two source files. Where they differ, "Todo" is what a client receives and "TodoInput" what it sends;
 * "TodoPart" is what it receives where it may request only some fields.
 */
#ifndef SCHEMA_JSON_SCHEMA_H
#define SCHEMA_JSON_SCHEMA_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/name_table.h"
#include "schema/plan/plan.h"

/** The direction of a value, seen from the service; SCHEMA_PART: out, and any field of the model (not of
 * nested ones) may be missing. */
typedef enum schema_side { SCHEMA_INPUT, SCHEMA_OUTPUT, SCHEMA_PART } schema_side;
enum { SCHEMA_SIDES = SCHEMA_PART + 1 };

/** The side of a model's fields. */
static inline schema_side schema_side_inside(schema_side side)
{
    return side == SCHEMA_PART ? SCHEMA_OUTPUT : side;
}

typedef struct schema_component {
    struct schema_component *next;
    const tern_type *type; /* the first of the equal types, and its side */
    schema_side side;
    bool is_received;                    /* a client may receive it: it gets the plain name */
    struct schema_component *next_alike; /* the next one whose object prints the same */
    const char *name;                    /* NULL until schema_set_name */
} schema_component;

typedef struct schema_set {
    arena *memory;
    schema_component *first, **end;
    struct schema_face **faces; /* every type and side seen, with its component */
    unsigned face_count, face_room;
    name_table index;            /* of faces, components and names (schema_set.c) */
    const char *const *reserved; /* names that models must not use; NULL-ended; may be NULL */
    bool failed;                 /* out of memory */
} schema_set;

/** An empty set; everything but its index is in `memory`: end it with schema_set_free. */
void schema_set_init(schema_set *set, arena *memory, const char *const *reserved);
/** Adds `type` (prepared by schema_prepare) and all types it refers to. */
void schema_set_add(schema_set *set, const tern_type *type, schema_side side);
/** Gives each component its name; nothing may be added after. False when out of memory. */
bool schema_set_name(schema_set *set);
/** Frees the index; the set must not be used after. */
void schema_set_free(schema_set *set);

/** The component of a model or enum on a side; NULL if not in the set. */
const schema_component *schema_component_of(const schema_set *set, const tern_type *type, schema_side side);

/** The schema of any type: a reference for models and enums. */
void schema_print(const schema_set *set, const tern_type *type, schema_side side, buf *out);
/** The schema of a field with its rules. In a body optional fields accept null as well; a parameter cannot be
 * null, and its description is outside its schema. */
void schema_print_field(const schema_set *set, const field_plan *f, schema_side side, bool is_parameter,
                        buf *out);
/** The member "description": the field's help, and the limits that JSON Schema has no keyword for. Empty if
 * there are none. */
void schema_print_description(const field_plan *f, buf *out);
/** A model's object itself, not a reference to it. */
void schema_print_object(const schema_set *set, const tern_type *type, schema_side side, buf *out);
/** `"Todo":{...},"Tag":{...}`: the members of components/schemas, in order of first use. */
void schema_print_components(const schema_set *set, buf *out);

#endif
