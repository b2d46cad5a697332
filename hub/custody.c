/* hub/custody.c: sealed keys of subjects: found, opened, sealed anew when one is erased. */
#include "hub/custody.h"

#include "base/assert.h"
#include "base/heap.h"
#include "hub/custody_parts.h"

#define LINE "holdfast/custody/v1\n"

/* finding */

struct hf_custody_tenant *hf_custody_tenant_find(const struct hf_custody *custody,
                                                 struct hf_str name)
{
    struct hf_map_node *n = hf_map_first(&custody->by_tenant, hf_str_bytes(name));
    for (; n != NULL; n = hf_map_next(n)) {
        struct hf_custody_tenant *t = HF_CONTAINER_OF(n, struct hf_custody_tenant, by_name);
        if (hf_str_eq(hf_str_c(t->name), name)) {
            return t;
        }
    }
    return NULL;
}

struct hf_custody_tenant *hf_custody_tenant_get(struct hf_custody *custody, struct hf_str name)
{
    struct hf_custody_tenant *t = hf_custody_tenant_find(custody, name);
    if (t == NULL && (t = hf_heap_zalloc(1, sizeof *t)) != NULL) {
        HF_ASSERT(name.len < sizeof t->name);
        memcpy(t->name, name.ptr, name.len);
        hf_queue_init(&t->chunks);
        hf_queue_push(&custody->tenants, &t->node);
        hf_map_insert(&custody->by_tenant, hf_str_bytes(name), &t->by_name);
    }
    return t;
}

struct hf_custody_kept *hf_custody_kept_find(const struct hf_custody *custody, struct hf_str tenant,
                                             const struct hf_subject *subject)
{
    struct hf_map_node *n =
        hf_map_first(&custody->by_subject, hf_bytes_of(subject->b, HF_SUBJECT_SIZE));
    for (; n != NULL; n = hf_map_next(n)) {
        struct hf_custody_kept *k = HF_CONTAINER_OF(n, struct hf_custody_kept, by_subject);
        if (hf_subject_eq(&k->subject, subject) &&
            hf_str_eq(hf_str_c(k->chunk->tenant->name), tenant)) {
            return k;
        }
    }
    return NULL;
}

struct hf_custody_chunk *hf_custody_chunk_new(struct hf_custody_tenant *t)
{
    struct hf_custody_chunk *chunk = hf_heap_zalloc(1, sizeof *chunk);
    if (chunk != NULL) {
        chunk->tenant = t;
        chunk->number = t->chunk_count++;
        chunk->key = t->keys.count - 1;
        hf_queue_init(&chunk->order);
        hf_queue_push(&t->chunks, &chunk->node);
    }
    return chunk;
}

void hf_custody_chunk_drop(struct hf_custody_chunk *chunk)
{
    HF_ASSERT(chunk->count == 0 && chunk->number + 1 == chunk->tenant->chunk_count);
    chunk->tenant->chunk_count--;
    hf_queue_remove(&chunk->node);
    hf_heap_free(chunk);
}

struct hf_custody_kept *hf_custody_kept_make(struct hf_custody_chunk *chunk,
                                             const struct hf_subject *subject,
                                             struct hf_bytes sealed)
{
    struct hf_custody_kept *k = hf_heap_zalloc(1, sizeof *k + sealed.len);
    if (k != NULL) {
        k->subject = *subject;
        k->chunk = chunk;
        k->len = (uint16_t)sealed.len;
        memcpy(k->sealed, sealed.ptr, sealed.len);
        hf_queue_init(&k->order);
    }
    return k;
}

void hf_custody_kept_add(struct hf_custody *custody, struct hf_custody_kept *k)
{
    k->chunk->count++;
    k->chunk->tenant->count++;
    hf_queue_push(&k->chunk->order, &k->order);
    hf_map_insert(&custody->by_subject, hf_bytes_of(k->subject.b, HF_SUBJECT_SIZE), &k->by_subject);
}

