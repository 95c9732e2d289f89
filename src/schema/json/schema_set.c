/** The models and enums of a document, and their names in it. */
#include "schema/json/schema.h"

#include <stdio.h>
#include <string.h>

/** A type seen from one side. */
typedef struct schema_face {
    const tern_type *type;
    schema_side side;
    const char *text; /* its name and its text, which refers to other types by name */
    size_t text_len;
    uint32_t number;             /* index in the set's faces + 1 */
    schema_component *component; /* NULL: compared, but not in the set */
} schema_face;

/* The spaces of the index. */
enum {
    FACES, /* and FACES + side: the bytes of a type's address; value: number of the face + 1 */
    TEXTS = FACES + SCHEMA_SIDES, /* a face's text; value: as above, of the newest component with this text */
    NAMES,                        /* names taken */
    NUMBERS                       /* names without their number; value: the last number used */
};

void schema_set_init(schema_set *set, arena *memory, const char *const *reserved)
{
    *set = (schema_set){.memory = memory, .end = &set->first, .reserved = reserved};
}

void schema_set_free(schema_set *set)
{
    name_table_free(&set->index);
}

static void *keep(schema_set *set, size_t size)
{
    void *block = arena_alloc(set->memory, size);
    if (block == NULL)
        set->failed = true;
    return block != NULL ? memset(block, 0, size) : NULL;
}

static void put(schema_set *set, uint32_t space, const char *text, size_t len, uint32_t value)
{
    if (!name_table_put(&set->index, space, text, len, value))
        set->failed = true;
}

/** Enters a face under its type and side. */
static void enter(schema_set *set, schema_face *face)
{
    if (set->face_count == set->face_room) {
        unsigned room = set->face_room != 0 ? 2 * set->face_room : 16;
        schema_face **faces = keep(set, room * sizeof *faces);
        if (faces == NULL)
            return;
        if (set->face_count != 0)
            memcpy(faces, set->faces, set->face_count * sizeof *faces);
        set->faces = faces;
        set->face_room = room;
    }
    set->faces[set->face_count++] = face;
    face->number = set->face_count;
    put(set, FACES + face->side, (const char *)&face->type, sizeof face->type, face->number);
}

static schema_face *find_face(const schema_set *set, const tern_type *type, schema_side side)
{
    uint32_t number = name_table_find(&set->index, FACES + side, (const char *)&type, sizeof type);
    return number != 0 ? set->faces[number - 1] : NULL;
}

/** Sets the face's text; false when out of memory. */
static bool print_face(schema_set *set, schema_face *face)
{
    const schema_set none = {0};
    buf text = {0};
    buf_add_text(&text, face->type->name);
    if (face->type->kind == TERN_KIND_MODEL)
        schema_print_object(&none, face->type, face->side, &text);
    for (unsigned i = 0; i < face->type->name_count; i++)
        buf_add_printf(&text, ",%s", face->type->names[i].name);
    face->text_len = text.len;
    face->text = !text.failed ? arena_text(set->memory, text.data, text.len) : NULL;
    buf_free(&text);
    set->failed |= face->text == NULL;
    return face->text != NULL;
}

/** The face of a model or enum, made when new; NULL when out of memory. */
static schema_face *face_of(schema_set *set, const tern_type *type, schema_side side)
{
    schema_face *face = find_face(set, type, side);
    if (face != NULL || (face = keep(set, sizeof *face)) == NULL)
        return face;
    *face = (schema_face){.type = type, .side = side};
    if (print_face(set, face))
        enter(set, face);
    return !set->failed ? face : NULL;
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
    same_pair *assumed; /* pairs under comparison or done: the first that differs ends it */
} comparison;

static bool is_same(comparison *c, const tern_type *a, const tern_type *b);

