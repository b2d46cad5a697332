/* tests/unit/tenant/test_people.c: keys of subjects in the vault: whose they are, who was told, and
 * that one that was erased is nowhere any more. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "projections/sqlite/store_sqlite.h"
#include "tenant/vault.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "tests/unit/tenant/vault_world.h"

#define ANNA HF_STR("user:anna")
#define BOB  HF_STR("user:bob")

/* The subject and a copy of its key, which stay when the vault forgets them. */
struct known {
    struct hf_subject subject;
    uint8_t key[HF_SEAL_KEY_SIZE];
};

static enum hf_rc seal_for(struct world *w, struct hf_str name, struct known *ret)
{
    struct hf_subject_key key = {.key = {NULL, 0}};
    bool made = false;
    enum hf_rc rc = hf_vault_seal_for(w->vault, name, 7, &key, &made, &w->err);
    if (rc == HF_OK) {
        ret->subject = key.subject;
        memcpy(ret->key, hf_secret_reveal(&key.key).ptr, sizeof ret->key);
    }
    hf_secret_free(&key.key);
    return rc;
}

static enum hf_rc opens(struct world *w, const struct known *known)
{
    struct hf_subject_key key = {.key = {NULL, 0}};
    enum hf_rc rc = hf_vault_open_for(w->vault, &known->subject, &key, &w->err);
    if (rc == HF_OK &&
        !hf_equal_secret(hf_secret_reveal(&key.key), hf_bytes_of(known->key, sizeof known->key))) {
        rc = HF_EMISMATCH;
    }
    hf_secret_free(&key.key);
    return rc;
}

static bool same(const struct known *a, const struct known *b)
{
    return hf_subject_eq(&a->subject, &b->subject) && memcmp(a->key, b->key, sizeof a->key) == 0;
}

/* How many subjects the region is not told of; told as `kept` says, one after the other. */
static unsigned tell_all(struct world *w, bool kept)
{
    unsigned count = 0;
    struct hf_vault_subject next = {.name_len = 0};
    while (hf_vault_untold_subject(w->vault, NULL, &next, &w->err) == HF_OK) {
        HF_ASSERT(hf_vault_told_subject(w->vault, &next.key.subject, kept, &w->err) == HF_OK);
        hf_vault_subject_free(&next);
        count++;
    }
    return count;
}

/* Goal: a name has one key, for ever, and nobody else has it. Method: ask for two names, again, and
 * after a reopening; look at the notes, the list and the revision, which programs see. */
HF_TEST(names)
{
    struct world w;
    struct known anna;
    struct known again;
    struct known bob;
    struct hf_vault_note note;
    char text[HF_SUBJECT_TEXT];
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(seal_for(&w, ANNA, &anna), w.err);
    HF_CHECK_OK(seal_for(&w, BOB, &bob), w.err);
    HF_CHECK_OK(seal_for(&w, ANNA, &again), w.err);
    HF_CHECK(same(&anna, &again));
    HF_CHECK(!hf_subject_eq(&anna.subject, &bob.subject));
    HF_CHECK(memcmp(anna.key, bob.key, sizeof anna.key) != 0);
    HF_CHECK_U64(hf_vault_revision(w.vault), 0);
    HF_CHECK_OK(hf_vault_untold(w.vault, &note, &w.err), w.err);
    HF_CHECK_U64(note.act, HF_VAULT_PUT);
    hf_subject_text(&anna.subject, text);
    HF_CHECK_STR(hf_str_c(note.secret + strlen("holdfast.subject.")), hf_str_c(text));
    HF_CHECK_OK(hf_vault_told(w.vault, 1, &w.err), w.err);
    HF_CHECK_OK(hf_vault_told(w.vault, 2, &w.err), w.err);
    HF_CHECK_RC(hf_vault_untold(w.vault, &note, &w.err), HF_ENOTFOUND);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(seal_for(&w, ANNA, &again), w.err);
    HF_CHECK(same(&anna, &again));
    HF_CHECK_OK(opens(&w, &bob), w.err);
    world_fini(&w);
}

/* Goal: the region is told of each subject until it has it; one whose id it knows with another key
 * opens here and seals nothing more. Method: both answers, and both again. */