void hf_custody_kept_drop(struct hf_custody *custody, struct hf_custody_kept *k)
{
    k->chunk->count--;
    k->chunk->tenant->count--;
    hf_queue_remove(&k->order);
    hf_map_remove(&custody->by_subject, &k->by_subject);
    hf_heap_free(k);
}

void hf_custody_empty(struct hf_custody *custody, struct hf_custody_chunk *chunk)
{
    while (!hf_queue_empty(&chunk->order)) {
        hf_custody_kept_drop(custody,
                             HF_CONTAINER_OF(chunk->order.next, struct hf_custody_kept, order));
    }
}

/* sealing */

#define ASSOCIATED_MAX (sizeof LINE + HF_TENANT_NAME_MAX + 1 + HF_SUBJECT_SIZE)

static struct hf_bytes associated(const struct hf_custody_tenant *t,
                                  const struct hf_subject *subject, uint8_t out[ASSOCIATED_MAX])
{
    struct hf_writer w = hf_writer_init(out, ASSOCIATED_MAX);
    hf_writer_str(&w, HF_STR(LINE));
    hf_writer_str(&w, hf_str_c(t->name));
    hf_writer_str(&w, HF_STR("\n"));
    hf_writer_put(&w, subject->b, HF_SUBJECT_SIZE);
    return hf_writer_done(&w);
}

enum hf_rc hf_custody_kept_open(const struct hf_secret *under, const struct hf_custody_kept *k,
                                struct hf_secret *ret_plain)
{
    uint8_t room[ASSOCIATED_MAX];
    return hf_unseal(under, hf_bytes_of(k->sealed, k->len),
                     associated(k->chunk->tenant, &k->subject, room), ret_plain);
}

enum hf_rc hf_custody_key_of(const struct hf_custody *custody, const struct hf_custody_tenant *t,
                             unsigned n, struct hf_secret *ret_key)
{
    return hf_custody_key_open(&custody->host_key, hf_str_c(t->name), &t->keys.of[n], ret_key);
}

struct hf_custody_kept *hf_custody_kept_seal(struct hf_custody *custody,
                                             struct hf_custody_chunk *chunk,
                                             const struct hf_subject *subject,
                                             const struct hf_secret *under, struct hf_bytes plain)
{
    uint8_t sealed[HF_CUSTODY_SEALED_MAX], room[ASSOCIATED_MAX];
    HF_ASSERT(plain.len <= HF_CUSTODY_PLAIN_MAX);
    hf_seal(custody->env, under, plain, associated(chunk->tenant, subject, room), sealed);
    return hf_custody_kept_make(chunk, subject, hf_bytes_of(sealed, plain.len + HF_SEAL_OVERHEAD));
}

/* opening and closing */

enum hf_rc hf_custody_open(const struct hf_custody_conf *conf, struct hf_custody *custody,
                           struct hf_err *err)
{
    *custody = (struct hf_custody){.disk = conf->disk, .env = conf->env};
    hf_queue_init(&custody->tenants);
    enum hf_rc rc = hf_path_join(conf->dir, "custody", custody->dir, sizeof custody->dir);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "the path %s is too long", conf->dir);
    }
    rc = hf_secret_copy(hf_secret_reveal(conf->host_key), &custody->host_key);
    if (rc == HF_OK) {
        rc = hf_map_init(&custody->by_tenant, conf->env);
    }
    if (rc == HF_OK) {
        rc = hf_map_init(&custody->by_subject, conf->env);
    }
    return rc == HF_OK ? hf_disk_make_dirs(conf->disk, custody->dir, 0700, err)
                       : hf_err_set(err, rc, "no memory for the custody of subjects' keys");
}

