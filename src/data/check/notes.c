/*
 * Finds notes by the name of their section, in the files that are mapped into the process. This includes
 * shared libraries, works with libtern.a and libtern.so alike, and the program does not need symbols for the
 * section's bounds. Section headers remain when a program is stripped.
 */
#include "data/check/notes.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct search {
    check_notes *notes;
    arena *memory;
    buf *problems;
    bool is_memory_short;
} search;

/** A mapped file. */
typedef struct elf_image {
    const char *bytes;
    size_t size;
} elf_image;

static const void *part_of(const elf_image *file, uint64_t offset, uint64_t count, size_t size)
{
    uint64_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || offset > file->size || bytes > file->size - offset)
        return NULL;
    return file->bytes + offset;
}

/** The section of the notes; NULL when the file has none. */
static const ElfW(Shdr) * find_section(const elf_image *file)
{
    const ElfW(Ehdr) *head = part_of(file, 0, 1, sizeof *head);
    if (head == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 ||
        head->e_shentsize != sizeof(ElfW(Shdr)))
        return NULL;
    const ElfW(Shdr) *sections = part_of(file, head->e_shoff, head->e_shnum, sizeof *sections);
    if (sections == NULL || head->e_shoff % _Alignof(ElfW(Shdr)) != 0 || head->e_shstrndx >= head->e_shnum)
        return NULL;
    const ElfW(Shdr) *names = &sections[head->e_shstrndx];
    for (unsigned i = 0; i < head->e_shnum; i++) {
        static const char wanted[] = "tern_sql";
        const char *name = part_of(file, names->sh_offset + sections[i].sh_name, 1, sizeof wanted);
        if (name != NULL && memcmp(name, wanted, sizeof wanted) == 0 &&
            (sections[i].sh_flags & SHF_ALLOC) != 0)
            return &sections[i];
    }
    return NULL;
}

bool check_notes_add(check_notes *notes, arena *a, const tern_sql_note *note)
{
    if (notes->count == notes->room) {
        unsigned room = notes->room != 0 ? 2 * notes->room : 256;
        void *grown = arena_resize(a, notes->items, room * sizeof *notes->items);
        if (grown == NULL)
            return false;
        notes->items = grown;
        notes->room = room;
    }
    notes->items[notes->count++] = note;
    return true;
}

static void take_notes(search *s, const tern_sql_note *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (from[i].call != NULL && !check_notes_add(s->notes, s->memory, &from[i]))
            s->is_memory_short = true;
}

/** Whether the section is in a segment of the object. It is not if the file has been replaced since. */
static bool is_mapped(const struct dl_phdr_info *info, const ElfW(Shdr) * section)
{
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD && section->sh_addr >= segment->p_vaddr &&
            section->sh_addr + section->sh_size <= segment->p_vaddr + segment->p_memsz)
            return true;
    }
    return false;
}

static int look_into(struct dl_phdr_info *info, size_t size, void *arg)
{
    search *s = arg;
    bool is_program = info->dlpi_name == NULL || info->dlpi_name[0] == '\0';
    const char *path = is_program ? "/proc/self/exe" : info->dlpi_name;
    struct stat found;
    (void)size;
    if (!is_program && path[0] != '/')
        return 0; /* the kernel's own */
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    elf_image file = {0};
    if (fd >= 0 && fstat(fd, &found) == 0 && found.st_size > 0) {
        file.size = (size_t)found.st_size;
        file.bytes = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (file.bytes == NULL || file.bytes == MAP_FAILED) {
        buf_add_printf(s->problems, "%s: its calls cannot be read: %s\n", path, strerror(errno));
    } else {
        const ElfW(Shdr) *section = find_section(&file);
        const ElfW(Ehdr) *head = part_of(&file, 0, 1, sizeof *head);
        if (head != NULL && head->e_shnum == 0)
            buf_add_printf(s->problems,
                           "%s: its section headers were removed, so its calls cannot be found\n", path);
        if (section != NULL && is_mapped(info, section))
            take_notes(s, (const tern_sql_note *)(info->dlpi_addr + section->sh_addr),
                       section->sh_size / sizeof(tern_sql_note));
        munmap((void *)(uintptr_t)file.bytes, file.size);
    }
    if (fd >= 0)
        close(fd);
    return 0;
}

unsigned check_place_line(const char *place, size_t *file_len)
{
    const char *colon = strrchr(place, ':');
    *file_len = (size_t)(colon - place);
    return (unsigned)strtoul(colon + 1, NULL, 10);
}

int check_place_compare(const char *a, const char *b)
{
    size_t a_len, b_len;
    unsigned a_line = check_place_line(a, &a_len), b_line = check_place_line(b, &b_len);
    int order = strncmp(a, b, a_len < b_len ? a_len : b_len);
    if (order == 0)
        order = (a_len > b_len) - (a_len < b_len);
    return order != 0 ? order : (a_line > b_line) - (a_line < b_line);
}

static int by_place(const void *a, const void *b)
{
    const tern_sql_note *x = *(const tern_sql_note *const *)a, *y = *(const tern_sql_note *const *)b;
    int order = check_place_compare(x->place, y->place);
    return order != 0 ? order : strcmp(x->call, y->call);
}

bool check_notes_find(check_notes *notes, arena *a, buf *problems)
{
    search s = {.notes = notes, .memory = a, .problems = problems};
    size_t before = problems->len;
    unsigned kept = 0;
    *notes = (check_notes){0};
    dl_iterate_phdr(look_into, &s);
    if (s.is_memory_short)
        buf_add_text(problems, "out of memory\n");
    if (notes->count > 1)
        qsort(notes->items, notes->count, sizeof *notes->items, by_place);
    for (unsigned i = 0; i < notes->count; i++)
        if (kept == 0 || by_place(&notes->items[i], &notes->items[kept - 1]) != 0)
            notes->items[kept++] = notes->items[i];
    notes->count = kept;
    return problems->len == before && !problems->failed;
}
