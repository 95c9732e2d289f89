/**
 * Names for code addresses of this process, read from the ELF files it is mapped from.
 *
 * Static functions are named too (.symtab), which dladdr cannot. Nothing here allocates, locks or maps a
 * file: it may run in a signal handler, and a file that is cut short or nonsense gives no names, never a
 * fault.
 */
#ifndef RUNTIME_SYMBOLS_H
#define RUNTIME_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SYMBOLS_PLACES_MAX = 64 };

/** Where an address is. Texts are printable ASCII, cut to their room, "" when unknown. */
typedef struct symbols_place {
    uint64_t address; /* in: what to look up */
    uint64_t offset;  /* of the address in the function, or in the object's file without one */
    uint64_t vaddr;   /* of the address in the file's own numbering, as debuggers take it; 0: not known */
    bool is_program;  /* the file is the running program's */
    char function[96];
    char object[48]; /* the file's last name ("app", "libc.so.6"), or "[vdso]" */
} symbols_place;

/** Looks up the `address` of each of `count` (at most SYMBOLS_PLACES_MAX) places, one pass over each file.
 * Not reentrant. */
void symbols_resolve(symbols_place *places, unsigned count);

/** Does so for one file: fills `function` and `offset` of the place whose code is `file_offset` bytes into
 * the ELF file `fd`. False when the file names no function there, or is not a valid ELF file. */
bool symbols_find(int fd, uint64_t file_offset, symbols_place *place);

#endif
