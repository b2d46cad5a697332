/* hub/snapshot.c: writes and reads the file of the Hub's memory. */
#include "hub/snapshot.h"

#include <stdio.h>

#include "base/assert.h"
#include "hub/hub.h"
#include "hub/memory.h"

#define MAGIC    "HFM1"
#define HEAD     (4 + HF_HASH_SIZE + 8 + HF_HASH_SIZE) /* magic, tables, position, root */
#define FILE_MAX (HEAD + HF_MEMORY_MAX + HF_HASH_SIZE)
#define EVERY_NS UINT64_C(600000000000)
#define SOON_NS  UINT64_C(1000000000)
#define AGAIN_NS UINT64_C(100000000)
#define MANY     10000 /* entries: a tenth of a second */

static struct hf_hub_snapshot *of(struct hf_hub *hub)
{
    return &hub->snapshot;
}

static void mac_of(const struct hf_secret *key, struct hf_bytes bytes, struct hf_hash *ret)
{
    hf_hmac_sha256(key, HF_BYTES("holdfast/hub-memory/v1\n"), bytes, ret);
}

/* reading */

struct head {
    struct hf_hash tables;
    uint64_t position;
    struct hf_hash root;
};

static enum hf_rc read_head(struct hf_bytes file, struct head *ret, struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(file);
    struct hf_bytes magic;
    struct hf_bytes tables;
    struct hf_bytes position;
    struct hf_bytes root;
    if (!hf_cursor_take(&cursor, 4, &magic) || memcmp(magic.ptr, MAGIC, 4) != 0 ||
        !hf_cursor_take(&cursor, HF_HASH_SIZE, &tables) || !hf_cursor_take(&cursor, 8, &position) ||
        !hf_cursor_take(&cursor, HF_HASH_SIZE, &root) || cursor.left < HF_HASH_SIZE) {
        return hf_err_set(err, HF_EINVAL, "it is no snapshot, or is cut");
    }
    memcpy(ret->tables.b, tables.ptr, HF_HASH_SIZE);
    ret->position = hf_be64_get(position.ptr);
    memcpy(ret->root.b, root.ptr, HF_HASH_SIZE);
    return HF_OK;
}

/* Is it ours, of this log, and written by tables such as these? */
static enum hf_rc check(struct hf_hub *hub, struct hf_bytes file, struct head *ret,
                        struct hf_err *err)
{
    struct hf_hash hash;
    enum hf_rc rc = read_head(file, ret, err);
    if (rc != HF_OK) {
        return rc;
    }
    mac_of(&of(hub)->key, hf_bytes_of(file.ptr, file.len - HF_HASH_SIZE), &hash);
    if (!hf_equal_secret(hf_bytes_of(hash.b, HF_HASH_SIZE),
                         hf_bytes_of(file.ptr + file.len - HF_HASH_SIZE, HF_HASH_SIZE))) {
        return hf_err_set(err, HF_EINVAL, "it is damaged, or not this Hub's");
    }
    hf_memory_fingerprint(&hash);
    if (!hf_hash_eq(&hash, &ret->tables)) {
        return hf_err_set(err, HF_EINVAL, "another version wrote it");
    }
    if (ret->position > hf_log_size(hub->log.log)) {
        return hf_err_set(err, HF_EINVAL, "it knows more than the log has");
    }
    rc = hf_tree_root(hf_log_source(hub->log.log), ret->position, &hash, err);
    if (rc == HF_OK && !hf_hash_eq(&hash, &ret->root)) {
        rc = hf_err_set(err, HF_EINVAL, "it is of another log");
    }
    return rc;
}

static enum hf_rc read_all(struct hf_hub *hub, struct hf_bytes file, struct hf_err *err)
{
    struct head head = {.position = 0};
    enum hf_rc rc = check(hub, file, &head, err);
    if (rc == HF_OK) {
        rc = hf_memory_read(hub, hf_bytes_of(file.ptr + HEAD, file.len - HEAD - HF_HASH_SIZE), err);
    }
    of(hub)->position = rc == HF_OK ? head.position : 0;
    return rc;
}

static enum hf_rc prepare(struct hf_hub *hub, struct hf_err *err)
{
    struct hf_hub_snapshot *snapshot = of(hub);
    struct hf_signature signature;
    struct hf_hash key;
    snapshot->hub = hub;
    snapshot->bytes = hf_buf_init(FILE_MAX);
    hf_sign(hub->api_keys, HF_BYTES("holdfast/memory-key/v1\n"), &signature);
    hf_sha256(hf_bytes_of(signature.b, sizeof signature.b), &key);
    enum hf_rc rc = hf_secret_copy(hf_bytes_of(key.b, HF_HASH_SIZE), &snapshot->key);
    hf_wipe(&signature, sizeof signature);
    hf_wipe(&key, sizeof key);
    if (rc != HF_OK) {
        return hf_err_set(err, rc, "no memory for a key");
    }
    rc = hf_path_join(hub->dir, "memory", snapshot->path, sizeof snapshot->path);
    return rc == HF_OK ? rc : hf_err_set(err, rc, "the path %s is too long", hub->dir);
}

