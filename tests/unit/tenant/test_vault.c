/* tests/unit/tenant/test_vault.c: what the vault keeps, what it says, and what it never shows. */
#include "tenant/vault.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "tests/unit/tenant/vault_world.h"

#define OLD "old-value-7d1f0c"
#define NEW "new-value-93ab55"

static struct hf_vault_value make(const char *name, const char *value)
{
    return (struct hf_vault_value){.name = hf_str_c(name),
                                   .kind = HF_VAULT_CREDENTIAL,
                                   .value = hf_str_bytes(hf_str_c(value)),
                                   .uid = 7};
}

static enum hf_rc put(struct world *w, const char *name, const char *value,
                      struct hf_vault_note *note)
{
    const struct hf_vault_value put = make(name, value);
    return hf_vault_put(w->vault, &put, note, &w->err);
}

static enum hf_rc rotate(struct world *w, const char *name, const char *value,
                         struct hf_vault_note *note)
{
    const struct hf_vault_value next = make(name, value);
    return hf_vault_rotate(w->vault, &next, note, &w->err);
}

static bool newest_is(struct world *w, const char *name, const char *value)
{
    struct hf_secret got = {0};
    bool same = hf_vault_get(w->vault, hf_str_c(name), &got, &w->err) == HF_OK &&
                hf_equal_secret(hf_secret_reveal(&got), hf_str_bytes(hf_str_c(value)));
    hf_secret_free(&got);
    return same;
}

static enum hf_rc count(void *arg, const struct hf_vault_row *row, const struct hf_secret *value,
                        struct hf_err *err)
{
    (void)row;
    (void)value;
    (void)err;
    ++*(unsigned *)arg;
    return HF_OK;
}

static unsigned revealed(struct world *w)
{
    unsigned n = 0;
    return hf_vault_reveal(w->vault, count, &n, &w->err) == HF_OK ? n : UINT32_MAX;
}

static unsigned listed(struct world *w)
{
    unsigned n = 0;
    return hf_vault_list(w->vault, count, &n, &w->err) == HF_OK ? n : UINT32_MAX;
}

/* Put, the same again, another one refused; it is there after a reopening. */
HF_TEST(put)
{
    struct world w;
    struct hf_vault_note note;
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(put(&w, "db", OLD, &note), w.err);
    HF_CHECK_U64(note.sequence, 1);
    HF_CHECK_U64(note.act, HF_VAULT_PUT);
    HF_CHECK_OK(put(&w, "db", OLD, &note), w.err);
    HF_CHECK_U64(note.sequence, 0);
    HF_CHECK_RC(put(&w, "db", NEW, &note), HF_EEXIST);
    HF_CHECK_RC(rotate(&w, "other", NEW, &note), HF_ENOTFOUND);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK(newest_is(&w, "db", OLD));
    world_fini(&w);
}

/* Rotated beyond what is kept: the newest counts, the oldest goes, and a list shows it once. */
HF_TEST(rotate)
{
    struct world w;
    struct hf_vault_note note;
    char value[32];
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(put(&w, "db", OLD, &note), w.err);
    for (unsigned i = 2; i <= 8; i++) {
        (void)snprintf(value, sizeof value, NEW "%u", i);
        HF_CHECK_OK(rotate(&w, "db", value, &note), w.err);
        HF_CHECK_U64(note.version, i);
        HF_CHECK(newest_is(&w, "db", value));
        HF_CHECK_U64(revealed(&w), i < HF_VAULT_KEPT_MAX ? i : HF_VAULT_KEPT_MAX);
        HF_CHECK_U64(listed(&w), 1);
    }
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK(newest_is(&w, "db", NEW "8"));
    world_fini(&w);
}

