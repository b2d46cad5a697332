/* tests/unit/store/test_place.c: a folder on the disk and its model in memory behave the same, so
 * what the simulations find out about a log on the model holds for one on LMDB. */
#include <stdio.h>

#include "log/store/place.h"
#include "log/store/place_model.h"
#include "tests/harness/test.h"

#define STEPS     3000
#define KEYS      60
#define VALUE_MAX 5000 /* more than a page: LMDB keeps such ones apart */

enum {
    DIR,
    MODEL,
    BOTH,
};

static const char *const tables[] = {"first", "second"};
static const struct hf_kv_conf conf = {tables, HF_LEN(tables), 64u << 20};

struct world {
    struct hf_env_sim sim;
    struct hf_disk_model *disk;
    struct hf_place *place[BOTH];
    struct hf_kv *kv[BOTH];
    struct hf_err err;
    char path[4096];
};

static uint64_t draw(struct world *w, uint64_t below)
{
    uint64_t number = 0;
    hf_env_random(&w->sim.env, &number, sizeof number);
    return number % below;
}

static enum hf_rc open_places(struct world *w, enum hf_place_mode mode)
{
    enum hf_rc rc =
        hf_place_dir_open(w->path, mode, "test_place", &w->sim.env, &w->place[DIR], &w->err);
    if (rc == HF_OK) {
        rc = hf_place_model_open(w->disk, mode, &w->place[MODEL], &w->err);
    }
    for (int i = 0; rc == HF_OK && i < BOTH; i++) {
        rc = hf_place_env(w->place[i], "log.mdb", &conf, &w->kv[i], &w->err);
        if (rc == HF_OK) {
            w->place[i]->mode = HF_PLACE_OWN; /* it is made: as hf_log_create says it */
        }
    }
    return rc;
}

static void close_places(struct world *w)
{
    for (int i = 0; i < BOTH; i++) {
        hf_kv_close(w->kv[i]);
        hf_place_close(w->place[i]);
        w->kv[i] = NULL;
        w->place[i] = NULL;
    }
}

static void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    hf_env_sim_init(&w->sim, hf_test_seed());
    (void)snprintf(w->path, sizeof w->path, "%s/place", hf_test_dir());
    HF_ASSERT(hf_disk_model_new(hf_test_seed(), &w->disk) == HF_OK);
}

static void world_fini(struct world *w)
{
    close_places(w);
    hf_disk_model_free(w->disk);
}

static struct hf_bytes key_of(uint64_t number, char out[16])
{
    /* Of different lengths, so that order is not that of numbers. */
    uint64_t square = number * number;
    int len = snprintf(out, 16, "%llu", (unsigned long long)square);
    return hf_bytes_of(out, (size_t)len);
}

/* looking at both */

struct found {
    enum hf_rc rc;
    struct hf_bytes key;
    struct hf_bytes value;
};

static bool same(const struct found found[BOTH])
{
    const struct found *a = &found[DIR];
    const struct found *b = &found[MODEL];
    return a->rc == b->rc &&
           (a->rc != HF_OK || (hf_bytes_eq(a->key, b->key) && hf_bytes_eq(a->value, b->value)));
}

