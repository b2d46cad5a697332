/* log/owned/owned.c: opens and closes a log with its keys, posts events to it. */
#include "log/owned/owned.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "log/event/codec.h"
#include "log/tlog/key_file.h"

#define MAKING "making"

/* Where a log is made, and where its files go. */
struct making {
    char dir[HF_PATH_MAX];
    char key[HF_PATH_MAX];
    char log[HF_PATH_MAX];
    char final_key[HF_PATH_MAX];
    char final_log[HF_PATH_MAX];
};

static enum hf_rc load_key(const char *path, const struct hf_owned_key_conf *conf,
                           struct hf_signing_key **ret_key, struct hf_vkey *ret_vkey,
                           struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(HF_KEY_FILE_MAX);
    enum hf_rc rc = hf_disk_read(conf->disk, path, &text, err);
    if (rc == HF_OK) {
        rc = hf_key_file_open(hf_buf_bytes(&text), conf->host_key, ret_vkey, ret_key, err);
    }
    hf_buf_free(&text);
    return rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "key file %s", path);
}

static enum hf_rc make_key(const char *path, const struct hf_owned_key_conf *conf,
                           struct hf_signing_key **ret_key, struct hf_vkey *ret_vkey,
                           struct hf_err *err)
{
    uint8_t text[HF_KEY_FILE_MAX];
    struct hf_secret seed = {0};
    enum hf_rc rc = hf_signing_key_new(conf->env, ret_key, &seed, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_vkey_make(hf_str_c(conf->key_name), conf->type, hf_signing_key_public(*ret_key),
                      ret_vkey, err);
    if (rc == HF_OK) {
        struct hf_writer w = hf_writer_init(text, sizeof text);
        hf_key_file_format(conf->env, ret_vkey, &seed, conf->host_key, &w);
        HF_ASSERT(!w.overflow);
        rc = hf_disk_replace(conf->disk, path, hf_writer_done(&w), 0600,
                             err); /* all of it or nothing */
    }
    hf_secret_free(&seed);
    if (rc != HF_OK) {
        hf_signing_key_free(*ret_key);
        *ret_key = NULL;
    }
    return rc;
}

enum hf_rc hf_owned_key(const struct hf_owned_key_conf *conf, struct hf_signing_key **ret_key,
                        struct hf_vkey *ret_vkey, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    if (hf_path_join(conf->dir, conf->name, path, sizeof path) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", conf->dir);
    }
    return hf_disk_exists(conf->disk, path) ? load_key(path, conf, ret_key, ret_vkey, err)
                                            : make_key(path, conf, ret_key, ret_vkey, err);
}

void hf_owned_tell_index(const struct hf_owned *owned, const struct hf_logger *logger)
{
    const struct hf_err *damage = hf_log_index_damage(owned->log);
    if (damage->rc != HF_OK) {
        hf_log(logger, HF_LOG_WARN, "log.index_anew", hf_f_err(damage),
               hf_f_c("help", "the file is kept as views.mdb.damaged; the log's volumes bring all "
                              "of it again"));
    }
}

bool hf_owned_room_turned(struct hf_owned *owned, const struct hf_log_writer *writer)
{
    bool full = hf_log_writer_state(writer) == HF_WRITER_NO_ROOM;
    bool turned = full != owned->full;
    owned->full = full;
    return turned;
}

/* making */

/* The key that is going on, under the name of the log that is made now. */
static enum hf_rc inherit_key(const struct hf_owned_conf *conf, const char *path,
                              struct hf_err *err)
{
    uint8_t renamed[HF_KEY_FILE_MAX];
    struct hf_writer w = hf_writer_init(renamed, sizeof renamed);
    struct hf_buf text = hf_buf_init(HF_KEY_FILE_MAX);
    enum hf_rc rc = hf_disk_read(conf->disk, conf->key_file, &text, err);
    if (rc == HF_OK) {
        rc = hf_key_file_rename(hf_loop_env(conf->loop), hf_buf_bytes(&text), conf->host_key,
                                hf_str_c(conf->origin), &w, err);
    }
    hf_buf_free(&text);
    if (rc != HF_OK) {
        return hf_err_wrap(err, rc, "key file %s", conf->key_file);
    }
    return hf_disk_create(conf->disk, path, hf_writer_done(&w), 0600, err);
}

static enum hf_rc fill(const struct hf_owned_conf *conf, const struct making *making,
                       struct hf_err *err)
{
    struct hf_place *place = NULL;
    struct hf_signing_key *key = NULL;
    struct hf_identity identity = {.kind = "events"};
    struct hf_env *env = hf_loop_env(conf->loop);
    const struct hf_disk_place folder = {making->dir, HF_PLACE_CREATE, conf->program, env};
    enum hf_rc rc = hf_disk_open_place(conf->disk, &folder, &place, err);
    if (rc == HF_OK && conf->key_file != NULL) {
        rc = inherit_key(conf, making->key, err);
    }
    if (rc == HF_OK && conf->source != NULL) {
        identity.vkey = *conf->source;
    } else if (rc == HF_OK) {
        const struct hf_owned_key_conf wish = {making->dir,    "key", conf->origin, HF_KEY_ED25519,
                                               conf->host_key, env,   conf->disk};
        rc = hf_owned_key(&wish, &key, &identity.vkey, err);
    }
    if (rc == HF_OK) {
        rc = hf_log_create(place, &identity, err);
    }
    hf_signing_key_free(key);
    hf_place_close(place);
    return rc;
}

/* What a log is made in, inside of its folder. */
static enum hf_rc paths_of(const struct hf_owned_conf *conf, struct making *making,
                           struct hf_err *err)
{
    if (hf_path_join(conf->dir, MAKING, making->dir, HF_PATH_MAX) != HF_OK ||
        hf_path_join(making->dir, "key", making->key, HF_PATH_MAX) != HF_OK ||
        hf_path_join(making->dir, "log.mdb", making->log, HF_PATH_MAX) != HF_OK ||
        hf_path_join(conf->dir, "key", making->final_key, HF_PATH_MAX) != HF_OK ||
        hf_path_join(conf->dir, "log.mdb", making->final_log, HF_PATH_MAX) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", conf->dir);
    }
    return HF_OK;
}

/* Whatever lies in the folder when it is no log: only what an earlier try left. */
static enum hf_rc check_folder(const struct hf_owned_conf *conf, const struct making *making,
                               struct hf_err *err)
{
    char holder[128];
    if (!hf_disk_exists(conf->disk, making->dir)) {
        enum hf_rc made = hf_disk_make_dir(conf->disk, conf->dir, 0700, err);
        return made != HF_EEXIST
                   ? made
                   : hf_err_set(err, made,
                                "the folder %s is not empty, and there is no log in it: if there "
                                "was one, restore log.mdb from a backup or a mirror; else name "
                                "another folder",
                                conf->dir);
    }
    if (hf_disk_held(conf->disk, making->dir, holder, sizeof holder)) {
        return hf_err_set(err, HF_ELOCKED, "%s is being made by %s", conf->dir, holder);
    }
    /* It may have been moved up when its log was not. */
    enum hf_rc rc = hf_disk_remove(conf->disk, making->final_key, err);
    return rc == HF_OK ? hf_disk_remove_dir(conf->disk, making->dir, err) : rc;
}

/* A log is a folder with log.mdb. It is made in a folder of its own and moved up, that file last: a
 * program that is killed at any moment leaves a log, or what the next start clears away. Of a key
 * that was made in vain nobody knows yet. */
static enum hf_rc make_log(const struct hf_owned_conf *conf, const struct making *making,
                           struct hf_err *err)
{
    enum hf_rc rc = check_folder(conf, making, err);
    if (rc == HF_OK) {
        rc = fill(conf, making, err);
    }
    if (rc == HF_OK && conf->source == NULL) {
        rc = hf_disk_move(conf->disk, making->key, making->final_key, err);
    }
    if (rc == HF_OK) {
        rc = hf_disk_move(conf->disk, making->log, making->final_log, err);
    }
    return rc;
}

static enum hf_rc open_place(const struct hf_owned_conf *conf, struct hf_owned *owned,
                             struct hf_err *err)
{
    struct making making;
    struct hf_vkey vkey;
    struct hf_env *env = hf_loop_env(conf->loop);
    enum hf_rc rc = paths_of(conf, &making, err);
    if (rc == HF_OK && !hf_disk_exists(conf->disk, making.final_log)) {
        rc = make_log(conf, &making, err);
    }
    if (rc == HF_OK) {
        const struct hf_disk_place folder = {conf->dir, HF_PLACE_OWN, conf->program, env};
        rc = hf_disk_open_place(conf->disk, &folder, &owned->place, err);
    }
    if (rc == HF_OK &&
        hf_disk_exists(conf->disk, making.dir)) { /* of a try that was killed at its end */
        rc = hf_disk_remove_dir(conf->disk, making.dir, err);
    }
    if (rc == HF_OK && conf->source != NULL) {
        return hf_disk_exists(conf->disk, making.final_key)
                   ? hf_err_set(err, HF_EMISMATCH,
                                "%s is no mirror: it holds a log together with its key", conf->dir)
                   : HF_OK;
    }
    if (rc == HF_OK && !hf_disk_exists(conf->disk, making.final_key)) {
        rc = hf_err_set(err, HF_ENOTFOUND,
                        "%s holds a log without its key: it is a mirror, or the file was lost; put "
                        "the key file there to write to the log",
                        conf->dir);
    }
    if (rc == HF_OK) {
        const struct hf_owned_key_conf key = {conf->dir,      "key", conf->origin, HF_KEY_ED25519,
                                              conf->host_key, env,   conf->disk};
        rc = hf_owned_key(&key, &owned->key, &vkey, err);
    }
    return rc;
}

static enum hf_rc check_source(const struct hf_log *log, const struct hf_owned_conf *conf,
                               struct hf_err *err)
{
    const struct hf_vkey *is = &hf_log_identity(log)->vkey;
    return hf_vkey_eq(is, conf->source)
               ? HF_OK
               : hf_err_set(err, HF_EMISMATCH,
                            "%s holds a log of another key, named %s: follow into a folder of its "
                            "own",
                            conf->dir, is->name);
}

enum hf_rc hf_owned_open(const struct hf_owned_conf *conf, struct hf_owned *ret_owned,
                         struct hf_err *err)
{
    static const struct hf_codec *const codecs[] = {&hf_event_codec};
    static const struct hf_log_options options = {codecs, HF_LEN(codecs)};
    *ret_owned = (struct hf_owned){.loop = conf->loop};
    enum hf_rc rc = open_place(conf, ret_owned, err);
    if (rc == HF_OK) {
        rc = hf_log_open(ret_owned->place, &options, &ret_owned->log, err);
    }
    if (rc == HF_OK && conf->source != NULL) {
        rc = check_source(ret_owned->log, conf, err);
    }
    if (rc == HF_OK) {
        struct hf_log_writer_options writer = {.loop = conf->loop,
                                               .key = ret_owned->key,
                                               .free_floor = conf->free_floor,
                                               .changed = conf->changed,
                                               .arg = conf->arg};
        rc = hf_log_writer_open(ret_owned->log, &writer, &ret_owned->writer, err);
    }
    return rc;
}

static void writer_closed(void *arg)
{
    struct hf_owned *owned = arg;
    hf_log_close(owned->log);
    hf_place_close(owned->place);
    hf_signing_key_free(owned->key);
    void (*closed)(void *arg) = owned->closed;
    void *closed_arg = owned->closed_arg;
    *owned = (struct hf_owned){0};
    closed(closed_arg);
}

void hf_owned_close(struct hf_owned *owned, void (*closed)(void *arg), void *arg)
{
    owned->closed = closed;
    owned->closed_arg = arg;
    if (owned->writer != NULL) {
        hf_log_writer_close(owned->writer, writer_closed, owned);
    } else {
        writer_closed(owned);
    }
}

/* posting */

static void posted(struct hf_append *append)
{
    struct hf_post *post = HF_CONTAINER_OF(append, struct hf_post, append);
    hf_heap_free(post->bytes);
    post->bytes = NULL;
    post->done(post);
}

enum hf_rc hf_owned_post(struct hf_owned *owned, const struct hf_post_conf *conf,
                         struct hf_post *post, struct hf_err *err)
{
    struct hf_envelope envelope = *conf->envelope;
    struct hf_hash blob;
    if (conf->blob.len > 0) {
        hf_sha256(conf->blob, &blob);
        envelope.blob = hf_bytes_of(blob.b, sizeof blob.b);
    }
    post->bytes = hf_heap_alloc(HF_SUBMISSION_MAX);
    if (post->bytes == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory to append an event");
    }
    struct hf_writer w = hf_writer_init(post->bytes, HF_SUBMISSION_MAX);
    enum hf_rc rc = hf_envelope_write_submission(&envelope, &w, err);
    if (rc != HF_OK) {
        hf_heap_free(post->bytes);
        post->bytes = NULL;
        return rc;
    }
    HF_ASSERT(envelope.stream.len <= sizeof post->stream);
    memcpy(post->stream, envelope.stream.ptr, envelope.stream.len);
    post->expect = (struct hf_expect){{post->stream, envelope.stream.len}, conf->version};
    post->item = (struct hf_submission){.bytes = hf_writer_done(&w), .blob = conf->blob};
    post->append = (struct hf_append){.items = &post->item,
                                      .item_count = 1,
                                      .expects = &post->expect,
                                      .expect_count = conf->expects ? 1 : 0,
                                      .wait = conf->wait,
                                      .done = posted};
    hf_append_submit(hf_log_writer_appender(owned->writer), &post->append);
    return HF_OK;
}
