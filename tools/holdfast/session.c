/* tools/holdfast/session.c: opens and closes logs for commands. */
#include "tools/holdfast/session.h"

#include "base/file.h"
#include "base/heap.h"
#include "base/host_key.h"
#include "log/event/codec.h"
#include "log/tlog/key_file.h"

enum hf_rc hf_session_open(struct hf_session *session, struct hf_cli *cli, enum hf_place_mode mode,
                           struct hf_err *err)
{
    return hf_session_open_at(session, cli, hf_cli_operand(cli, 0), mode, err);
}

enum hf_rc hf_session_open_at(struct hf_session *session, struct hf_cli *cli, const char *dir,
                              enum hf_place_mode mode, struct hf_err *err)
{
    static const struct hf_codec *const codecs[] = {&hf_event_codec};
    static const struct hf_log_options options = {codecs, HF_LEN(codecs)};
    *session = (struct hf_session){0};
    enum hf_rc rc = hf_crypto_init(err);
    if (rc == HF_OK) {
        rc = hf_place_dir_open(dir, mode, cli->name, cli->env, &session->place, err);
    }
    if (rc == HF_OK) {
        rc = hf_log_open(session->place, &options, &session->log, err);
    }
    if (rc != HF_OK) {
        hf_session_close(session);
        return rc;
    }
    const struct hf_err *damage = hf_log_index_damage(session->log);
    if (damage->rc != HF_OK) {
        hf_cli_note(cli, "%s; it is kept as views.mdb.damaged and made again", damage->text);
    }
    return HF_OK;
}

enum hf_rc hf_session_key(struct hf_session *session, struct hf_cli *cli, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_secret host_key = {0};
    struct hf_vkey vkey;
    struct hf_buf text = hf_buf_init(HF_KEY_FILE_MAX);
    if (session->key != NULL) {
        return HF_OK;
    }
    if (hf_path_join(hf_cli_operand(cli, 0), "key", path, sizeof path) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path is too long");
    }
    enum hf_rc rc = hf_file_read(path, &text, err);
    if (rc == HF_OK) {
        rc = hf_host_key_load(cli->env, /* path= */ NULL, &host_key, err);
    }
    if (rc == HF_OK) {
        rc = hf_key_file_open(hf_buf_bytes(&text), &host_key, &vkey, &session->key, err);
    }
    if (rc == HF_OK && memcmp(&vkey.public_key, &hf_log_identity(session->log)->vkey.public_key,
                              HF_PUBLIC_KEY_SIZE) != 0) {
        rc = hf_err_set(err, HF_EMISMATCH, "it is the key of another log");
    }
    if (rc != HF_OK) {
        hf_signing_key_free(session->key);
        session->key = NULL;
        rc = hf_err_wrap(err, rc, "key file %s", path);
    }
    hf_secret_free(&host_key);
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_session_own(struct hf_session *session, struct hf_cli *cli, struct hf_err *err)
{
    enum hf_rc rc = hf_session_key(session, cli, err);
    if (rc == HF_OK) {
        rc = hf_loop_uv_new(&session->loop, err);
    }
    if (rc == HF_OK) {
        struct hf_log_writer_options options = {
            .loop = session->loop,
            .key = session->key,
            .free_floor = hf_cli_u64(cli, "free-floor"),
        };
        rc = hf_log_writer_open(session->log, &options, &session->writer, err);
    }
    return rc;
}

static void writer_closed(void *arg)
{
    *(struct hf_log_writer **)arg = NULL;
}

void hf_session_close(struct hf_session *session)
{
    if (session->writer != NULL) {
        hf_log_writer_close(session->writer, writer_closed, &session->writer);
    }
    if (session->loop != NULL) {
        hf_loop_run(session->loop);
        hf_loop_free(session->loop);
    }
    hf_log_close(session->log);
    hf_place_close(session->place);
    hf_signing_key_free(session->key);
    *session = (struct hf_session){0};
}

static enum hf_rc stored_checkpoint(struct hf_session *session, uint64_t size, struct hf_buf *buf,
                                    struct hf_err *err)
{
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    uint8_t bytes[HF_MARK_MAX];
    size_t len = 0;
    struct hf_checkpoint checkpoint;
    enum hf_rc rc = note == NULL ? HF_ENOMEM
                                 : hf_mark_read(session->place, "checkpoint", bytes, sizeof bytes,
                                                &len, /* err= */ NULL);
    if (rc == HF_OK) {
        rc = hf_checkpoint_open(hf_bytes_of(bytes, len), &hf_log_identity(session->log)->vkey, note,
                                &checkpoint, /* err= */ NULL);
    }
    hf_heap_free(note);
    if (rc == HF_OK && checkpoint.size == size) {
        hf_buf_put(buf, bytes, len);
        return buf->failed;
    }
    struct hf_bytes source = hf_log_source_note(session->log);
    if (source.len > 0 && size == hf_log_size(session->log)) {
        hf_buf_put(buf, source.ptr, source.len);
        return buf->failed;
    }
    return hf_err_wrap(err, HF_ENOTFOUND,
                       "there is no signed checkpoint for size %llu and no key to sign one",
                       (unsigned long long)size);
}

enum hf_rc hf_session_checkpoint(struct hf_session *session, struct hf_cli *cli, uint64_t size,
                                 struct hf_buf *buf, struct hf_err *err)
{
    const struct hf_vkey *vkey = &hf_log_identity(session->log)->vkey;
    struct hf_checkpoint checkpoint = {.origin = {vkey->name, vkey->name_len}, .size = size};
    enum hf_rc rc = hf_tree_root(hf_log_source(session->log), size, &checkpoint.root, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (hf_session_key(session, cli, err) != HF_OK) {
        return stored_checkpoint(session, size, buf, err);
    }
    uint8_t text[HF_CHECKPOINT_NOTE_MAX];
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_checkpoint_sign(&checkpoint, vkey, session->key, &w);
    HF_ASSERT(!w.overflow);
    hf_buf_put(buf, text, w.len);
    return buf->failed;
}

enum hf_rc hf_session_write_key(struct hf_cli *cli, const char *dir, const struct hf_vkey *vkey,
                                const struct hf_secret *seed, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    uint8_t text[HF_KEY_FILE_MAX];
    struct hf_secret host_key = {0};
    enum hf_rc rc = hf_path_join(dir, "key", path, sizeof path);
    if (rc == HF_OK) {
        rc = hf_host_key_load(cli->env, /* path= */ NULL, &host_key, err);
    }
    if (rc == HF_OK) {
        struct hf_writer w = hf_writer_init(text, sizeof text);
        hf_key_file_format(cli->env, vkey, seed, &host_key, &w);
        HF_ASSERT(!w.overflow);
        rc = hf_file_create(path, hf_writer_done(&w), 0600, err);
    }
    hf_secret_free(&host_key);
    return rc;
}

enum hf_rc hf_trust_load(const char *path, struct hf_vkey *ret, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(4096);
    enum hf_rc rc = hf_file_read(path, &text, err);
    if (rc == HF_OK) {
        struct hf_cursor cursor = hf_cursor_init(hf_buf_bytes(&text));
        struct hf_str line = hf_bytes_str(hf_buf_bytes(&text));
        (void)hf_cursor_line(&cursor, &line);
        rc = hf_vkey_parse(line, ret, err);
        rc = rc == HF_OK ? rc : hf_err_wrap(err, HF_EUSAGE, "--trust %s", path);
    }
    hf_buf_free(&text);
    return rc;
}
