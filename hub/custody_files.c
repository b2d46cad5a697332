/* hub/custody_files.c: a tenant's files in custody, each replaced as a whole. */
#include <stdio.h>

#include "base/assert.h"
#include "hub/custody_parts.h"

#define HEADER     "holdfast/custody@v1\n"
#define SEALED_MIN (HF_SEAL_KEY_SIZE + 1 + HF_SEAL_OVERHEAD)
#define ENTRY_HEAD (HF_SUBJECT_SIZE + 2)
#define CHUNKS_MAX (HF_CUSTODY_SUBJECTS_MAX / HF_CUSTODY_CHUNK)
#define FILE_MAX                                                                                   \
    (sizeof HEADER - 1 + HF_CUSTODY_KEY_ID +                                                       \
     (size_t)HF_CUSTODY_CHUNK * (ENTRY_HEAD + HF_CUSTODY_SEALED_MAX))

static enum hf_rc path_of(const struct hf_custody *custody, const struct hf_custody_tenant *t,
                          const char *ending, char out[HF_PATH_MAX], struct hf_err *err)
{
    char name[HF_TENANT_NAME_MAX + 16];
    (void)snprintf(name, sizeof name, "%s.%s", t->name, ending);
    enum hf_rc rc = hf_path_join(custody->dir, name, out, HF_PATH_MAX);
    return rc == HF_OK ? rc : hf_err_set(err, rc, "the path %s is too long", custody->dir);
}

enum hf_rc hf_custody_write_keys(const struct hf_custody *custody,
                                 const struct hf_custody_tenant *t,
                                 const struct hf_custody_keys *keys, struct hf_err *err)
{
    uint8_t text[HF_CUSTODY_KEY_FILE_MAX];
    char path[HF_PATH_MAX];
    enum hf_rc rc = path_of(custody, t, "key", path, err);
    return rc == HF_OK
               ? hf_disk_replace(custody->disk, path,
                                 hf_custody_keys_write(keys, &custody->host_key, text), 0600, err)
               : rc;
}

static enum hf_rc chunk_path(const struct hf_custody *custody, const struct hf_custody_tenant *t,
                             unsigned number, char out[HF_PATH_MAX], struct hf_err *err)
{
    char ending[32];
    (void)snprintf(ending, sizeof ending, "subjects.%u", number);
    return path_of(custody, t, ending, out, err);
}

enum hf_rc hf_custody_write_chunk(const struct hf_custody *custody,
                                  const struct hf_custody_chunk *chunk,
                                  const struct hf_custody_key *key, const struct hf_queue *order,
                                  struct hf_err *err)
{
    char path[HF_PATH_MAX];
    uint8_t len[2];
    struct hf_buf text = hf_buf_init(FILE_MAX);
    enum hf_rc rc = chunk_path(custody, chunk->tenant, chunk->number, path, err);
    hf_buf_str(&text, HF_STR(HEADER));
    hf_buf_put(&text, key->id, HF_CUSTODY_KEY_ID);
    HF_QUEUE_FOREACH (node, order) {
        const struct hf_custody_kept *k = HF_CONTAINER_OF(node, struct hf_custody_kept, order);
        hf_be16_put(len, k->len);
        hf_buf_put(&text, k->subject.b, HF_SUBJECT_SIZE);
        hf_buf_put(&text, len, sizeof len);
        hf_buf_put(&text, k->sealed, k->len);
    }
    if (rc == HF_OK && text.failed != HF_OK) {
        rc = hf_err_set(err, text.failed, "no memory for the keys of subjects");
    }
    if (rc == HF_OK) {
        rc = hf_disk_replace(custody->disk, path, hf_buf_bytes(&text), 0600, err);
    }
    hf_buf_free(&text);
    return rc;
}

/* What can be read of them: what is cut at the end is not there. */
static enum hf_rc take_entries(struct hf_custody *custody, struct hf_custody_chunk *chunk,
                               struct hf_cursor *c)
{
    struct hf_bytes id, sealed;
    uint16_t len = 0;
    while (chunk->count < HF_CUSTODY_CHUNK && hf_cursor_take(c, HF_SUBJECT_SIZE, &id) &&
           hf_cursor_be16(c, &len) && len >= SEALED_MIN && len <= HF_CUSTODY_SEALED_MAX &&
           hf_cursor_take(c, len, &sealed)) {
        struct hf_subject subject;
        memcpy(subject.b, id.ptr, sizeof subject.b);
        if (hf_custody_kept_find(custody, hf_str_c(chunk->tenant->name), &subject) != NULL) {
            continue;
        }
        struct hf_custody_kept *k = hf_custody_kept_make(chunk, &subject, sealed);
        if (k == NULL) {
            return HF_ENOMEM;
        }
        hf_custody_kept_add(custody, k);
    }
    return HF_OK;
}