HF_TEST(telling)
{
    struct world w;
    struct known anna;
    struct known next;
    struct hf_vault_subject first = {.name_len = 0};
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_U64(tell_all(&w, true), 0);
    HF_CHECK_OK(seal_for(&w, ANNA, &anna), w.err);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(hf_vault_untold_subject(w.vault, NULL, &first, &w.err), w.err);
    HF_CHECK_STR(((struct hf_str){first.name, first.name_len}), ANNA);
    HF_CHECK_MEM(hf_secret_reveal(&first.key.key).ptr, anna.key, sizeof anna.key);
    hf_vault_subject_free(&first);
    HF_CHECK_U64(tell_all(&w, false), 1);
    HF_CHECK_OK(opens(&w, &anna), w.err);
    HF_CHECK_OK(seal_for(&w, ANNA, &next), w.err);
    HF_CHECK(!hf_subject_eq(&anna.subject, &next.subject));
    HF_CHECK_OK(hf_vault_told_subject(w.vault, &anna.subject, true, &w.err), w.err); /* too late */
    HF_CHECK_U64(tell_all(&w, true), 1);
    HF_CHECK_OK(seal_for(&w, ANNA, &anna), w.err);
    HF_CHECK(same(&anna, &next));
    HF_CHECK_U64(tell_all(&w, true), 0);
    world_fini(&w);
}

/* The sealed value, as it is in the database's row. */
static void read_row(struct world *w, const struct known *known, char out[512])
{
    static const struct hf_table_def table = {.name = "vault_subjects_1",
                                              .columns = {{"subject", HF_COLUMN_TEXT},
                                                          {"state", HF_COLUMN_INT},
                                                          {"sealed", HF_COLUMN_TEXT}},
                                              .key_columns = 1};
    char path[HF_PATH_MAX];
    char text[HF_SUBJECT_TEXT];
    struct hf_store *store = NULL;
    struct hf_value row[HF_COLUMNS_MAX] = {{.text = {text, HF_SUBJECT_TEXT - 1}}};
    hf_subject_text(&known->subject, text);
    (void)snprintf(path, sizeof path, "%s/vault.db", w->dir);
    HF_ASSERT(hf_store_sqlite_open_kept(path, &store, &w->err) == HF_OK);
    HF_ASSERT(hf_store_get(store, &table, row, &w->err) == HF_OK);
    (void)snprintf(out, 512, "%.*s", HF_STR_ARG(row[2].text));
    hf_store_close(store);
}

/* How many files of the vault have these bytes. */
static unsigned files_with(struct world *w, struct hf_bytes bytes)
{
    unsigned found = 0;
    DIR *dir = opendir(w->dir);
    HF_ASSERT(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char path[2 * HF_PATH_MAX];
        struct hf_buf text = hf_buf_init(64u << 20);
        (void)snprintf(path, sizeof path, "%s/%s", w->dir, entry->d_name);
        if (entry->d_name[0] != '.') {
            HF_ASSERT(hf_file_read(path, &text, &w->err) == HF_OK);
            found +=
                text.len >= bytes.len && memmem(text.ptr, text.len, bytes.ptr, bytes.len) != NULL
                    ? 1
                    : 0;
        }
        hf_buf_free(&text);
    }
    (void)closedir(dir);
    return found;
}

/* Goal: a key that was erased is in no file of the vault, sealed or not, and its subject is another
 * one afterwards. Method: look for the sealed value, wholly and in part, before and after, while
 * the vault is open; ask for the name again; erase again, and what nobody knows. */
HF_TEST(erasing)
{
    struct world w;
    struct known anna;
    struct known bob;
    struct known next;
    char sealed[512];
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(seal_for(&w, BOB, &bob), w.err);
    HF_CHECK_OK(seal_for(&w, ANNA, &anna), w.err);
    HF_CHECK_U64(tell_all(&w, true), 2);
    read_row(&w, &anna, sealed);
    struct hf_bytes part = hf_bytes_of(sealed + 20, 24);
    HF_CHECK(files_with(&w, part) > 0);
    HF_CHECK_OK(hf_vault_erase_subject(w.vault, &anna.subject, 7, &w.err), w.err);
    HF_CHECK_U64(files_with(&w, hf_bytes_of(sealed, strlen(sealed))), 0);
    HF_CHECK_U64(files_with(&w, part), 0);
    HF_CHECK_U64(files_with(&w, hf_bytes_of(anna.key, sizeof anna.key)), 0);
    HF_CHECK_U64(files_with(&w, HF_BYTES("user:anna")), 0);
    HF_CHECK_RC(opens(&w, &anna), HF_ESTALE);
    HF_CHECK_OK(opens(&w, &bob), w.err);
    HF_CHECK_OK(hf_vault_erase_subject(w.vault, &anna.subject, 7, &w.err), w.err);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_RC(opens(&w, &anna), HF_ESTALE);
    HF_CHECK_OK(seal_for(&w, ANNA, &next), w.err);
    HF_CHECK(!hf_subject_eq(&anna.subject, &next.subject));
    anna.subject.b[0] ^= 1;
    HF_CHECK_RC(opens(&w, &anna), HF_ENOTFOUND);
    HF_CHECK_OK(hf_vault_erase_subject(w.vault, &anna.subject, 7, &w.err), w.err);
    HF_CHECK_RC(opens(&w, &anna), HF_ESTALE);
    world_fini(&w);
}

