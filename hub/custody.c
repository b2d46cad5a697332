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
        hf_queue_init(&t->order);
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
        if (hf_subject_eq(&k->subject, subject) && hf_str_eq(hf_str_c(k->tenant->name), tenant)) {
            return k;
        }
    }
    return NULL;
}

struct hf_custody_kept *hf_custody_kept_make(struct hf_custody_tenant *t,
                                             const struct hf_subject *subject,
                                             struct hf_bytes sealed)
{
    struct hf_custody_kept *k = hf_heap_zalloc(1, sizeof *k + sealed.len);
    if (k != NULL) {
        k->subject = *subject;
        k->tenant = t;
        k->len = (uint16_t)sealed.len;
        memcpy(k->sealed, sealed.ptr, sealed.len);
        hf_queue_init(&k->order);
    }
    return k;
}

void hf_custody_kept_add(struct hf_custody *custody, struct hf_custody_kept *k)
{
    k->tenant->count++;
    hf_queue_push(&k->tenant->order, &k->order);
    hf_map_insert(&custody->by_subject, hf_bytes_of(k->subject.b, HF_SUBJECT_SIZE), &k->by_subject);
}

void hf_custody_kept_drop(struct hf_custody *custody, struct hf_custody_kept *k)
{
    k->tenant->count--;
    hf_queue_remove(&k->order);
    hf_map_remove(&custody->by_subject, &k->by_subject);
    hf_heap_free(k);
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

static enum hf_rc open_kept(const struct hf_secret *custody_key, const struct hf_custody_kept *k,
                            struct hf_secret *ret_plain)
{
    uint8_t room[ASSOCIATED_MAX];
    return hf_unseal(custody_key, hf_bytes_of(k->sealed, k->len),
                     associated(k->tenant, &k->subject, room), ret_plain);
}

static enum hf_rc current_key(const struct hf_custody *custody, const struct hf_custody_tenant *t,
                              struct hf_secret *ret_key)
{
    return hf_custody_key_open(&custody->host_key, hf_str_c(t->name), &t->keys.of[t->current],
                               ret_key);
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
            while (!hf_queue_empty(&t->order)) {
                hf_custody_kept_drop(custody,
                                     HF_CONTAINER_OF(t->order.next, struct hf_custody_kept, order));
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
    enum hf_rc rc = hf_custody_get(custody, hf_str_c(k->tenant->name), &k->subject, &known,
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

static enum hf_rc ready(struct hf_custody *custody, struct hf_custody_tenant *t, struct hf_err *err)
{
    struct hf_custody_keys fresh = {.count = 1};
    if (t->broken) {
        return hf_err_set(err, HF_EREADONLY,
                          "custody of the tenant %s cannot be read; see the "
                          "Hub's log lines of its start",
                          t->name);
    }
    if (t->count >= HF_CUSTODY_SUBJECTS_MAX) {
        return hf_err_set(err, HF_ENOSPC, "a tenant has at most %d subjects",
                          HF_CUSTODY_SUBJECTS_MAX);
    }
    if (t->keys.count > 0) {
        return HF_OK;
    }
    enum hf_rc rc = hf_custody_key_draw(custody->env, &custody->host_key, hf_str_c(t->name),
                                        &fresh.of[0], /* ret_key= */ NULL);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no locked memory for a custody key");
    }
    rc = hf_custody_write_keys(custody, t, &fresh, err);
    if (rc == HF_OK) {
        t->keys = fresh;
        t->current = 0;
    }
    return rc;
}

static enum hf_rc seal_kept(struct hf_custody *custody, struct hf_custody_tenant *t,
                            const struct hf_subject_key *key, struct hf_str name,
                            struct hf_custody_kept **ret_kept, struct hf_err *err)
{
    uint8_t plain[HF_CUSTODY_PLAIN_MAX], sealed[HF_CUSTODY_SEALED_MAX], room[ASSOCIATED_MAX];
    struct hf_secret custody_key = {0};
    struct hf_writer w = hf_writer_init(plain, sizeof plain);
    struct hf_bytes secret = hf_secret_reveal(&key->key);
    HF_ASSERT(secret.len == HF_SEAL_KEY_SIZE && name.len > 0 && name.len <= HF_CUSTODY_NAME_MAX);
    enum hf_rc rc = current_key(custody, t, &custody_key);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "the custody key of %s cannot be opened", t->name);
    }
    hf_writer_put(&w, secret.ptr, secret.len);
    hf_writer_str(&w, name);
    hf_seal(custody->env, &custody_key, hf_writer_done(&w), associated(t, &key->subject, room),
            sealed);
    *ret_kept =
        hf_custody_kept_make(t, &key->subject, hf_bytes_of(sealed, w.len + HF_SEAL_OVERHEAD));
    hf_wipe(plain, sizeof plain);
    hf_secret_free(&custody_key);
    return *ret_kept != NULL ? HF_OK
                             : hf_err_set(err, HF_ENOMEM, "no memory for the key of a subject");
}

enum hf_rc hf_custody_put(struct hf_custody *custody, struct hf_str tenant,
                          const struct hf_subject_key *key, struct hf_str name, struct hf_err *err)
{
    struct hf_custody_kept *k = hf_custody_kept_find(custody, tenant, &key->subject);
    if (k != NULL) {
        return compare(custody, k, key, err);
    }
    struct hf_custody_tenant *t = hf_custody_tenant_get(custody, tenant);
    if (t == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the custody of a tenant");
    }
    enum hf_rc rc = ready(custody, t, err);
    if (rc == HF_OK) {
        rc = seal_kept(custody, t, key, name, &k, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    hf_custody_kept_add(custody, k);
    rc = hf_custody_write_subjects(custody, t, &t->keys.of[t->current], &t->order, err);
    if (rc != HF_OK) {
        hf_custody_kept_drop(custody, k);
    }
    return rc;
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
    struct hf_secret custody_key = {0};
    struct hf_secret plain = {0};
    if (k == NULL) {
        return HF_ENOTFOUND;
    }
    enum hf_rc rc = current_key(custody, k->tenant, &custody_key);
    if (rc == HF_OK) {
        rc = open_kept(&custody_key, k, &plain);
    }
    hf_secret_free(&custody_key);
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

/* erasing */

static void free_queue(struct hf_queue *order)
{
    for (struct hf_queue *n; (n = hf_queue_pop(order)) != NULL;) {
        hf_heap_free(HF_CONTAINER_OF(n, struct hf_custody_kept, order));
    }
}

/* All that stays, sealed anew. What cannot be opened any more is lost, and does not stay. */
static enum hf_rc seal_again(struct hf_custody *custody, struct hf_custody_tenant *t,
                             hf_custody_gone_fn *gone, void *arg, const struct hf_secret *key,
                             struct hf_queue *io_order)
{
    uint8_t sealed[HF_CUSTODY_SEALED_MAX], room[ASSOCIATED_MAX];
    struct hf_secret before = {0};
    enum hf_rc rc = current_key(custody, t, &before);
    HF_QUEUE_FOREACH (node, &t->order) {
        const struct hf_custody_kept *k = HF_CONTAINER_OF(node, struct hf_custody_kept, order);
        struct hf_secret plain = {0};
        if (rc != HF_OK || gone(arg, hf_str_c(t->name), &k->subject)) {
            continue;
        }
        rc = open_kept(&before, k, &plain);
        if (rc == HF_OK) {
            hf_seal(custody->env, key, hf_secret_reveal(&plain), associated(t, &k->subject, room),
                    sealed);
            struct hf_custody_kept *again =
                hf_custody_kept_make(t, &k->subject, hf_bytes_of(sealed, k->len));
            rc = again == NULL ? HF_ENOMEM : HF_OK;
            if (again != NULL) {
                hf_queue_push(io_order, &again->order);
            }
        }
        hf_secret_free(&plain);
        rc = rc == HF_EBADSIG ? HF_OK : rc;
    }
    hf_secret_free(&before);
    return rc;
}

/* The files first, so that memory never knows less than they do. */
static enum hf_rc change_key(struct hf_custody *custody, struct hf_custody_tenant *t,
                             hf_custody_gone_fn *gone, void *arg, struct hf_err *err)
{
    struct hf_queue order;
    struct hf_secret key = {0};
    struct hf_custody_keys both = {.count = 2, .of = {t->keys.of[t->current]}};
    hf_queue_init(&order);
    enum hf_rc rc =
        hf_custody_key_draw(custody->env, &custody->host_key, hf_str_c(t->name), &both.of[1], &key);
    if (rc == HF_OK) {
        rc = seal_again(custody, t, gone, arg, &key, &order);
    }
    hf_secret_free(&key);
    if (rc != HF_OK) {
        free_queue(&order);
        return hf_err_set(err, rc, "the keys of %s cannot be sealed anew", t->name);
    }
    rc = hf_custody_write_keys(custody, t, &both, err);
    if (rc == HF_OK) {
        rc = hf_custody_write_subjects(custody, t, &both.of[1], &order, err);
    }
    if (rc != HF_OK) {
        free_queue(&order);
        return rc;
    }
    while (!hf_queue_empty(&t->order)) {
        hf_custody_kept_drop(custody,
                             HF_CONTAINER_OF(t->order.next, struct hf_custody_kept, order));
    }
    for (struct hf_queue *n; (n = hf_queue_pop(&order)) != NULL;) {
        hf_custody_kept_add(custody, HF_CONTAINER_OF(n, struct hf_custody_kept, order));
    }
    t->keys = both;
    t->current = 1;
    return HF_OK;
}

enum hf_rc hf_custody_erase(struct hf_custody *custody, struct hf_str tenant,
                            hf_custody_gone_fn *gone, void *arg, uint64_t *ret_count,
                            struct hf_err *err)
{
    struct hf_custody_tenant *t = hf_custody_tenant_find(custody, tenant);
    uint64_t count = 0;
    *ret_count = 0;
    if (t == NULL || t->broken) {
        return HF_OK;
    }
    HF_QUEUE_FOREACH (node, &t->order) {
        count += gone(arg, tenant, &HF_CONTAINER_OF(node, struct hf_custody_kept, order)->subject)
                     ? 1
                     : 0;
    }
    enum hf_rc rc = count == 0 ? HF_OK : change_key(custody, t, gone, arg, err);
    if (rc == HF_OK) {
        *ret_count = count;
        rc = hf_custody_settle(custody, t, err);
    }
    return rc;
}