/* What is deleted is gone; each change and each reading has exactly one note, in order. */
HF_TEST(delete)
{
    struct world w;
    struct hf_vault_note note;
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(put(&w, "db", OLD, &note), w.err);
    HF_CHECK_OK(rotate(&w, "db", NEW, &note), w.err);
    HF_CHECK_OK(put(&w, "another", OLD, &note), w.err);
    HF_CHECK_U64(listed(&w), 2);
    HF_CHECK_OK(hf_vault_delete(w.vault, HF_STR("db"), 7, &note, &w.err), w.err);
    HF_CHECK_U64(note.version, 2);
    HF_CHECK_U64(revealed(&w), 1);
    HF_CHECK(!newest_is(&w, "db", NEW));
    HF_CHECK_RC(hf_vault_delete(w.vault, HF_STR("db"), 7, &note, &w.err), HF_ENOTFOUND);
    HF_CHECK_OK(hf_vault_note_read(w.vault, HF_STR("*"), 9, &note, &w.err), w.err);
    HF_CHECK_U64(note.values, 1);
    for (uint64_t i = 1; i <= 5; i++) {
        HF_CHECK_OK(hf_vault_untold(w.vault, &note, &w.err), w.err);
        HF_CHECK_U64(note.sequence, i);
        HF_CHECK_OK(hf_vault_told(w.vault, i, &w.err), w.err);
    }
    HF_CHECK_RC(hf_vault_untold(w.vault, &note, &w.err), HF_ENOTFOUND);
    HF_CHECK_U64(hf_vault_revision(w.vault), 4);
    world_fini(&w);
}

/* Names, lengths and amounts that are refused change nothing. */
HF_TEST(refusals)
{
    struct world w;
    struct hf_vault_note note;
    static char big[HF_VAULT_VALUE_MAX + 2];
    char name[16];
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    for (size_t i = 0; i < sizeof big - 1; i++) {
        big[i] = "wxyz"[i % 4];
    }
    HF_CHECK_RC(put(&w, "", OLD, &note), HF_EINVAL);
    HF_CHECK_RC(put(&w, "A", OLD, &note), HF_EINVAL);
    HF_CHECK_RC(put(&w, "a/b", OLD, &note), HF_EINVAL);
    HF_CHECK_RC(put(&w, "holdfast.placeholder-key", OLD, &note), HF_EINVAL);
    HF_CHECK_RC(hf_vault_delete(w.vault, HF_STR("holdfast.placeholder-key"), 7, &note, &w.err),
                HF_EINVAL);
    HF_CHECK_RC(hf_vault_note_read(w.vault, HF_STR("holdfast.placeholder-key"), 7, &note, &w.err),
                HF_EINVAL);
    HF_CHECK_RC(put(&w, "a", "1234567", &note), HF_EINVAL);
    HF_CHECK_RC(put(&w, "a", big, &note), HF_ETOOBIG);
    HF_CHECK_RC(put(&w, "a", "abcabcabcabc", &note), HF_EINVAL);
    HF_CHECK_RC(put(&w, "a", "password", &note), HF_EINVAL);
    HF_CHECK_U64(revealed(&w), 0);
    big[HF_VAULT_VALUE_MAX] = '\0';
    for (unsigned i = 0; i < HF_VAULT_BYTES_MAX / HF_VAULT_VALUE_MAX; i++) {
        (void)snprintf(name, sizeof name, "n%u", i);
        HF_CHECK_OK(put(&w, name, big, &note), w.err);
    }
    HF_CHECK_RC(put(&w, "more", OLD, &note), HF_EINVAL);
    HF_CHECK_RC(rotate(&w, "n0", OLD, &note), HF_EINVAL);
    HF_CHECK_OK(hf_vault_delete(w.vault, HF_STR("n1"), 7, &note, &w.err), w.err);
    HF_CHECK_OK(rotate(&w, "n0", OLD, &note), w.err);
    world_fini(&w);
}

/* Another host's key, a key file that is gone or altered, one of another vault: each is refused
 * with what to do, and the vault opens again when all is as it was. */
