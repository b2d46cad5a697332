/* log/store/pages.c: walks every page of an LMDB file that LMDB would follow.
 *
 *   page    0 u64 own number   8 u16 pad   10 u16 flags   12 u16 lower, 14 u16 upper
 *                                                        (overflow: 12 u32 pages in the run)
 *   meta   16 u32 0xBEEFC0DE   20 u32 version 1   24 u64 address   32 u64 map size
 *          40 table "free"   88 table "main"   136 u64 last page   144 u64 transaction
 *   table   0 u32 pad (page size in "free")   4 u16 flags   6 u16 depth   8 u64 branch pages
 *          16 u64 leaf pages   24 u64 overflow pages   32 u64 entries   40 u64 root page
 *   node    0 u16 low   2 u16 high   4 u16 flags   6 u16 key size   8 key, then data
 *
 * All little-endian. Valid if and only if everything below says so.
 */
#include "log/store/pages.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/heap.h"

#define META_MAGIC 0xBEEFC0DEu
#define HEADER     16
#define PAGE_MAX   65536
#define DEPTH_MAX  32
#define NO_ROOT    UINT64_MAX
#define KEY_MAX    511

enum {
    P_BRANCH = 1,
    P_LEAF = 2,
    P_OVERFLOW = 4,
    P_META = 8
};

enum {
    F_BIGDATA = 1,
    F_SUBDATA = 2
};

struct table {
    uint16_t flags;
    uint16_t depth;
    uint64_t branch, leaf, overflow, entries, root;
};

struct meta {
    struct table free_db, main_db;
    uint64_t last_page, txn;
    uint32_t page_size;
};

struct walk {
    int fd;
    size_t page_size;
    uint64_t pages; /* last page + 1 */
    uint64_t txn;
    uint8_t *live; /* a bit a page */
    struct hf_err *err;
    /* the table at hand */
    const struct table *table;
    struct table counted;
    bool integer_keys; /* the free list: native numbers */
    bool is_main;
    uint8_t last_key[KEY_MAX];
    size_t last_key_len;
    bool have_last;
    /* named tables found in the main one */
    struct table named[16];
    unsigned named_count;
    uint8_t starts[PAGE_MAX / 16]; /* check_packed: a bit for every second byte of a page */
};

struct level {
    uint8_t *page;
    unsigned next; /* child to visit */
    unsigned count;
    uint64_t number;
};

static uint16_t le16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint32_t le32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t le64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static enum hf_rc bad(struct hf_err *err, uint64_t page, const char *what)
{
    return hf_err_set(err, HF_ECORRUPT, "page %llu is damaged: %s; restore the file from a backup",
                      (unsigned long long)page, what);
}

static enum hf_rc read_at(int fd, uint8_t *out, size_t len, uint64_t at, struct hf_err *err)
{
    while (len > 0) {
        ssize_t got = pread(fd, out, len, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return hf_err_errno(err, errno, "cannot read it");
        }
        if (got == 0) {
            return hf_err_set(err, HF_ECORRUPT, "it was cut short");
        }
        out += got;
        len -= (size_t)got;
        at += (uint64_t)got;
    }
    return HF_OK;
}

static struct table read_table(const uint8_t *p)
{
    return (struct table){le16(p + 4),  le16(p + 6),  le64(p + 8), le64(p + 16),
                          le64(p + 24), le64(p + 32), le64(p + 40)};
}

/* metas */

static enum hf_rc read_meta(const uint8_t *page, uint64_t number, struct meta *ret,
                            struct hf_err *err)
{
    if (le64(page) != number || le16(page + 10) != P_META || le32(page + 16) != META_MAGIC ||
        le32(page + 20) != 1) {
        return bad(err, number, "not a head of an LMDB file");
    }
    ret->free_db = read_table(page + 40);
    ret->main_db = read_table(page + 88);
    ret->page_size = le32(page + 40);
    ret->last_page = le64(page + 136);
    ret->txn = le64(page + 144);
    return HF_OK;
}