void hf_custody_close(struct hf_custody *custody)
{
    if (custody->tenants.next != NULL) {
        for (struct hf_queue *n; (n = hf_queue_pop(&custody->tenants)) != NULL;) {
            struct hf_custody_tenant *t = HF_CONTAINER_OF(n, struct hf_custody_tenant, node);
            for (struct hf_queue *c; (c = hf_queue_pop(&t->chunks)) != NULL;) {
                struct hf_custody_chunk *chunk = HF_CONTAINER_OF(c, struct hf_custody_chunk, node);
                hf_custody_empty(custody, chunk);
                hf_heap_free(chunk);
            }
            hf_heap_free(t);
        }
    }
    hf_map_fini(&custody->by_tenant);
    hf_map_fini(&custody->by_subject);
    hf_secret_free(&custody->host_key);
}

/* using */

static enum hf_rc compare(const struct hf_custody *custody, const struct hf_custody_kept *k,
                          const struct hf_subject_key *key, struct hf_err *err)
{
    struct hf_subject_key known = {.key = {0}};
    enum hf_rc rc = hf_custody_get(custody, hf_str_c(k->chunk->tenant->name), &k->subject, &known,
                                   /* ret_name= */ NULL);
    bool same =
        rc == HF_OK && hf_equal_secret(hf_secret_reveal(&known.key), hf_secret_reveal(&key->key));
    hf_secret_free(&known.key);
    if (rc == HF_OK && !same) {
        rc = hf_err_set(err, HF_EEXIST, "another key is kept under this subject");
    }
    return rc == HF_OK || rc == HF_EEXIST
               ? rc
               : hf_err_set(err, rc, "the key that is kept under this subject cannot be opened");
}

static enum hf_rc make_key(struct hf_custody *custody, struct hf_custody_tenant *t,
                           struct hf_err *err)
{
    struct hf_custody_keys fresh = {.count = 1};
    enum hf_rc rc = hf_custody_key_draw(custody->env, &custody->host_key, hf_str_c(t->name),
                                        &fresh.of[0], /* ret_key= */ NULL);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for a custody key");
    }
    rc = hf_custody_write_keys(custody, t, &fresh, err);
    if (rc == HF_OK) {
        t->keys = fresh;
    }
    return rc;
}

enum hf_rc hf_custody_unreadable(const struct hf_custody_tenant *t, struct hf_err *err)
{
    return hf_err_set(err, HF_EREADONLY,
                      "custody of the tenant %s cannot be read; see the Hub's log lines of its "
                      "start",
                      t->name);
}

static enum hf_rc ready(struct hf_custody *custody, struct hf_custody_tenant *t, struct hf_err *err)
{
    if (t->broken) {
        return hf_custody_unreadable(t, err);
    }
    if (t->count >= HF_CUSTODY_SUBJECTS_MAX) {
        return hf_err_set(err, HF_ERANGE, "a tenant has at most %d subjects whose keys are kept",
                          HF_CUSTODY_SUBJECTS_MAX);
    }
    return t->keys.count == 0 ? make_key(custody, t, err)
                              : hf_custody_settle(custody, t, /* gone= */ NULL, NULL, err);
}

static enum hf_rc seal_kept(struct hf_custody *custody, struct hf_custody_chunk *chunk,
                            const struct hf_subject_key *key, struct hf_str name,
                            struct hf_custody_kept **ret_kept, struct hf_err *err)
{
    uint8_t plain[HF_CUSTODY_PLAIN_MAX];
    struct hf_secret under = {0};
    struct hf_writer w = hf_writer_init(plain, sizeof plain);
    struct hf_bytes secret = hf_secret_reveal(&key->key);
    HF_ASSERT(secret.len == HF_SEAL_KEY_SIZE && name.len > 0 && name.len <= HF_CUSTODY_NAME_MAX);
    enum hf_rc rc = hf_custody_key_of(custody, chunk->tenant, chunk->key, &under);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "the custody key of %s cannot be opened", chunk->tenant->name);
    }
    hf_writer_put(&w, secret.ptr, secret.len);
    hf_writer_str(&w, name);
    *ret_kept = hf_custody_kept_seal(custody, chunk, &key->subject, &under, hf_writer_done(&w));
    hf_wipe(plain, sizeof plain);
    hf_secret_free(&under);
    return *ret_kept != NULL ? HF_OK
                             : hf_err_set(err, HF_ENOMEM, "no memory for the key of a subject");
}