/* Goal: each erasure and each key has one note. Method: their order, after all of it. */
HF_TEST(notes)
{
    static const enum hf_vault_act acts[] = {HF_VAULT_PUT, HF_VAULT_DELETED, HF_VAULT_PUT};
    struct world w;
    struct known anna;
    struct hf_vault_note note;
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(seal_for(&w, ANNA, &anna), w.err);
    HF_CHECK_OK(hf_vault_erase_subject(w.vault, &anna.subject, 7, &w.err), w.err);
    HF_CHECK_OK(hf_vault_erase_subject(w.vault, &anna.subject, 7, &w.err), w.err);
    HF_CHECK_U64(tell_all(&w, true), 0); /* of one that is gone nobody is told */
    HF_CHECK_OK(seal_for(&w, ANNA, &anna), w.err);
    for (size_t i = 0; i < HF_LEN(acts); i++) {
        HF_CHECK_OK(hf_vault_untold(w.vault, &note, &w.err), w.err);
        HF_CHECK_U64(note.act, acts[i]);
        HF_CHECK_OK(hf_vault_told(w.vault, note.sequence, &w.err), w.err);
    }
    HF_CHECK_RC(hf_vault_untold(w.vault, &note, &w.err), HF_ENOTFOUND);
    world_fini(&w);
}

/* The life that is swept. */
static unsigned live(struct world *w, struct known *anna)
{
    unsigned acked = 0;
    enum hf_rc rc = reopen(w);
    for (unsigned step = 1; rc == HF_OK && step <= 4; step++) {
        struct known bob;
        rc = step == 1   ? seal_for(w, ANNA, anna)
             : step == 2 ? seal_for(w, BOB, &bob)
             : step == 3 ? hf_vault_told_subject(w->vault, &anna->subject, true, &w->err)
                         : hf_vault_erase_subject(w->vault, &anna->subject, 7, &w->err);
        acked += rc == HF_OK ? 1 : 0;
    }
    hf_vault_close(w->vault);
    w->vault = NULL;
    return acked;
}

static void sweep(enum hf_sweep kind, int error)
{
    for (uint64_t n = 1;; n++) {
        struct world w;
        struct known anna = {.key = {0}};
        struct known again;
        char name[32];
        (void)snprintf(name, sizeof name, "vault-%d-%llu", error, (unsigned long long)n);
        world_init(&w, name);
        hf_sweep_begin(kind, n, error);
        unsigned acked = live(&w, &anna);
        uint64_t calls = hf_sweep_end();
        HF_CHECK_OK(reopen(&w), w.err);
        enum hf_rc rc = acked == 0 ? HF_ENOTFOUND : opens(&w, &anna);
        HF_CHECK(acked != 4 || rc == HF_ESTALE);
        HF_CHECK(acked == 0 || acked == 4 || rc == HF_OK || (acked == 3 && rc == HF_ESTALE));
        HF_CHECK_OK(seal_for(&w, ANNA, &again), w.err);
        HF_CHECK(rc != HF_OK || same(&anna, &again));
        HF_CHECK(rc != HF_ESTALE || !hf_subject_eq(&anna.subject, &again.subject));
        HF_CHECK(acked == 0 || hf_vault_erase_subject(w.vault, &anna.subject, 7, &w.err) == HF_OK);
        world_fini(&w);
        if (calls < n) {
            HF_CHECK(n > 5); /* there was something to sweep */
            return;
        }
    }
}

/* Every allocation, write and sync fails once: what was acknowledged is so, and nothing is in
 * between. */
HF_TEST(allocations)
{
    hf_sweep_without_syncs();
    sweep(HF_SWEEP_ALLOC, 0);
}

HF_TEST(writes)
{
    hf_sweep_without_syncs();
    sweep(HF_SWEEP_WRITE, EIO);
    sweep(HF_SWEEP_WRITE, ENOSPC);
}

HF_TEST(syncs)
{
    sweep(HF_SWEEP_SYNC, EIO);
}

HF_TEST_MAIN(HF_TEST_CASE(names), HF_TEST_CASE(telling), HF_TEST_CASE(erasing), HF_TEST_CASE(notes),
             HF_TEST_CASE(syncs), HF_TEST_CASE(allocations), HF_TEST_CASE(writes))