/* Everything in order, and what get, ceil and floor say of a key that may be there. */
static void compare(struct world *w, int table)
{
    struct hf_kv_read *read[BOTH] = {NULL, NULL};
    struct found found[BOTH] = {{.rc = HF_OK}, {.rc = HF_OK}};
    char text[16];
    struct hf_bytes key = key_of(draw(w, KEYS), text);
    bool good = true;
    unsigned rows = 0;
    for (int i = 0; i < BOTH; i++) {
        HF_CHECK_OK(hf_kv_read(w->kv[i], &read[i], &w->err), w->err);
    }
    for (int kind = 0; good && kind < 3; kind++) {
        for (int i = 0; i < BOTH; i++) {
            struct found *f = &found[i];
            f->key = key;
            f->rc = kind == 0   ? hf_kv_get(read[i], table, key, &f->value, &w->err)
                    : kind == 1 ? hf_kv_ceil(read[i], table, key, &f->key, &f->value, &w->err)
                                : hf_kv_floor(read[i], table, key, &f->key, &f->value, &w->err);
        }
        good = same(found);
    }
    for (; good && found[DIR].rc != HF_ENOTFOUND; rows++) {
        for (int i = 0; i < BOTH; i++) {
            struct found *f = &found[i];
            f->rc = rows == 0 ? hf_kv_ceil(read[i], table, hf_bytes_of("\0", 1), &f->key, &f->value,
                                           &w->err)
                              : hf_kv_next(read[i], table, &f->key, &f->value, &w->err);
        }
        good = same(found);
    }
    for (int i = 0; i < BOTH; i++) {
        hf_kv_end(read[i]);
    }
    HF_CHECK(good);
}

/* One transaction on both: the same answers, then kept or dropped. */
static void transact(struct world *w)
{
    static uint8_t value[VALUE_MAX];
    struct hf_kv_txn *txn[BOTH] = {NULL, NULL};
    char text[16];
    for (int i = 0; i < BOTH; i++) {
        HF_CHECK_OK(hf_kv_begin(w->kv[i], &txn[i], &w->err), w->err);
    }
    bool good = true;
    bool keep = draw(w, 4) != 0;
    for (uint64_t left = draw(w, 8); good && left > 0; left--) {
        struct hf_bytes key = key_of(draw(w, KEYS), text);
        int table = (int)draw(w, HF_LEN(tables));
        size_t len = (size_t)(draw(w, 20) == 0 ? draw(w, VALUE_MAX) : draw(w, 200));
        uint64_t what = draw(w, 5);
        enum hf_rc rc[BOTH];
        hf_env_random(&w->sim.env, value, len);
        for (int i = 0; i < BOTH; i++) {
            rc[i] = what == 0 ? hf_kv_del(txn[i], table, key, &w->err)
                              : hf_kv_put(txn[i], table, key, hf_bytes_of(value, len), what == 1,
                                          &w->err);
        }
        good = rc[DIR] == rc[MODEL];
    }
    for (int i = 0; i < BOTH; i++) {
        if (good && keep) {
            HF_CHECK_OK(hf_kv_commit(txn[i], &w->err), w->err);
        } else {
            hf_kv_abort(txn[i]);
        }
    }
    HF_CHECK(good);
}

/* Puts, deletions, commits, aborts and reopenings by chance: after each step both hold the same. */
HF_TEST(same_rows)
{
    struct world w;
    world_init(&w);
    HF_CHECK_OK(open_places(&w, HF_PLACE_CREATE), w.err);
    for (unsigned step = 0; step < STEPS && !hf_test_failed(); step++) {
        if (draw(&w, 300) == 0) {
            close_places(&w);
            HF_CHECK_OK(open_places(&w, HF_PLACE_OWN), w.err);
        }
        transact(&w);
        if (!hf_test_failed()) {
            compare(&w, (int)draw(&w, HF_LEN(tables)));
        }
    }
    world_fini(&w);
}

/* Sealed files: what was put comes back, keys must ascend, nothing can be written, and what was
 * aborted or put beside is not there. */