/** Whether both print the same, apart from the types they refer to. */
static bool prints_alike(comparison *c, const tern_type *a, const tern_type *b)
{
    const schema_face *one = face_of(c->set, a, c->a_side), *other = face_of(c->set, b, c->b_side);
    return one != NULL && other != NULL && one->text_len == other->text_len &&
           memcmp(one->text, other->text, one->text_len) == 0;
}

/** The next field, from number `at`, on a side; NULL at the end. */
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
        other = next_shown(b, c->b_side, &k); /* the same number: they print the same */
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
    case TERN_KIND_LIST:
    case TERN_KIND_MAP:
        return is_same(c, a->item, b->item);
    case TERN_KIND_ENUM:
        return prints_alike(c, a, b);
    case TERN_KIND_MODEL:
        return is_same_model(c, a, b);
    default:
        return true; /* their texts differ otherwise */
    }
}

/* -- filling -- */

/** The component equal to the face; a new one if there is none, NULL when out of memory. */
static schema_component *component_for(schema_set *set, const schema_face *face)
{
    uint32_t number = name_table_find(&set->index, TEXTS, face->text, face->text_len);
    schema_component *alike = number != 0 ? set->faces[number - 1]->component : NULL;
    for (schema_component *found = alike; found != NULL; found = found->next_alike) {
        comparison same = {.set = set, .a_side = found->side, .b_side = face->side};
        if (is_same(&same, found->type, face->type))
            return found;
    }
    schema_component *made = keep(set, sizeof *made);
    if (made == NULL)
        return NULL;
    *made = (schema_component){.type = face->type, .side = face->side, .next_alike = alike};
    *set->end = made;
    set->end = &made->next;
    put(set, TEXTS, face->text, face->text_len, face->number);
    return made;
}

/** Adds a type that is not in the set: as another face of an equal component, or as a new component. False
 * when it is already in the set, or out of memory. */
static bool add_face(schema_set *set, const tern_type *type, schema_side side)
{
    schema_face *face = face_of(set, type, side);
    if (face == NULL || face->component != NULL)
        return false;
    face->component = component_for(set, face);
    if (set->failed)
        return false;
    face->component->is_received |= side == SCHEMA_OUTPUT;
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
    if ((type->kind != TERN_KIND_MODEL && type->kind != TERN_KIND_ENUM) || set->failed)
        return;
    if (add_face(set, type, side)) /* before its parts: cycles */
        add_parts(set, type, side);
}

/* -- naming -- */

static bool is_taken(const schema_set *set, const char *name)
{
    return name_table_find(&set->index, NAMES, name, strlen(name)) != 0;
}

/** "Todo"; "TodoPart" if fields may be missing; if "Todo" is taken, "TodoInput" for a type that is only sent;
 * then "Todo_2" and so on. */
static void name_component(schema_set *set, schema_component *c)
{
    const char *suffix = c->side == SCHEMA_PART && !c->is_received         ? "Part"
                         : !c->is_received && is_taken(set, c->type->name) ? "Input"
                                                                           : "";
    const char *base = arena_printf(set->memory, "%s%s", c->type->name, suffix), *name = base;
    uint32_t number = base != NULL ? name_table_find(&set->index, NUMBERS, base, strlen(base)) : 0;
    if (number == 0)
        number = 1; /* otherwise all numbers up to it are taken */
    while (name != NULL && is_taken(set, name))
        name = arena_printf(set->memory, "%s_%u", base, ++number);
    c->name = name;
    if (name == NULL) {
        set->failed = true;
        return;
    }
    put(set, NAMES, name, strlen(name), 1);
    put(set, NUMBERS, base, strlen(base), number);
}

bool schema_set_name(schema_set *set)
{
    for (const char *const *reserved = set->reserved; reserved != NULL && *reserved != NULL; reserved++)
        put(set, NAMES, *reserved, strlen(*reserved), 1);
    for (int received = 1; received >= 0 && !set->failed; received--)
        for (schema_component *c = set->first; c != NULL; c = c->next)
            if (c->is_received == (bool)received && !set->failed)
                name_component(set, c);
    return !set->failed;
}
