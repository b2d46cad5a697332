/* tenant/feed_store.c: what the agent knows of the feed, on disk. */
#include "tenant/feed_store.h"
#include "base/file.h"
#include "base/heap.h"
#include "base/parse.h"
#include "tenant/agent.h"

#define HEADER   "holdfast/feed@v1"
#define FILE_MAX (HF_FEED_NOTE_MAX + 128)

static enum hf_rc path_of(const struct hf_agent *agent, char out[HF_PATH_MAX], struct hf_err *err)
{
    enum hf_rc rc = hf_path_join(agent->dir, "feed", out, HF_PATH_MAX);
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "the path %s is too long", agent->dir);
}

/* Takes a number and the character behind it off the line. */
static bool take_number(struct hf_str *line, uint64_t *ret)
{
    const char *end = line->len == 0 ? NULL : memchr(line->ptr, ' ', line->len);
    size_t len = end == NULL ? line->len : (size_t)(end - line->ptr);
    bool good = hf_parse_u64((struct hf_str){line->ptr, len}, 0, INT64_MAX, ret) == HF_OK;
    size_t used = end == NULL ? len : len + 1;
    *line = (struct hf_str){line->ptr + used, line->len - used};
    return good;
}

static enum hf_rc take_note(struct hf_agent_feed *feed, const struct hf_vkey *vkey,
                            struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_checkpoint checkpoint = {.size = 0};
    if (bytes.len == 0) {
        return HF_OK;
    }
    struct hf_note *note = hf_heap_alloc(sizeof *note);
    if (note == NULL) {
        return hf_err_set(err, HF_ENOMEM, "no memory for a checkpoint");
    }
    enum hf_rc rc = bytes.len > sizeof feed->note
                        ? hf_err_set(err, HF_ETOOBIG, "the checkpoint is too long")
                        : hf_checkpoint_open(bytes, vkey, note, &checkpoint, err);
    hf_heap_free(note);
    if (rc == HF_OK) {
        feed->size = checkpoint.size;
        feed->root = checkpoint.root;
        memcpy(feed->note, bytes.ptr, bytes.len);
        feed->note_len = bytes.len;
    }
    return rc;
}

static enum hf_rc parse(struct hf_agent_feed *feed, const struct hf_vkey *vkey,
                        struct hf_bytes bytes, struct hf_err *err)
{
    struct hf_cursor cursor = hf_cursor_init(bytes);
    struct hf_str header;
    struct hf_str numbers;
    struct hf_str empty;
    if (!hf_cursor_line(&cursor, &header) || !hf_str_eq(header, HF_STR(HEADER)) ||
        !hf_cursor_line(&cursor, &numbers) || !hf_cursor_line(&cursor, &empty) || empty.len > 0 ||
        !take_number(&numbers, &feed->sequence) || !take_number(&numbers, &feed->own_version) ||
        !take_number(&numbers, &feed->all_version) || numbers.len > 0) {
        return hf_err_set(err, HF_ECORRUPT, "it is not what this agent wrote");
    }
    return take_note(feed, vkey, hf_bytes_of(cursor.ptr, cursor.left), err);
}

enum hf_rc hf_agent_feed_load(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(FILE_MAX);
    enum hf_rc rc = path_of(agent, path, err);
    if (rc == HF_OK) {
        rc = hf_disk_read(agent->disk, path, &text, err);
        if (rc == HF_ENOTFOUND) {
            hf_buf_free(&text);
            return HF_OK;
        }
    }
    if (rc == HF_OK) {
        rc = parse(&agent->feed, &agent->region.log_vkey, hf_buf_bytes(&text), err);
        rc = rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "%s", path);
    }
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_agent_feed_save(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    const struct hf_agent_feed *feed = &agent->feed;
    struct hf_buf text = hf_buf_init(FILE_MAX);
    hf_buf_printf(&text, HEADER "\n%llu %llu %llu\n\n", (unsigned long long)feed->sequence,
                  (unsigned long long)feed->own_version, (unsigned long long)feed->all_version);
    hf_buf_put(&text, feed->note, feed->note_len);
    enum hf_rc rc = path_of(agent, path, err);
    if (rc == HF_OK) {
        rc = text.failed == HF_OK
                 ? hf_disk_replace(agent->disk, path, hf_buf_bytes(&text), 0600, err)
                 : hf_err_set(err, text.failed, "no memory to keep the feed");
    }
    hf_buf_free(&text);
    return rc;
}