static enum hf_rc read_metas(struct walk *w, uint64_t file_size, struct meta *ret)
{
    uint8_t page[160] = {0};
    struct meta metas[2] = {0};
    if (file_size < sizeof page) {
        return hf_err_set(
            w->err, HF_EINVAL,
            "it is damaged, or no data file of this program; restore it from a backup");
    }
    enum hf_rc rc = read_at(w->fd, page, sizeof page, 0, w->err);
    if (rc != HF_OK) {
        return rc;
    }
    if (le32(page + 16) != META_MAGIC && (le16(page + 10) != P_META || le64(page) != 0)) {
        return hf_err_set(
            w->err, HF_EINVAL,
            "it is damaged, or no data file of this program; restore it from a backup");
    }
    rc = read_meta(page, 0, &metas[0], w->err);
    if (rc != HF_OK) {
        return rc;
    }
    size_t size = metas[0].page_size;
    if (size != (size_t)sysconf(_SC_PAGESIZE) || size > PAGE_MAX || size < 512) {
        return bad(w->err, 0, "its page size is not this machine's");
    }
    rc = read_at(w->fd, page, sizeof page, size, w->err);
    if (rc == HF_OK) {
        rc = read_meta(page, 1, &metas[1], w->err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    if (metas[1].page_size != size) {
        return bad(w->err, 1, "its page size is wrong");
    }
    /* LMDB takes the greater transaction; they differ by one, or are both fresh. */
    uint64_t a = metas[0].txn;
    uint64_t b = metas[1].txn;
    uint64_t apart = a > b ? a - b : b - a;
    if (apart > 1) {
        return bad(w->err, a > b ? 1 : 0, "its transaction does not follow the other head's");
    }
    *ret = metas[b > a ? 1 : 0];
    if ((ret->txn & 1) != (uint64_t)(b > a)) {
        return bad(w->err, b > a ? 1 : 0, "its transaction belongs to the other head");
    }
    w->page_size = size;
    w->pages = ret->last_page + 1;
    w->txn = ret->txn;
    if (ret->last_page < 1 || ret->last_page >= file_size / size) {
        return hf_err_set(w->err, HF_ECORRUPT,
                          "it was cut short: %llu bytes, at least %llu are needed; restore it from "
                          "a backup",
                          (unsigned long long)file_size, (unsigned long long)w->pages * size);
    }
    return HF_OK;
}

/* pages */

static bool is_live(const struct walk *w, uint64_t page)
{
    return (w->live[page / 8] >> (page % 8) & 1) != 0;
}

static enum hf_rc mark(struct walk *w, uint64_t page, uint64_t count)
{
    if (page < 2 || page >= w->pages || count > w->pages - page) {
        return bad(w->err, page, "it lies outside of the file");
    }
    for (uint64_t i = page; i < page + count; i++) {
        if (is_live(w, i)) {
            return bad(w->err, i, "it is used twice");
        }
        w->live[i / 8] |= (uint8_t)(1u << (i % 8));
    }
    return HF_OK;
}

static unsigned node_count(const uint8_t *page)
{
    return (unsigned)(le16(page + 12) - HEADER) / 2;
}

static const uint8_t *node_at(const uint8_t *page, unsigned i)
{
    return page + le16(page + HEADER + 2 * (size_t)i);
}

/* As LMDB lays it out: an even number of bytes. */
static size_t node_size(const uint8_t *node, bool leaf)
{
    size_t size = 8 + (size_t)le16(node + 6);
    if (leaf && le16(node + 4) == F_BIGDATA) {
        size += 8;
    } else if (leaf) {
        size += (size_t)le16(node) | (size_t)le16(node + 2) << 16;
    }
    return size + (size & 1);
}

/* The nodes fill the page's end without gap or overlap, in any order: when LMDB deletes one it
 * moves the bytes before it by its size, and the offsets with them. */
static enum hf_rc check_packed(struct walk *w, const uint8_t *page, uint64_t number, bool leaf)
{
    unsigned count = 0;
    memset(w->starts, 0, w->page_size / 16);
    for (unsigned i = 0; i < node_count(page); i++) {
        size_t unit = le16(page + HEADER + 2 * (size_t)i) / 2u;
        w->starts[unit / 8] |= (uint8_t)(1u << (unit % 8));
    }
    size_t at = le16(page + 14);
    while (at < w->page_size && (w->starts[at / 16] >> (at / 2 % 8) & 1) != 0) {
        at += node_size(page + at, leaf);
        count++;
    }
    return at == w->page_size && count == node_count(page)
               ? HF_OK
               : bad(w->err, number, "its nodes overlap or leave gaps");
}

static enum hf_rc check_header(struct walk *w, const uint8_t *page, uint64_t number, bool leaf)
{
    uint16_t lower = le16(page + 12);
    uint16_t upper = le16(page + 14);
    if (le64(page) != number || le16(page + 10) != (leaf ? P_LEAF : P_BRANCH)) {
        return bad(w->err, number, "it is not the page that belongs here");
    }
    if (lower < HEADER || (lower - HEADER) % 2 != 0 || lower > upper || upper > w->page_size) {
        return bad(w->err, number, "its bounds make no sense");
    }
    if (node_count(page) < (leaf ? 1u : 2u)) {
        return bad(w->err, number, "it is empty");
    }
    for (unsigned i = 0; i < node_count(page); i++) {
        uint16_t at = le16(page + HEADER + 2 * (size_t)i);
        if (at < upper || at % 2 != 0 || at > w->page_size - 8 ||
            le16(page + at + 6) > w->page_size - 8 - at) {
            return bad(w->err, number, "a node lies outside of it");
        }
    }
    return check_packed(w, page, number, leaf);
}

/* Keys grow over the whole tree, in the order of the walk; a separator in a branch page is not
 * above the first key below it and not below the last key before it. */
static enum hf_rc check_key(struct walk *w, uint64_t number, const uint8_t *node, bool separator)
{
    size_t len = le16(node + 6);
    struct hf_bytes key = hf_bytes_of(node + 8, len);
    if (len == 0 || len > KEY_MAX || (w->integer_keys && len != 8)) {
        return bad(w->err, number, "a key's length is wrong");
    }
    /* LMDB takes 0 for "not looked yet" and would hand out that transaction's pages twice. */
    if (w->integer_keys && (le64(key.ptr) == 0 || le64(key.ptr) > w->txn)) {
        return bad(w->err, number, "free pages are of a transaction that never was");
    }
    if (w->have_last) {
        struct hf_bytes last = hf_bytes_of(w->last_key, w->last_key_len);
        int order = w->integer_keys
                        ? (le64(key.ptr) > le64(last.ptr)) - (le64(key.ptr) < le64(last.ptr))
                        : hf_bytes_cmp(key, last);
        if (order < 0 || (order == 0 && !w->counted.flags)) {
            return bad(w->err, number, "its keys are out of order");
        }
    }
    memcpy(w->last_key, key.ptr, len);
    w->last_key_len = len;
    w->have_last = true;
    /* counted.flags remembers that the last key was a separator: the first key below may equal it.
     * */
    w->counted.flags = separator;
    return HF_OK;
}

static enum hf_rc check_idl(struct walk *w, uint64_t number, const uint8_t *data, uint64_t len)
{
    /* A commit reserves records before it knows how many pages it will list; some stay empty. */
    if (len < 8 || le64(data) > len / 8 - 1 || len % 8 != 0) {
        return bad(w->err, number, "a list of free pages has a wrong length");
    }
    uint64_t before = UINT64_MAX;
    for (uint64_t i = 1; i <= le64(data); i++) {
        uint64_t page = le64(data + 8 * i);
        if (page >= before) {
            return bad(w->err, number, "a list of free pages is out of order");
        }
        before = page;
        enum hf_rc rc = mark(w, page, 1); /* a free page that is also in use shows up here */
        if (rc != HF_OK) {
            return rc;
        }
    }
    return HF_OK;
}

static enum hf_rc check_overflow(struct walk *w, uint64_t number, uint64_t first, uint64_t len)
{
    uint8_t header[HEADER];
    uint64_t needed = (HEADER - 1 + len) / w->page_size + 1;
    if (first < 2 || first >= w->pages) {
        return bad(w->err, first, "it lies outside of the file");
    }
    enum hf_rc rc = read_at(w->fd, header, sizeof header, first * w->page_size, w->err);
    if (rc != HF_OK) {
        return rc;
    }
    /* A value that was replaced by a shorter one in the same transaction keeps its pages. */
    uint64_t run = le32(header + 12);
    if (le64(header) != first || le16(header + 10) != P_OVERFLOW || run < needed) {
        return bad(w->err, first, "it does not begin the long value that belongs here");
    }
    rc = mark(w, first, run);
    if (rc != HF_OK) {
        return rc;
    }
    w->counted.overflow += run;
    if (!w->integer_keys) {
        return HF_OK;
    }
    uint8_t *list = hf_heap_alloc(len);
    if (list == NULL) {
        return hf_err_set(w->err, HF_ENOMEM, "no memory to check it");
    }
    rc = read_at(w->fd, list, len, first * w->page_size + HEADER, w->err);
    if (rc == HF_OK) {
        rc = check_idl(w, number, list, len);
    }
    hf_heap_free(list);
    return rc;
}

static enum hf_rc check_leaf_node(struct walk *w, uint64_t number, const uint8_t *page,
                                  const uint8_t *node)
{
    uint64_t len = (uint64_t)le16(node) | (uint64_t)le16(node + 2) << 16;
    uint16_t flags = le16(node + 4);
    size_t key_len = le16(node + 6);
    size_t room = w->page_size - (size_t)(node - page) - 8 - key_len;
    const uint8_t *data = node + 8 + key_len;
    enum hf_rc rc = check_key(w, number, node, false);
    if (rc != HF_OK) {
        return rc;
    }
    w->counted.entries++;
    if (flags == F_BIGDATA) {
        return room < 8 ? bad(w->err, number, "a value lies outside of it")
                        : check_overflow(w, number, le64(data), len);
    }
    if (len > room) {
        return bad(w->err, number, "a value lies outside of it");
    }
    if (w->integer_keys) {
        return flags == 0 ? check_idl(w, number, data, len)
                          : bad(w->err, number, "a value has an unknown kind");
    }
    if (w->is_main) {
        if (flags != F_SUBDATA || len != 48 || w->named_count == HF_LEN(w->named)) {
            return bad(w->err, number, "a table's record is damaged");
        }
        w->named[w->named_count++] = read_table(data);
        return HF_OK;
    }
    return flags == 0 ? HF_OK : bad(w->err, number, "a value has an unknown kind");
}

static enum hf_rc check_leaf(struct walk *w, uint64_t number, const uint8_t *page)
{
    for (unsigned i = 0; i < node_count(page); i++) {
        enum hf_rc rc = check_leaf_node(w, number, page, node_at(page, i));
        if (rc != HF_OK) {
            return rc;
        }
    }
    return HF_OK;
}

static enum hf_rc enter(struct walk *w, struct level *level, uint64_t number, bool leaf)
{
    HF_ASSERT(level->page != NULL);
    enum hf_rc rc = mark(w, number, 1);
    if (rc == HF_OK) {
        rc = read_at(w->fd, level->page, w->page_size, number * w->page_size, w->err);
    }
    if (rc == HF_OK) {
        rc = check_header(w, level->page, number, leaf);
    }
    if (rc != HF_OK) {
        return rc;
    }
    level->number = number;
    level->next = 0;
    level->count = node_count(level->page);
    if (leaf) {
        w->counted.leaf++;
        return check_leaf(w, number, level->page);
    }
    w->counted.branch++;
    return HF_OK;
}

/* Depth first: level 0 is the root, level depth-1 are the leaves. */
static enum hf_rc walk_tree(struct walk *w, struct level *levels, unsigned depth)
{
    unsigned at = 0;
    enum hf_rc rc = enter(w, &levels[0], w->table->root, depth == 1);
    while (rc == HF_OK) {
        struct level *level = &levels[at];
        if (at + 1 == depth || level->next == level->count) {
            if (at == 0) {
                return HF_OK;
            }
            at--;
            continue;
        }
        const uint8_t *node = node_at(level->page, level->next);
        uint64_t child =
            (uint64_t)le16(node) | (uint64_t)le16(node + 2) << 16 | (uint64_t)le16(node + 4) << 32;
        if (level->next > 0) { /* the first child's separator is not looked at by LMDB */
            rc = check_key(w, level->number, node, true);
        }
        level->next++;
        if (rc == HF_OK) {
            at++;
            rc = enter(w, &levels[at], child, at + 1 == depth);
        }
    }
    return rc;
}

static enum hf_rc check_counts(struct walk *w)
{
    const struct table *t = w->table;
    const struct table *c = &w->counted;
    if (t->branch != c->branch || t->leaf != c->leaf || t->overflow != c->overflow ||
        t->entries != c->entries) {
        return hf_err_set(w->err, HF_ECORRUPT,
                          "a table's counts differ from what is in it; restore the file from a "
                          "backup");
    }
    return HF_OK;
}

static enum hf_rc check_table(struct walk *w, const struct table *table)
{
    struct level levels[DEPTH_MAX] = {0};
    w->table = table;
    w->counted = (struct table){0};
    w->have_last = false;
    if (table->root == NO_ROOT) {
        return table->depth == 0 ? check_counts(w) : bad(w->err, 0, "an empty table has a depth");
    }
    if (table->depth == 0 || table->depth > DEPTH_MAX) {
        return bad(w->err, 0, "a table's depth makes no sense");
    }
    enum hf_rc rc = HF_OK;
    for (unsigned i = 0; i < table->depth && rc == HF_OK; i++) {
        levels[i].page = hf_heap_alloc(w->page_size);
        if (levels[i].page == NULL) {
            rc = hf_err_set(w->err, HF_ENOMEM, "no memory to check it");
        }
    }
    if (rc == HF_OK) {
        rc = walk_tree(w, levels, table->depth);
    }
    for (unsigned i = 0; i < table->depth; i++) {
        hf_heap_free(levels[i].page);
    }
    return rc == HF_OK ? check_counts(w) : rc;
}

static enum hf_rc check_all(struct walk *w, const struct meta *meta)
{
    /* LMDB keeps the low flags of the environment here too: 0x4000 is "no subfolder". */
    if ((meta->free_db.flags & ~0x4000u) != 8 || meta->main_db.flags != 0) {
        return bad(w->err, 0, "its tables are of an unknown kind");
    }
    w->is_main = true;
    enum hf_rc rc = check_table(w, &meta->main_db);
    w->is_main = false;
    for (unsigned i = 0; i < w->named_count && rc == HF_OK; i++) {
        struct table table = w->named[i];
        rc = table.flags == 0 ? check_table(w, &table)
                              : bad(w->err, 0, "a table is of an unknown kind");
    }
    if (rc == HF_OK) {
        w->integer_keys = true;
        rc = check_table(w, &meta->free_db);
    }
    return rc;
}

enum hf_rc hf_pages_check(int fd, struct hf_err *err)
{
    struct walk *w = hf_heap_zalloc(1, sizeof *w);
    struct stat st;
    struct meta meta = {0};
    if (w == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to check it");
    }
    w->fd = fd;
    w->err = err;
    enum hf_rc rc = fstat(fd, &st) == 0 ? read_metas(w, (uint64_t)st.st_size, &meta)
                                        : hf_err_errno(err, errno, "cannot look at it");
    if (rc == HF_OK) {
        w->live = hf_heap_zalloc((size_t)(w->pages / 8 + 1), 1);
        rc = w->live == NULL ? hf_err_set(err, HF_ENOMEM, "no memory to check it")
                             : check_all(w, &meta);
    }
    hf_heap_free(w->live);
    hf_heap_free(w);
    return rc;
}
