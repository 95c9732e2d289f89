/** Which models and enums a document speaks of, and what they are called there. */
#include "schema/json_schema.h"

#include <stdio.h>
#include <string.h>

/** A type seen from one side. */
typedef struct schema_face {
    struct schema_face *next;
    const tern_type *type;
    schema_side side;
    schema_component *component;
} schema_face;

void schema_set_init(schema_set *set, arena *memory, const char *const *reserved)
{
    *set = (schema_set){.memory = memory, .end = &set->first, .reserved = reserved};
}

static void *keep(schema_set *set, size_t size)
{
    void *block = arena_alloc(set->memory, size);
    if (block == NULL)
        set->failed = true;
    return block != NULL ? memset(block, 0, size) : NULL;
}

static const schema_face *find_face(const schema_set *set, const tern_type *type, schema_side side)
{
    const schema_face *face = set->faces;
    while (face != NULL && (face->type != type || face->side != side))
        face = face->next;
    return face;
}

const schema_component *schema_component_of(const schema_set *set, const tern_type *type, schema_side side)
{
    const schema_face *face = find_face(set, type, side);
    return face != NULL ? face->component : NULL;
}

/* -- whether two faces say the same -- */

typedef struct same_pair {
    struct same_pair *next;
    const tern_type *a, *b;
} same_pair;

typedef struct comparison {
    schema_set *set;
    schema_side a_side, b_side;
    same_pair *assumed; /* pairs under comparison or done: one that differs ends it all */
} comparison;

static bool is_same(comparison *c, const tern_type *a, const tern_type *b);

/** Whether both print alike, what they refer to aside. */
static bool prints_alike(comparison *c, const tern_type *a, const tern_type *b)
{
    buf texts[2] = {{0}, {0}};
    const schema_set none = {0};
    schema_print_object(&none, a, c->a_side, &texts[0]);
    schema_print_object(&none, b, c->b_side, &texts[1]);
    c->set->failed |= texts[0].failed || texts[1].failed;
    bool alike = !c->set->failed && texts[0].len == texts[1].len &&
                 memcmp(texts[0].data, texts[1].data, texts[0].len) == 0;
    buf_free(&texts[0]);
    buf_free(&texts[1]);
    return alike;
}

static bool is_same_enum(const tern_type *a, const tern_type *b)
{
    if (a->name_count != b->name_count)
        return false;
    for (unsigned i = 0; i < a->name_count; i++)
        if (strcmp(a->names[i].name, b->names[i].name) != 0)
            return false;
    return true;
}

/** The next field from number `at` on that a side shows; NULL at the end. */
static const tern_field *next_shown(const tern_type *type, schema_side side, unsigned *at)
{
    while (*at < type->field_count) {
        const tern_field *field = &type->fields[(*at)++];
        if (!(side == SCHEMA_INPUT ? field->read_only : field->write_only))
            return field;
    }
    return NULL;
}

static bool is_same_model(comparison *c, const tern_type *a, const tern_type *b)
{
    for (same_pair *pair = c->assumed; pair != NULL; pair = pair->next)
        if (pair->a == a && pair->b == b)
            return true;
    same_pair *pair = keep(c->set, sizeof *pair);
    if (pair == NULL || !prints_alike(c, a, b))
        return false;
    *pair = (same_pair){c->assumed, a, b};
    c->assumed = pair;
    const tern_field *one, *other;
    c->a_side = schema_side_inside(c->a_side);
    c->b_side = schema_side_inside(c->b_side);
    for (unsigned i = 0, k = 0; (one = next_shown(a, c->a_side, &i)) != NULL;) {
        other = next_shown(b, c->b_side, &k); /* as many: they print alike */
        if (other == NULL || !is_same(c, one->type, other->type))
            return false;
    }
    return true;
}

static bool is_same(comparison *c, const tern_type *a, const tern_type *b)
{
    if (a->kind != b->kind || strcmp(a->name, b->name) != 0)
        return false;
    switch (a->kind) {
    case TERN_LIST_KIND:
    case TERN_MAP_KIND:
        return is_same(c, a->item, b->item);
    case TERN_ENUM:
        return is_same_enum(a, b);
    case TERN_MODEL_KIND:
        return is_same_model(c, a, b);
    default:
        return true; /* printing has told them apart */
    }
}

/* -- filling -- */

/** Puts what the set has not seen yet in it: as another face of a component that says the same, or as a new
 * one. */
static bool add_face(schema_set *set, const tern_type *type, schema_side side)
{
    schema_component *found = set->first;
    for (; found != NULL; found = found->next) {
        comparison same = {.set = set, .a_side = found->side, .b_side = side};
        if (is_same(&same, found->type, type))
            break;
    }
    schema_face *face = keep(set, sizeof *face);
    if (face != NULL && found == NULL && (found = keep(set, sizeof *found)) != NULL) {
        *found = (schema_component){.type = type, .side = side};
        *set->end = found;
        set->end = &found->next;
    }
    if (set->failed || face == NULL || found == NULL)
        return false;
    *face = (schema_face){.next = set->faces, .type = type, .side = side, .component = found};
    set->faces = face;
    found->is_received |= side == SCHEMA_OUTPUT;
    return true;
}

static void add_parts(schema_set *set, const tern_type *type, schema_side side)
{
    const tern_field *field;
    for (unsigned i = 0; (field = next_shown(type, side, &i)) != NULL;)
        schema_set_add(set, field->type, schema_side_inside(side));
}

void schema_set_add(schema_set *set, const tern_type *type, schema_side side)
{
    while (type->item != NULL)
        type = type->item;
    if ((type->kind != TERN_MODEL_KIND && type->kind != TERN_ENUM) || set->failed)
        return;
    if (find_face(set, type, side) == NULL && add_face(set, type, side)) /* before its parts: cycles */
        add_parts(set, type, side);
}

/* -- naming -- */

static bool is_taken(const schema_set *set, const char *name)
{
    for (const char *const *reserved = set->reserved; reserved != NULL && *reserved != NULL; reserved++)
        if (strcmp(*reserved, name) == 0)
            return true;
    for (const schema_component *c = set->first; c != NULL; c = c->next)
        if (c->name != NULL && strcmp(c->name, name) == 0)
            return true;
    return false;
}

/** "Todo"; "TodoPart" for what may lack fields; where "Todo" is taken "TodoInput" for what is only sent; and
 * then "Todo_2" and so on. */
static void name_component(schema_set *set, schema_component *c)
{
    const char *suffix = c->side == SCHEMA_PART && !c->is_received         ? "Part"
                         : !c->is_received && is_taken(set, c->type->name) ? "Input"
                                                                           : "";
    const char *name = arena_printf(set->memory, "%s%s", c->type->name, suffix);
    for (unsigned number = 2; name != NULL && is_taken(set, name); number++)
        name = arena_printf(set->memory, "%s%s_%u", c->type->name, suffix, number);
    c->name = name;
    set->failed |= name == NULL;
}

bool schema_set_name(schema_set *set)
{
    for (int received = 1; received >= 0 && !set->failed; received--)
        for (schema_component *c = set->first; c != NULL; c = c->next)
            if (c->is_received == (bool)received && !set->failed)
                name_component(set, c);
    return !set->failed;
}