enum hf_rc hf_hub_snapshot_load(struct hf_hub *hub, uint64_t *ret_from, struct hf_err *err)
{
    struct hf_buf file = hf_buf_init(FILE_MAX);
    struct hf_err why = {0};
    enum hf_rc rc = prepare(hub, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_disk_read(hub->disk, of(hub)->path, &file, &why);
    if (rc == HF_OK) {
        rc = read_all(hub, hf_buf_bytes(&file), &why);
    }
    hf_buf_free(&file);
    *ret_from = of(hub)->position;
    if (rc == HF_OK || rc == HF_ENOTFOUND) {
        return HF_OK;
    }
    hf_log(hub->logger, HF_LOG_WARN, "snapshot.ignored", hf_f_c("file", of(hub)->path),
           hf_f_err(&why), hf_f_c("help", "the whole log is read instead"));
    hf_memory_fini(hub);
    return hf_memory_init(hub, err);
}

/* writing */

static void write_file(struct hf_hub_snapshot *snapshot)
{
    struct hf_hash mac;
    mac_of(&snapshot->key, hf_buf_bytes(&snapshot->bytes), &mac);
    hf_buf_put(&snapshot->bytes, mac.b, HF_HASH_SIZE);
    snapshot->rc = snapshot->bytes.failed == HF_OK
                       ? hf_disk_replace(snapshot->hub->disk, snapshot->path,
                                         hf_buf_bytes(&snapshot->bytes), 0600, &snapshot->err)
                       : hf_err_set(&snapshot->err, snapshot->bytes.failed, "no memory for it");
}

static void written(struct hf_hub_snapshot *snapshot)
{
    hf_buf_free(&snapshot->bytes);
    if (snapshot->rc == HF_OK) {
        snapshot->position = snapshot->writing;
    } else {
        hf_log(snapshot->hub->logger, HF_LOG_WARN, "snapshot.not_written",
               hf_f_err(&snapshot->err));
    }
}

/* The memory as it is, with the log's root there; both before anything else changes. */
static void gather(struct hf_hub *hub, uint64_t position, const struct hf_hash *root)
{
    struct hf_hub_snapshot *snapshot = of(hub);
    struct hf_hash tables;
    uint8_t at[8];
    snapshot->writing = position;
    snapshot->err = (struct hf_err){0};
    hf_memory_fingerprint(&tables);
    hf_be64_put(at, position);
    hf_buf_clear(&snapshot->bytes);
    hf_buf_put(&snapshot->bytes, MAGIC, sizeof MAGIC - 1);
    hf_buf_put(&snapshot->bytes, tables.b, HF_HASH_SIZE);
    hf_buf_put(&snapshot->bytes, at, sizeof at);
    hf_buf_put(&snapshot->bytes, root->b, HF_HASH_SIZE);
    hf_memory_write(hub, &snapshot->bytes);
}

static void run(struct hf_work *work)
{
    write_file(HF_CONTAINER_OF(work, struct hf_hub_snapshot, work));
}

static void done(struct hf_work *work)
{
    struct hf_hub_snapshot *snapshot = HF_CONTAINER_OF(work, struct hf_hub_snapshot, work);
    snapshot->working = false;
    written(snapshot);
    if (snapshot->closed != NULL) {
        hf_hub_snapshot_close(snapshot->hub, snapshot->closed);
    } else {
        (void)hf_timer_arm(&snapshot->timer, snapshot->every_ns);
    }
}

/* Appends are answered in the log's order, and each answer is folded when it comes: outside of them
 * the memory is what the log has below as_of, but for what the router knows of its own beforehand.
 */
static void due(struct hf_timer *timer)
{
    struct hf_hub_snapshot *snapshot = HF_CONTAINER_OF(timer, struct hf_hub_snapshot, timer);
    struct hf_hub *hub = snapshot->hub;
    struct hf_hash root;
    uint64_t position = hub->as_of;
    if (position == snapshot->position) {
        (void)hf_timer_arm(timer, snapshot->every_ns);
        return;
    }
    if (hub->router.posting > 0) {
        (void)hf_timer_arm(timer, AGAIN_NS);
        return;
    }
    if (hf_tree_root(hf_log_source(hub->log.log), position, &root, &snapshot->err) != HF_OK) {
        hf_log(hub->logger, HF_LOG_WARN, "snapshot.not_written", hf_f_err(&snapshot->err));
        (void)hf_timer_arm(timer, snapshot->every_ns);
        return;
    }
    gather(hub, position, &root);
    snapshot->working = hf_work_submit(hub->loop, &snapshot->work) == HF_OK;
    if (!snapshot->working) {
        hf_buf_free(&snapshot->bytes);
        (void)hf_timer_arm(timer, snapshot->every_ns);
    }
}

void hf_hub_snapshot_start(struct hf_hub *hub, uint64_t every_ns, uint64_t folded)
{
    struct hf_hub_snapshot *snapshot = of(hub);
    snapshot->every_ns = every_ns == 0 ? EVERY_NS : every_ns;
    snapshot->work.run = run;
    snapshot->work.done = done;
    snapshot->started = true;
    hf_log_tip(hub->log.log, &snapshot->tip);
    hf_timer_init(&snapshot->timer, hub->loop, due);
    (void)hf_timer_arm(&snapshot->timer, folded >= MANY ? SOON_NS : snapshot->every_ns);
}

void hf_hub_snapshot_log(struct hf_hub *hub, bool broken)
{
    if (of(hub)->started && !broken) {
        hf_log_tip(hub->log.log, &of(hub)->tip);
    } else if (of(hub)->started) {
        hf_timer_cancel(&of(hub)->timer);
        of(hub)->started = false;
    }
}

void hf_hub_snapshot_close(struct hf_hub *hub, void (*closed)(struct hf_hub *hub))
{
    struct hf_hub_snapshot *snapshot = of(hub);
    if (snapshot->timer.fire != NULL) {
        hf_timer_cancel(&snapshot->timer);
    }
    snapshot->closed = closed;
    if (snapshot->working) {
        return;
    }
    if (snapshot->started && snapshot->tip.size == hub->as_of &&
        snapshot->position < snapshot->tip.size) {
        gather(hub, snapshot->tip.size, &snapshot->tip.root);
        write_file(snapshot);
        written(snapshot);
    }
    hf_buf_free(&snapshot->bytes);
    hf_secret_free(&snapshot->key);
    closed(hub);
}