HF_TEST(keys)
{
    struct world w, other;
    struct hf_vault_note note;
    char key[HF_PATH_MAX], aside[HF_PATH_MAX], foreign[HF_PATH_MAX];
    uint8_t name[8];
    world_init(&w, "vault");
    world_init(&other, "other");
    (void)snprintf(key, sizeof key, "%s/vault.key", w.dir);
    (void)snprintf(aside, sizeof aside, "%s/aside", w.dir);
    (void)snprintf(foreign, sizeof foreign, "%s/vault.key", other.dir);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(put(&w, "db", OLD, &note), w.err);
    hf_secret_fill(&w.host_key)[0] ^= 1;
    HF_CHECK_RC(reopen(&w), HF_EMISMATCH);
    HF_CHECK(strstr(w.err.text, "HOLDFAST_HOST_KEY") != NULL);
    hf_secret_fill(&w.host_key)[0] ^= 1;
    HF_CHECK_OK(hf_file_move(key, aside, &w.err), w.err);
    HF_CHECK_RC(reopen(&w), HF_ENOTFOUND);
    HF_CHECK(strstr(w.err.text, "restore it from a backup") != NULL);
    hf_secret_free(&other.host_key);
    HF_CHECK_RC(hf_secret_copy(hf_secret_reveal(&w.host_key), &other.host_key), HF_OK);
    hf_env_random(&other.sim.env, name, sizeof name); /* so that it draws another key */
    HF_CHECK_OK(reopen(&other), other.err);
    HF_CHECK_OK(hf_file_move(foreign, key, &w.err), w.err);
    HF_CHECK_RC(reopen(&w), HF_EBADSIG);
    HF_CHECK(strstr(w.err.text, "same backup") != NULL);
    HF_CHECK_OK(hf_file_move(aside, key, &w.err), w.err);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK(newest_is(&w, "db", OLD));
    world_fini(&w);
    world_fini(&other);
}

static void spoil(const char *path, off_t at)
{
    uint8_t bytes[64];
    memset(bytes, 0x5a, sizeof bytes);
    FILE *file = fopen(path, "r+b");
    HF_ASSERT(file != NULL && fseek(file, at, SEEK_SET) == 0);
    HF_ASSERT(fwrite(bytes, 1, sizeof bytes, file) == sizeof bytes && fclose(file) == 0);
}

/* A database that is written over, at its head and at every 512 bytes: nothing but a clear answer
 * comes of it, and never a wrong value. */
HF_TEST(damage)
{
    struct world w;
    struct hf_vault_note note;
    char db[HF_PATH_MAX], good[HF_PATH_MAX];
    struct hf_buf copy = hf_buf_init(1u << 20);
    unsigned refused = 0;
    world_init(&w, "vault");
    (void)snprintf(db, sizeof db, "%s/vault.db", w.dir);
    (void)snprintf(good, sizeof good, "%s/good.db", w.dir);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(put(&w, "db", OLD, &note), w.err);
    hf_vault_close(w.vault);
    w.vault = NULL;
    HF_CHECK_OK(hf_file_read(db, &copy, &w.err), w.err);
    for (size_t at = 0; at < copy.len; at += 512) {
        struct hf_secret got = {0};
        HF_CHECK_OK(hf_file_replace(db, hf_buf_bytes(&copy), 0600, &w.err), w.err);
        spoil(db, (off_t)at);
        enum hf_rc rc = reopen(&w);
        if (rc == HF_OK) {
            rc = hf_vault_get(w.vault, HF_STR("db"), &got, &w.err);
        }
        HF_CHECK(rc == HF_OK || w.err.text[0] != '\0');
        HF_CHECK(rc != HF_OK || hf_equal_secret(hf_secret_reveal(&got), HF_BYTES(OLD)));
        refused += rc != HF_OK ? 1 : 0;
        hf_secret_free(&got);
    }
    HF_CHECK(refused > 0);
    HF_CHECK_OK(hf_file_replace(db, hf_buf_bytes(&copy), 0600, &w.err), w.err);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK(newest_is(&w, "db", OLD));
    hf_buf_free(&copy);
    world_fini(&w);
}

/* The life that is swept: `acked` counts the steps that were answered with HF_OK. */
static void live(struct world *w, unsigned *ret_acked)
{
    struct hf_vault_note note;
    enum hf_rc rc = reopen(w);
    *ret_acked = rc == HF_OK ? 1 : 0;
    for (unsigned step = 1; rc == HF_OK && step <= 4; step++) {
        rc = step == 1   ? put(w, "db", OLD, &note)
             : step == 2 ? rotate(w, "db", NEW, &note)
             : step == 3 ? hf_vault_told(w->vault, 1, &w->err)
                         : hf_vault_delete(w->vault, HF_STR("db"), 7, &note, &w->err);
        *ret_acked += rc == HF_OK ? 1 : 0;
    }
}

