/* Set up once in a process: SQLite's memory, its VFS, and the count of forks. */
#include "data/sqlite/internal.h"
#include "data/sqlite/vfs.h"

#include "base/mem.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>

static unsigned forks, open_databases;
static bool has_inherited;

static void count_fork(void)
{
    forks++;
    has_inherited |= open_databases != 0;
}

void sqlite_count_databases(int change)
{
    open_databases += (unsigned)change;
}

bool sqlite_has_inherited(void)
{
    return has_inherited;
}

unsigned sqlite_forks(void)
{
    return forks;
}

/* Routes SQLite's memory through mem.h, so that tests can make it fail. */

static void *take(int size)
{
    return mem_alloc((size_t)size);
}

static void *resize(void *block, int size)
{
    return mem_realloc(block, (size_t)size);
}

static int size_of(void *block)
{
    return block != NULL ? (int)malloc_usable_size(block) : 0;
}

static int round_up(int size)
{
    return (size + 7) & ~7;
}

static int begin(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void end(void *unused)
{
    (void)unused;
}

/*
 * SQLite sorts data that fits cache_size in one step of its virtual machine, during which nothing else runs.
 * So cache_size is small (connection.c); but the same setting limits the page cache. The page cache therefore
 * gets a higher limit: 4 MiB of a file, and up to 32 MiB for a statement's temporary tables (a DISTINCT, a
 * GROUP BY), for which SQLite allows 2 MiB before it uses a temporary file.
 */
enum { CACHE_TIMES = 16, SORT_PAGES = 64 };

static void (*set_cache_size)(sqlite3_pcache *cache, int pages);

static void set_larger_cache_size(sqlite3_pcache *cache, int pages)
{
    set_cache_size(cache, pages < INT_MAX / CACHE_TIMES ? pages * CACHE_TIMES : pages);
}

static void enlarge_caches(void)
{
    sqlite3_pcache_methods2 cache;
    if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &cache) != SQLITE_OK ||
        cache.xCachesize == set_larger_cache_size)
        return; /* it was set by an earlier set-up, which failed later */
    set_cache_size = cache.xCachesize;
    cache.xCachesize = set_larger_cache_size;
    sqlite3_config(SQLITE_CONFIG_PCACHE2, &cache);
}

bool sqlite_set_up(void)
{
    static const sqlite3_mem_methods memory = {take, mem_free, resize, size_of, round_up, begin, end, NULL};
    static bool is_ready;
    if (is_ready)
        return true;
    /* Refused when the application has already used SQLite: then its settings remain, which also work. */
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);      /* would lock at each allocation */
    sqlite3_config(SQLITE_CONFIG_PMASZ, SORT_PAGES); /* the minimum that is sorted at once */
    enlarge_caches();
    if (sqlite3_initialize() != SQLITE_OK || !sqlite_vfs_register())
        return false;
    is_ready = pthread_atfork(NULL, NULL, count_fork) == 0;
    return is_ready;
}
