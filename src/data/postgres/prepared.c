/*
 * The prepared statements of a connection, and the handling of tables that change. Hot path: prepared_name.
 *
 * A name is never reused, not even for the same statement. Outdated prepared statements remain on the server
 * until the connection ends.
 */
#include "data/postgres/faults.h"
#include "data/postgres/pool.h"

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"

#include <tern/log.h>

#include <string.h>

enum {
    MISSING_MOST = 3,   /* after these, statements are no longer prepared by name */
    SERIALS_MOST = 8192 /* prepared on one connection in its life; a process keeps 4,352 statements at most */
};

bool prepared_begin_names(pg_link *l)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[NAME_RANDOM_BYTES];
    char *at = l->name_begin;
    if (!random_bytes(bytes, sizeof bytes))
        return false;
    *at++ = 't';
    for (size_t i = 0; i < sizeof bytes; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return true;
}

static bool make_room(pg_link *l, unsigned id)
{
    unsigned room = (id + 64) & ~63u;
    prepared *grown = mem_realloc(l->prepared, room * sizeof *grown);
    if (grown == NULL)
        return false;
    memset(grown + l->prepared_room, 0, (room - l->prepared_room) * sizeof *grown);
    l->prepared = grown;
    l->prepared_room = room;
    return true;
}

bool prepared_name(pg_link *l, pg_request *r, char name[NAME_BYTES])
{
    unsigned id = r->statement->id;
    if (id >= l->prepared_room && !make_room(l, id))
        return false;
    prepared *p = &l->prepared[id];
    r->prepared_id = id;
    r->is_earlier = p->generation == l->db->generation && p->version == r->statement->version;
    if (!r->is_earlier) { /* or will be, when the answer arrives; otherwise it is forgotten */
        *p = (prepared){++l->serial, l->db->generation, r->statement->version};
        if (prepared_is_worn(l) && l->state == LINK_READY)
            l->state = LINK_DRAINING;
    }
    r->serial = p->serial;
    memcpy(name, l->name_begin, NAME_BEGIN_BYTES);
    name[NAME_BEGIN_BYTES] = '_';
    size_t digits = text_put_u64(name + NAME_BEGIN_BYTES + 1, p->serial);
    name[NAME_BEGIN_BYTES + 1 + digits] = '\0';
    return true;
}

void prepared_forget(pg_link *l, uint32_t id)
{
    if (id < l->prepared_room)
        l->prepared[id].generation = 0;
}

void prepared_forget_all(pg_link *l)
{
    for (unsigned id = 0; id < l->prepared_room; id++)
        l->prepared[id].generation = 0;
}

bool prepared_is_worn(const pg_link *l)
{
    return l->serial >= SERIALS_MOST;
}

/* A server that repeatedly does not know prepared statements is in fact several servers: there is a pooler
 * that was not detected. */
static void note_missing(data_database *db)
{
    if (++db->missing != MISSING_MOST)
        return;
    db->is_pooled = true;
    list_each (link, &db->links) {
        pg_link *l = list_owner(link, pg_link, link);
        l->is_pooled = l->is_nameless = true;
    }
    tern_log(TERN_LOG_WARN,
             "PostgreSQL does not know statements that were prepared on its connections: a pooler "
             "seems to be in use. Statements are sent without names from now on, as with "
             "TERN_DATABASE_PREPARE=never");
}

bool prepared_is_to_blame(pg_link *l, pg_request *r)
{
    data_database *db = l->db;
    const prepared *p = &l->prepared[r->prepared_id];
    bool is_current = p->serial == r->serial && p->generation == db->generation; /* not noticed yet */
    fault_origin origin = fault_origin_of(r->result);
    if (origin == FAULT_OF_STATEMENT)
        return false;
    r->is_plain = r->is_outdated = true;
    r->generation = origin == FAULT_OF_VALUE ? db->generation : 0;
    if (origin == FAULT_OF_TABLES && is_current)
        db->generation++;
    if (origin == FAULT_OF_NAME && is_current) {
        prepared_forget(l, r->prepared_id);
        note_missing(db);
    }
    return true;
}

void prepared_was_to_blame(data_database *db, const pg_request *r)
{
    if (r->generation == db->generation) /* otherwise another request has reported it */
        db->generation++;
}