/* One with room, or a new one; NULL: no memory. */
static struct hf_custody_chunk *chunk_for(struct hf_custody_tenant *t)
{
    HF_QUEUE_FOREACH (node, &t->chunks) {
        struct hf_custody_chunk *chunk = HF_CONTAINER_OF(node, struct hf_custody_chunk, node);
        if (chunk->count < HF_CUSTODY_CHUNK) {
            return chunk;
        }
    }
    return hf_custody_chunk_new(t);
}

static enum hf_rc put(struct hf_custody *custody, struct hf_custody_tenant *t,
                      const struct hf_subject_key *key, struct hf_str name, struct hf_err *err)
{
    struct hf_custody_kept *k = NULL;
    unsigned before = t->chunk_count;
    struct hf_custody_chunk *chunk = chunk_for(t);
    if (chunk == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the keys of subjects");
    }
    enum hf_rc rc = seal_kept(custody, chunk, key, name, &k, err);
    if (k != NULL) {
        hf_custody_kept_add(custody, k);
        rc = hf_custody_write_chunk(custody, chunk, &t->keys.of[chunk->key], &chunk->order, err);
        if (rc != HF_OK) {
            hf_custody_kept_drop(custody, k);
        }
    }
    if (rc != HF_OK && t->chunk_count > before) {
        hf_custody_chunk_drop(chunk);
    }
    return rc;
}

enum hf_rc hf_custody_put(struct hf_custody *custody, struct hf_str tenant,
                          const struct hf_subject_key *key, struct hf_str name, struct hf_err *err)
{
    const struct hf_custody_kept *k = hf_custody_kept_find(custody, tenant, &key->subject);
    if (k != NULL) {
        return compare(custody, k, key, err);
    }
    struct hf_custody_tenant *t = hf_custody_tenant_get(custody, tenant);
    if (t == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the custody of a tenant");
    }
    enum hf_rc rc = ready(custody, t, err);
    return rc == HF_OK ? put(custody, t, key, name, err) : rc;
}

bool hf_custody_is_readable(const struct hf_custody *custody, struct hf_str tenant)
{
    const struct hf_custody_tenant *t = hf_custody_tenant_find(custody, tenant);
    return t == NULL || !t->broken;
}

bool hf_custody_has(const struct hf_custody *custody, struct hf_str tenant,
                    const struct hf_subject *subject)
{
    return hf_custody_kept_find(custody, tenant, subject) != NULL;
}

enum hf_rc hf_custody_get(const struct hf_custody *custody, struct hf_str tenant,
                          const struct hf_subject *subject, struct hf_subject_key *ret_key,
                          char ret_name[HF_CUSTODY_NAME_MAX + 1])
{
    const struct hf_custody_kept *k = hf_custody_kept_find(custody, tenant, subject);
    struct hf_secret under = {0};
    struct hf_secret plain = {0};
    if (k == NULL) {
        return HF_ENOTFOUND;
    }
    enum hf_rc rc = hf_custody_key_of(custody, k->chunk->tenant, k->chunk->key, &under);
    if (rc == HF_OK) {
        rc = hf_custody_kept_open(&under, k, &plain);
    }
    hf_secret_free(&under);
    struct hf_bytes bytes = hf_secret_reveal(&plain);
    if (rc == HF_OK && ret_key != NULL) {
        ret_key->subject = *subject;
        rc = hf_secret_copy(hf_bytes_of(bytes.ptr, HF_SEAL_KEY_SIZE), &ret_key->key);
    }
    if (rc == HF_OK && ret_name != NULL) {
        size_t len = bytes.len - HF_SEAL_KEY_SIZE; /* at most the maximum, by the entry's size */
        memcpy(ret_name, bytes.ptr + HF_SEAL_KEY_SIZE, len);
        ret_name[len] = '\0';
    }
    hf_secret_free(&plain);
    return rc;
}
