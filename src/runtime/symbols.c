/*
 * Everything read here is bounded by the file's real size and by the structs' own sizes; counts and offsets
 * found in a file are only ever compared, added with a check, and handed to pread, which cannot fault.
 */
#include "runtime/symbols.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SYMBOLS_A_READ = 128,
    SECTIONS_MAX = 1 << 16,
    SYMBOLS_MAX = 1 << 24, /* of a file: the rest is not looked at */
    UNSIZED_REACH_BYTES =
        4096, /* how far after a function without a size (assembly) an address counts as its */
    LINE_MAX_BYTES = PATH_MAX + 128
};

/** An address on its way to a name: the best symbol so far. */
typedef struct wanted {
    symbols_place *place;
    uint64_t file_offset;
    uint64_t vaddr;
    uint64_t value, name; /* of the best symbol: st_value and st_name */
    bool has_vaddr, has_symbol, is_covered, is_global;
} wanted;

typedef struct elf_file {
    int fd;
    uint64_t bytes;
    ElfW(Ehdr) head;
    ElfW(Shdr) symbols, names;
} elf_file;

/** Copies `text` as printable ASCII with a NUL, cut to `room`. */
static void put_name(char *out, size_t room, const char *text, size_t len)
{
    size_t n = 0;
    for (; n < len && n + 1 < room && text[n] != '\0'; n++)
        out[n] = text[n] > ' ' && text[n] < 0x7f ? text[n] : '?';
    out[n] = '\0';
}