/* After the fault: what was acknowledged is there, the step that failed is there wholly or not at
 * all, and the notes say exactly what happened. */
static void check_after(struct world *w, unsigned acked)
{
    struct hf_vault_note note;
    HF_CHECK_OK(reopen(w), w->err);
    bool old = newest_is(w, "db", OLD);
    bool new = newest_is(w, "db", NEW);
    uint64_t revision = hf_vault_revision(w->vault);
    HF_CHECK(acked < 2 || revision >= 1);
    HF_CHECK(acked < 3 || revision >= 2);
    HF_CHECK(acked < 5 || revision == 3);
    HF_CHECK(old == (revision == 1) && new == (revision == 2));
    enum hf_rc rc = hf_vault_untold(w->vault, &note, &w->err);
    HF_CHECK(rc == HF_OK || (rc == HF_ENOTFOUND && revision == 0));
    HF_CHECK(rc != HF_OK || note.sequence <= 2);
}

static void sweep(enum hf_sweep kind, int error)
{
    for (uint64_t n = 1;; n++) {
        struct world w;
        char name[32];
        unsigned acked = 0;
        (void)snprintf(name, sizeof name, "vault-%llu", (unsigned long long)n);
        world_init(&w, name);
        hf_sweep_begin(kind, n, error);
        live(&w, &acked);
        hf_vault_close(w.vault);
        w.vault = NULL;
        uint64_t calls = hf_sweep_end();
        check_after(&w, acked);
        world_fini(&w);
        if (hf_test_failed() || calls < n) {
            HF_CHECK(n > 5); /* there was something to sweep */
            return;
        }
    }
}

/* Every allocation, write and sync of a vault's life fails once. */
HF_TEST(allocations)
{
    sweep(HF_SWEEP_ALLOC, 0);
}

HF_TEST(writes)
{
    sweep(HF_SWEEP_WRITE, EIO);
    sweep(HF_SWEEP_WRITE, ENOSPC);
}

HF_TEST(syncs)
{
    sweep(HF_SWEEP_SYNC, EIO);
}

/* The placeholder key is one for the vault's life; the name under which notes are told changes only
 * when it is asked for. */
HF_TEST(placeholder_key)
{
    struct world w;
    struct hf_secret first = {0}, second = {0};
    char id[HF_VAULT_ID_TEXT];
    world_init(&w, "vault");
    HF_CHECK_OK(reopen(&w), w.err);
    (void)snprintf(id, sizeof id, "%s", hf_vault_id(w.vault));
    HF_CHECK_OK(hf_vault_placeholder_key(w.vault, &first, &w.err), w.err);
    HF_CHECK_OK(reopen(&w), w.err);
    HF_CHECK_OK(hf_vault_placeholder_key(w.vault, &second, &w.err), w.err);
    HF_CHECK_U64(hf_secret_reveal(&first).len, 32);
    HF_CHECK(hf_equal_secret(hf_secret_reveal(&first), hf_secret_reveal(&second)));
    HF_CHECK(strcmp(id, hf_vault_id(w.vault)) == 0);
    HF_CHECK_OK(hf_vault_rename(w.vault, &w.err), w.err);
    HF_CHECK(strcmp(id, hf_vault_id(w.vault)) != 0);
    hf_secret_free(&first);
    hf_secret_free(&second);
    world_fini(&w);
}

HF_TEST_MAIN(HF_TEST_CASE(put), HF_TEST_CASE(rotate), HF_TEST_CASE(delete), HF_TEST_CASE(refusals),
             HF_TEST_CASE(keys), HF_TEST_CASE(damage), HF_TEST_CASE(allocations),
             HF_TEST_CASE(writes), HF_TEST_CASE(syncs), HF_TEST_CASE(placeholder_key))
