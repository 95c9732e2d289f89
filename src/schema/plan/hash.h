/** The perfect hash of plan_find: built at start, used once for every key of every object. */
#ifndef SCHEMA_PLAN_HASH_H
#define SCHEMA_PLAN_HASH_H

#include "base/arena.h"
#include "schema/plan/plan.h"

/** Finds a seed under which no two of the `count` keys of plan->fields share a slot, and fills seed, mask and
 * slots. The keys differ from each other. False when out of memory. */
bool plan_hash_build(type_plan *plan, unsigned count, arena *memory);

#endif