/** Reads exactly `len` bytes at `offset`; false when the file does not have them. */
static bool read_at(const elf_file *file, uint64_t offset, void *out, size_t len)
{
    if (offset > file->bytes || len > file->bytes - offset)
        return false;
    char *next = out;
    while (len != 0) {
        ssize_t got = pread(file->fd, next, len, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        next += got;
        offset += (uint64_t)got;
        len -= (size_t)got;
    }
    return true;
}

/** Reads entry `index` of a table in the file. */
static bool read_entry(const elf_file *file, uint64_t table, uint64_t index, void *out, size_t size)
{
    uint64_t offset;
    if (__builtin_mul_overflow(index, (uint64_t)size, &offset) ||
        __builtin_add_overflow(table, offset, &offset))
        return false;
    return read_at(file, offset, out, size);
}

static bool read_head(elf_file *file)
{
    struct stat facts;
    if (fstat(file->fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size < 0)
        return false;
    file->bytes = (uint64_t)facts.st_size;
    if (!read_at(file, 0, &file->head, sizeof file->head))
        return false;
    const unsigned char *ident = file->head.e_ident;
    unsigned char own_class = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
    unsigned char own_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
    return memcmp(ident, ELFMAG, SELFMAG) == 0 && ident[EI_CLASS] == own_class &&
           ident[EI_DATA] == own_order && file->head.e_phentsize == sizeof(ElfW(Phdr)) &&
           file->head.e_shentsize == sizeof(ElfW(Shdr));
}

/** Turns file offsets into the addresses that symbols use; false when none of the wanted ones is in code. */
static bool find_addresses(const elf_file *file, wanted *all, unsigned count)
{
    bool any = false;
    for (unsigned i = 0; i < file->head.e_phnum; i++) {
        ElfW(Phdr) part;
        if (!read_entry(file, file->head.e_phoff, i, &part, sizeof part))
            return any;
        if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0)
            continue;
        for (unsigned k = 0; k < count; k++) {
            if (all[k].file_offset < part.p_offset || all[k].file_offset - part.p_offset >= part.p_filesz)
                continue;
            all[k].vaddr = part.p_vaddr + (all[k].file_offset - part.p_offset);
            all[k].place->vaddr = all[k].vaddr;
            all[k].has_vaddr = any = true;
        }
    }
    return any;
}

/** Finds .symtab, or .dynsym in a stripped file, and the names that belong to it. */
static bool find_tables(elf_file *file)
{
    uint64_t count = file->head.e_shnum;
    if (count == 0) { /* more than fit in 16 bits: the count is in the first entry */
        ElfW(Shdr) first;
        if (file->head.e_shoff == 0 || !read_entry(file, file->head.e_shoff, 0, &first, sizeof first))
            return false;
        count = first.sh_size;
    }
    bool found = false;
    for (uint64_t i = 0; i < count && i < SECTIONS_MAX; i++) {
        ElfW(Shdr) section;
        if (!read_entry(file, file->head.e_shoff, i, &section, sizeof section))
            return false;
        bool is_full = section.sh_type == SHT_SYMTAB;
        if ((!is_full && section.sh_type != SHT_DYNSYM) || section.sh_entsize != sizeof(ElfW(Sym)))
            continue;
        file->symbols = section;
        found = true;
        if (is_full)
            break;
    }
    return found && file->symbols.sh_link < count &&
           read_entry(file, file->head.e_shoff, file->symbols.sh_link, &file->names, sizeof file->names) &&
           file->names.sh_type == SHT_STRTAB;
}

/** Keeps `symbol` for `want` when it names the address better than the one found so far. */
static void weigh(wanted *want, const ElfW(Sym) * symbol)
{
    if (!want->has_vaddr || want->vaddr < symbol->st_value)
        return;
    uint64_t distance = want->vaddr - symbol->st_value;
    bool is_covered = distance < symbol->st_size;
    if (!is_covered && (symbol->st_size != 0 || distance >= UNSIZED_REACH_BYTES))
        return;
    bool is_global = symbol->st_info >> 4 == STB_GLOBAL;
    if (want->has_symbol) {
        if (want->is_covered != is_covered) {
            if (want->is_covered)
                return;
        } else if (symbol->st_value < want->value) {
            return;
        } else if (symbol->st_value == want->value && (want->is_global || !is_global)) {
            return; /* aliases: the global name is the one people know */
        }
    }
    want->value = symbol->st_value;
    want->name = symbol->st_name;
    want->has_symbol = true;
    want->is_covered = is_covered;
    want->is_global = is_global;
}

static void scan_symbols(const elf_file *file, wanted *all, unsigned count)
{
    ElfW(Sym) some[SYMBOLS_A_READ] = {0};
    uint64_t left = file->symbols.sh_size / sizeof some[0], index = 0;
    if (left > SYMBOLS_MAX)
        left = SYMBOLS_MAX;
    while (left != 0) {
        size_t now = left < SYMBOLS_A_READ ? (size_t)left : SYMBOLS_A_READ;
        uint64_t offset;
        if (__builtin_add_overflow((uint64_t)file->symbols.sh_offset, index * sizeof some[0], &offset) ||
            !read_at(file, offset, some, now * sizeof some[0]))
            return;
        for (size_t i = 0; i < now; i++) {
            unsigned type = some[i].st_info & 0xf;
            if (some[i].st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_GNU_IFUNC))
                continue;
            for (unsigned k = 0; k < count; k++)
                weigh(&all[k], &some[i]);
        }
        index += now;
        left -= now;
    }
}

/** Reads the name of the best symbol into the place. */
static bool take_name(const elf_file *file, const wanted *want)
{
    symbols_place *place = want->place;
    uint64_t offset;
    if (!want->has_symbol || want->name >= file->names.sh_size ||
        __builtin_add_overflow((uint64_t)file->names.sh_offset, want->name, &offset) || offset >= file->bytes)
        return false;
    char text[sizeof place->function];
    uint64_t len = file->names.sh_size - want->name;
    if (len > file->bytes - offset)
        len = file->bytes - offset;
    if (len > sizeof text)
        len = sizeof text;
    if (!read_at(file, offset, text, (size_t)len))
        return false;
    put_name(place->function, sizeof place->function, text, (size_t)len);
    if (place->function[0] == '\0')
        return false;
    place->offset = want->vaddr - want->value;
    return true;
}

static unsigned find_all(int fd, wanted *all, unsigned count)
{
    elf_file file = {.fd = fd};
    if (!read_head(&file) || !find_addresses(&file, all, count) || !find_tables(&file))
        return 0;
    scan_symbols(&file, all, count);
    unsigned named = 0;
    for (unsigned i = 0; i < count; i++)
        named += take_name(&file, &all[i]);
    return named;
}

