/** The inside of tern_offload that metrics and tests look at. */
#ifndef RUNTIME_OFFLOAD_H
#define RUNTIME_OFFLOAD_H

#include <stdbool.h>

/** Threads of this worker's pool, working or idle. */
unsigned offload_threads(void);

#ifdef TERN_FAULTS
/** Makes every start of a thread fail from now on, or no longer. */
void offload_fail_threads(bool fail);
/** Changes how long a thread stays without work. */
void offload_set_idle_ms(unsigned ms);
#endif

#endif