HF_TEST(same_sealed)
{
    struct world w;
    world_init(&w);
    HF_CHECK_OK(open_places(&w, HF_PLACE_CREATE), w.err);
    for (int i = 0; i < BOTH; i++) {
        struct hf_sealer *sealer = NULL;
        struct hf_kv *kv = NULL;
        struct hf_kv_read *read = NULL;
        struct hf_kv_txn *txn = NULL;
        struct hf_bytes value;
        struct hf_place *place = w.place[i];
        HF_CHECK_OK(hf_seal_begin(place, "gone", 1u << 20, &sealer, &w.err), w.err);
        hf_seal_abort(sealer);
        HF_CHECK_RC(hf_sealed_open(place, "gone", &kv, &w.err), HF_ENOTFOUND);
        HF_CHECK_OK(hf_seal_begin(place, "kept", 1u << 20, &sealer, &w.err), w.err);
        HF_CHECK_OK(hf_seal_put(sealer, HF_BYTES("a"), HF_BYTES("one"), &w.err), w.err);
        HF_CHECK_OK(hf_seal_put(sealer, HF_BYTES("b"), HF_BYTES("two"), &w.err), w.err);
        HF_CHECK_OK(hf_seal_finish(sealer, &w.err), w.err);
        HF_CHECK_OK(hf_sealed_open(place, "kept", &kv, &w.err), w.err);
        HF_CHECK_OK(hf_kv_read(kv, &read, &w.err), w.err);
        HF_CHECK_OK(hf_kv_get(read, 0, HF_BYTES("b"), &value, &w.err), w.err);
        HF_CHECK(hf_bytes_eq(value, HF_BYTES("two")));
        HF_CHECK_RC(hf_kv_get(read, 0, HF_BYTES("c"), &value, &w.err), HF_ENOTFOUND);
        hf_kv_end(read);
        HF_CHECK_RC(hf_kv_begin(kv, &txn, &w.err), HF_EREADONLY);
        hf_kv_close(kv);
        HF_CHECK_OK(hf_place_set_aside(place, "kept", &w.err), w.err);
        HF_CHECK_RC(hf_place_set_aside(place, "kept", &w.err), HF_ENOTFOUND);
    }
    world_fini(&w);
}

/* Marks, a second owner, a reader beside the owner, and a folder that is not there. */
HF_TEST(same_manners)
{
    struct world w;
    world_init(&w);
    struct hf_place *other = NULL;
    HF_CHECK_RC(hf_place_dir_open(w.path, HF_PLACE_OWN, "x", &w.sim.env, &other, &w.err),
                HF_ENOTFOUND);
    HF_CHECK_OK(open_places(&w, HF_PLACE_CREATE), w.err);
    for (int i = 0; i < BOTH; i++) {
        uint8_t bytes[16];
        size_t len = 0;
        HF_CHECK_RC(hf_mark_read(w.place[i], "mark", bytes, sizeof bytes, &len, &w.err),
                    HF_ENOTFOUND);
        HF_CHECK_OK(hf_mark_write(w.place[i], "mark", HF_BYTES("longer"), &w.err), w.err);
        HF_CHECK_OK(hf_mark_write(w.place[i], "mark", HF_BYTES("new"), &w.err), w.err);
        HF_CHECK_OK(hf_mark_read(w.place[i], "mark", bytes, sizeof bytes, &len, &w.err), w.err);
        HF_CHECK(hf_bytes_eq(hf_bytes_of(bytes, len), HF_BYTES("new")));
    }
    HF_CHECK_RC(hf_place_dir_open(w.path, HF_PLACE_OWN, "x", &w.sim.env, &other, &w.err),
                HF_ELOCKED);
    HF_CHECK(strstr(w.err.text, "test_place") != NULL);
    HF_CHECK_RC(hf_place_model_open(w.disk, HF_PLACE_OWN, &other, &w.err), HF_ELOCKED);
    HF_CHECK_OK(hf_place_dir_open(w.path, HF_PLACE_READ, "x", &w.sim.env, &other, &w.err), w.err);
    hf_place_close(other);
    HF_CHECK_OK(hf_place_model_open(w.disk, HF_PLACE_READ, &other, &w.err), w.err);
    hf_place_close(other);
    HF_CHECK_RC(hf_place_dir_open(w.path, HF_PLACE_CREATE, "x", &w.sim.env, &other, &w.err),
                HF_EEXIST);
    world_fini(&w);
}

HF_TEST_MAIN(HF_TEST_CASE(same_rows), HF_TEST_CASE(same_sealed), HF_TEST_CASE(same_manners))