bool symbols_find(int fd, uint64_t file_offset, symbols_place *place)
{
    wanted one = {.place = place, .file_offset = file_offset};
    return find_all(fd, &one, 1) == 1;
}

/* -- /proc/self/maps -- */

typedef struct line_reader {
    int fd;
    size_t at, len;
    char chunk[1024];
    char line[LINE_MAX_BYTES]; /* the current one, NUL-terminated, cut where it is full */
} line_reader;

static bool next_line(line_reader *r)
{
    size_t used = 0;
    for (;;) {
        if (r->at == r->len) {
            ssize_t got = read(r->fd, r->chunk, sizeof r->chunk);
            if (got < 0 && errno == EINTR)
                continue;
            if (got <= 0)
                return false;
            r->at = 0;
            r->len = (size_t)got;
        }
        char byte = r->chunk[r->at++];
        if (byte == '\n')
            break;
        if (used + 1 < sizeof r->line)
            r->line[used++] = byte;
    }
    r->line[used] = '\0';
    return true;
}

/** Reads hexadecimal digits and the byte `end` after them. */
static bool take_hex(const char **at, char end, uint64_t *value)
{
    *value = 0;
    const char *p = *at;
    for (; *p != end; p++) {
        unsigned digit = *p >= '0' && *p <= '9' ? (unsigned)(*p - '0') : (unsigned)(*p - 'a') + 10;
        if (digit > 15 || p - *at >= 16)
            return false;
        *value = *value << 4 | digit;
    }
    *at = p + 1;
    return true;
}

/** Opens the file of a mapping. The running program is there under /proc even when its file was replaced or
 * removed since; another file's place in the tree may hold something else by now, so that is left alone. */
static int open_object(char *path, bool *is_program)
{
    static const char gone[] = " (deleted)";
    char program[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
    if (len > 0) {
        program[len] = '\0';
        *is_program = strcmp(program, path) == 0;
        if (*is_program)
            return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    }
    size_t path_len = strlen(path);
    if (path[0] != '/' || (path_len > sizeof gone && strcmp(path + path_len - (sizeof gone - 1), gone) == 0))
        return -1;
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/** Fills the places that are in the mapping of one line: "start-end perms offset dev inode   path". */
static void resolve_line(char *line, symbols_place *places, unsigned count)
{
    static wanted all[SYMBOLS_PLACES_MAX];
    const char *at = line;
    uint64_t start, end, offset;
    if (!take_hex(&at, '-', &start) || !take_hex(&at, ' ', &end) || strlen(at) < 5)
        return;
    at += 5;
    if (!take_hex(&at, ' ', &offset))
        return;
    char *path = line + strcspn(line, "/[");
    unsigned found = 0;
    for (unsigned i = 0; i < count; i++) {
        if (places[i].address < start || places[i].address >= end)
            continue;
        uint64_t file_offset = places[i].address - start + offset;
        const char *slash = path[0] == '/' ? strrchr(path, '/') + 1 : path;
        put_name(places[i].object, sizeof places[i].object, slash, strcspn(slash, " "));
        places[i].offset = file_offset;
        all[found++] = (wanted){.place = &places[i], .file_offset = file_offset};
    }
    bool is_program = false;
    int fd = found == 0 ? -1 : open_object(path, &is_program);
    if (fd < 0)
        return;
    for (unsigned i = 0; i < found; i++)
        all[i].place->is_program = is_program;
    find_all(fd, all, found);
    close(fd);
}

void symbols_resolve(symbols_place *places, unsigned count)
{
    static line_reader reader;
    if (count > SYMBOLS_PLACES_MAX)
        count = SYMBOLS_PLACES_MAX;
    for (unsigned i = 0; i < count; i++) {
        places[i].function[0] = places[i].object[0] = '\0';
        places[i].offset = places[i].vaddr = 0;
        places[i].is_program = false;
    }
    reader.at = reader.len = 0;
    reader.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (reader.fd < 0)
        return;
    while (next_line(&reader))
        resolve_line(reader.line, places, count);
    close(reader.fd);
}