static enum hf_rc take_chunk(struct hf_custody *custody, struct hf_custody_chunk *chunk,
                             struct hf_bytes text, struct hf_err *err)
{
    const struct hf_custody_keys *keys = &chunk->tenant->keys;
    struct hf_cursor c = hf_cursor_init(text);
    struct hf_bytes header, id;
    if (!hf_cursor_take(&c, sizeof HEADER - 1, &header) ||
        memcmp(header.ptr, HEADER, header.len) != 0 ||
        !hf_cursor_take(&c, HF_CUSTODY_KEY_ID, &id)) {
        return hf_err_set(err, HF_ESYNTAX, "these are no subjects' keys of holdfast");
    }
    for (chunk->key = 0; chunk->key < keys->count; chunk->key++) {
        if (memcmp(keys->of[chunk->key].id, id.ptr, id.len) == 0) {
            enum hf_rc rc = take_entries(custody, chunk, &c);
            return rc == HF_OK ? rc : hf_err_set(err, rc, "no memory for the keys of subjects");
        }
    }
    chunk->key = 0;
    return hf_err_set(err, HF_EMISMATCH,
                      "they are sealed under another custody key than %s.key has",
                      chunk->tenant->name);
}

static enum hf_rc read_file(const struct hf_custody *custody, const char *path, struct hf_buf *text,
                            struct hf_err *err)
{
    enum hf_rc rc = hf_disk_read(custody->disk, path, text, err);
    return rc == HF_ETOOBIG ? hf_err_set(err, HF_ESYNTAX, "%s is too big", path) : rc;
}

static enum hf_rc read_keys(const struct hf_custody *custody, struct hf_custody_tenant *t,
                            struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_secret key = {0};
    struct hf_buf text = hf_buf_init(HF_CUSTODY_KEY_FILE_MAX);
    enum hf_rc rc = path_of(custody, t, "key", path, err);
    if (rc == HF_OK) {
        rc = read_file(custody, path, &text, err);
    }
    if (rc == HF_OK) {
        rc = hf_custody_keys_parse(hf_buf_bytes(&text), &custody->host_key, &t->keys, err);
    }
    for (unsigned i = 0; rc == HF_OK && i < t->keys.count; i++) {
        rc = hf_custody_key_open(&custody->host_key, hf_str_c(t->name), &t->keys.of[i], &key);
        hf_secret_free(&key);
        rc = rc == HF_OK
                 ? rc
                 : hf_err_set(err, rc, "%s.key was altered, or is another tenant's", t->name);
    }
    hf_buf_free(&text);
    return rc;
}

/* Chunk after chunk; none at all when the key was made and nothing was put yet. */
static enum hf_rc read_subjects(struct hf_custody *custody, struct hf_custody_tenant *t,
                                struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(FILE_MAX);
    enum hf_rc rc = HF_OK;
    for (unsigned n = 0; rc == HF_OK && n < CHUNKS_MAX; n++) {
        rc = chunk_path(custody, t, n, path, err);
        if (rc != HF_OK || !hf_disk_exists(custody->disk, path)) {
            break;
        }
        struct hf_custody_chunk *chunk = hf_custody_chunk_new(t);
        hf_buf_clear(&text);
        if (chunk == NULL) {
            rc = hf_err_set(err, HF_ENOMEM, "no memory for the keys of subjects");
            break;
        }
        rc = read_file(custody, path, &text, err);
        if (rc == HF_OK) {
            rc = take_chunk(custody, chunk, hf_buf_bytes(&text), err);
        }
    }
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_custody_load(struct hf_custody *custody, struct hf_str tenant, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_custody_tenant probe = {.keys = {.count = 0}};
    memcpy(probe.name, tenant.ptr, tenant.len);
    enum hf_rc rc = path_of(custody, &probe, "key", path, err);
    if (rc != HF_OK || !hf_disk_exists(custody->disk, path)) {
        return rc; /* of most tenants nothing is kept */
    }
    struct hf_custody_tenant *t = hf_custody_tenant_get(custody, tenant);
    if (t == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for the custody of a tenant");
    }
    rc = read_keys(custody, t, err);
    if (rc == HF_OK) {
        rc = read_subjects(custody, t, err);
    }
    if (rc != HF_OK && rc != HF_ENOMEM) {
        t->broken = true;
        HF_QUEUE_FOREACH (node, &t->chunks) {
            hf_custody_empty(custody, HF_CONTAINER_OF(node, struct hf_custody_chunk, node));
        }
        rc = hf_err_wrap(
            err, rc,
            "custody of the tenant %s: restore %s.key and all %s.subjects from the same "
            "backup, or move them away",
            t->name, t->name, t->name);
    }
    return rc;
}
