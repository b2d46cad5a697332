/* tenant/artifact_store.c: slots and packages in the agent's folder. */
#include "tenant/artifact_store.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/hex.h"
#include "base/parse.h"
#include "tenant/agent.h"

#define FOLDER   "artifacts"
#define HEADER   "holdfast/slot@v1"
#define SLOT_MAX 1024
#define HEX_SIZE (2 * HF_HASH_SIZE + 1)

static enum hf_rc path_of(const struct hf_agent *agent, const char *name, char out[HF_PATH_MAX],
                          struct hf_err *err)
{
    char inside[128];
    (void)snprintf(inside, sizeof inside, FOLDER "/%s", name);
    return hf_agent_path(agent, inside, out, err);
}

static void name_of(const struct hf_hash *digest, char out[HEX_SIZE])
{
    hf_hex_encode(hf_bytes_of(digest->b, HF_HASH_SIZE), out);
}

/* release keys */

static enum hf_rc keep_keys(struct hf_agent *agent, const char *path, struct hf_bytes text,
                            struct hf_err *err)
{
    struct hf_buf kept = hf_buf_init(HF_RELEASE_TEXT_MAX);
    bool known = hf_disk_read(agent->disk, path, &kept, /* err= */ NULL) == HF_OK;
    bool same = known && hf_bytes_eq(hf_buf_bytes(&kept), text);
    hf_buf_free(&kept);
    if (same) {
        return HF_OK;
    }
    hf_log(agent->logger, HF_LOG_INFO, "release_keys.changed",
           hf_f_u64("keys", agent->artifacts.keys.count));
    return hf_disk_replace(agent->disk, path, text, 0600, err);
}

enum hf_rc hf_agent_keys_load(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(HF_RELEASE_TEXT_MAX);
    const char *configured = agent->conf.release_keys;
    enum hf_rc rc = hf_agent_path(agent, "release-keys", path, err);
    if (rc == HF_OK) {
        rc = hf_disk_read(agent->disk, configured == NULL ? path : configured, &text, err);
        if (rc == HF_ENOTFOUND && configured == NULL) {
            return HF_OK; /* none are pinned: nothing is believed */
        }
    }
    if (rc == HF_OK) {
        rc = hf_release_keys_parse(hf_buf_bytes(&text), &agent->artifacts.keys, err);
        rc = rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "release keys");
    }
    if (rc == HF_OK && configured != NULL) {
        rc = keep_keys(agent, path, hf_buf_bytes(&text), err);
    }
    hf_buf_free(&text);
    return rc;
}

/* the text of a slot */

static void put_artifact(struct hf_writer *w, const char *key, const struct hf_agent_artifact *a)
{
    char digest[HEX_SIZE];
    if (!a->set) {
        hf_writer_printf(w, "%s none\n", key);
        return;
    }
    name_of(&a->digest, digest);
    hf_writer_printf(w, "%s %s %llu %llu %s\n", key, digest, (unsigned long long)a->sequence,
                     (unsigned long long)a->directive, a->version);
}

void hf_agent_slot_format(const struct hf_agent_slot *slot, struct hf_writer *w)
{
    char digest[HEX_SIZE];
    hf_writer_printf(w, HEADER "\nfloor %llu\n", (unsigned long long)slot->floor);
    if (slot->wanted) {
        name_of(&slot->wanted_digest, digest);
        hf_writer_printf(w, "wanted %s %llu %lld\n", digest,
                         (unsigned long long)slot->wanted_directive,
                         (long long)slot->wanted_until_us);
    } else {
        hf_writer_printf(w, "wanted none\n");
    }
    put_artifact(w, "staged", &slot->staged);
    put_artifact(w, "good", &slot->good);
}

/* The next word of the line, and the space behind it. */
static struct hf_str take_word(struct hf_str *line)
{
    const char *space = line->len == 0 ? NULL : memchr(line->ptr, ' ', line->len);
    struct hf_str word = {line->ptr, space == NULL ? line->len : (size_t)(space - line->ptr)};
    size_t taken = word.len + (space == NULL ? 0 : 1);
    *line = (struct hf_str){line->ptr + taken, line->len - taken};
    return word;
}

static bool take_number(struct hf_str *line, uint64_t *ret)
{
    return hf_parse_u64(take_word(line), 0, INT64_MAX, ret) == HF_OK;
}

static bool take_digest(struct hf_str *line, struct hf_hash *ret)
{
    size_t len = 0;
    struct hf_str word = take_word(line);
    return hf_hex_decode(word, ret->b, HF_HASH_SIZE, &len, NULL) == HF_OK && len == HF_HASH_SIZE;
}

static bool take_artifact(struct hf_str line, const char *key, struct hf_agent_artifact *ret)
{
    if (!hf_str_eq(take_word(&line), hf_str_c(key))) {
        return false;
    }
    if (hf_str_eq(line, HF_STR("none"))) {
        return true;
    }
    if (!take_digest(&line, &ret->digest) || !take_number(&line, &ret->sequence) ||
        !take_number(&line, &ret->directive) || line.len == 0 || line.len > HF_MANIFEST_NAME_MAX) {
        return false;
    }
    memcpy(ret->version, line.ptr, line.len);
    ret->set = true;
    return true;
}

static bool take_wanted(struct hf_str line, struct hf_agent_slot *ret)
{
    uint64_t until = 0;
    if (!hf_str_eq(take_word(&line), HF_STR("wanted"))) {
        return false;
    }
    if (hf_str_eq(line, HF_STR("none"))) {
        return true;
    }
    ret->wanted = take_digest(&line, &ret->wanted_digest) &&
                  take_number(&line, &ret->wanted_directive) && take_number(&line, &until) &&
                  line.len == 0;
    ret->wanted_until_us = (int64_t)until;
    return ret->wanted;
}

enum hf_rc hf_agent_slot_parse(struct hf_str text, struct hf_agent_slot *ret, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(hf_str_bytes(text));
    struct hf_str line[5];
    struct hf_agent_slot slot = {.floor = 0};
    bool good = true;
    for (size_t i = 0; good && i < HF_LEN(line); i++) {
        good = hf_cursor_line(&c, &line[i]);
    }
    good = good && c.left == 0 && hf_str_eq(line[0], HF_STR(HEADER)) &&
           hf_str_eq(take_word(&line[1]), HF_STR("floor")) && take_number(&line[1], &slot.floor) &&
           line[1].len == 0 && take_wanted(line[2], &slot) &&
           take_artifact(line[3], "staged", &slot.staged) &&
           take_artifact(line[4], "good", &slot.good);
    if (!good) {
        return hf_err_set(err, HF_ECORRUPT, "it is not what this agent wrote");
    }
    *ret = slot;
    return HF_OK;
}

/* slots */

enum hf_rc hf_agent_slots_load(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    enum hf_rc rc = HF_OK;
    for (size_t i = 0; rc == HF_OK && i < HF_SLOT_COUNT; i++) {
        struct hf_buf text = hf_buf_init(SLOT_MAX);
        rc = path_of(agent, hf_slot_name((enum hf_slot)i), path, err);
        if (rc == HF_OK) {
            rc = hf_disk_read(agent->disk, path, &text, err);
        }
        if (rc == HF_OK) {
            rc = hf_agent_slot_parse(hf_bytes_str(hf_buf_bytes(&text)), &agent->artifacts.slots[i],
                                     err);
            rc = rc == HF_OK ? HF_OK : hf_err_wrap(err, rc, "%s", path);
        } else if (rc == HF_ENOTFOUND) {
            rc = HF_OK;
        }
        hf_buf_free(&text);
    }
    return rc;
}

static bool names(const struct hf_agent_artifact *artifact, const struct hf_hash *digest)
{
    return artifact->set && hf_hash_eq(&artifact->digest, digest);
}

/* The same bytes may be in use elsewhere. */
static bool is_needed(const struct hf_agent *agent, const struct hf_hash *digest)
{
    for (size_t i = 0; i < HF_SLOT_COUNT; i++) {
        const struct hf_agent_slot *slot = &agent->artifacts.slots[i];
        if (names(&slot->staged, digest) || names(&slot->good, digest)) {
            return true;
        }
    }
    return false;
}

static void drop(struct hf_agent *agent, const struct hf_agent_artifact *artifact)
{
    char name[HEX_SIZE];
    char path[HF_PATH_MAX];
    struct hf_err err = {0};
    if (!artifact->set || is_needed(agent, &artifact->digest)) {
        return;
    }
    name_of(&artifact->digest, name);
    enum hf_rc rc = path_of(agent, name, path, &err);
    if (rc == HF_OK) {
        rc = hf_disk_remove(agent->disk, path, &err);
    }
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "artifact.not_removed", hf_f_err(&err));
    }
}

static enum hf_rc make_folder(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    enum hf_rc rc = hf_agent_path(agent, FOLDER, path, err);
    return rc == HF_OK ? hf_disk_make_dirs(agent->disk, path, 0700, err) : rc;
}

enum hf_rc hf_agent_slot_save(struct hf_agent *agent, enum hf_slot slot,
                              const struct hf_agent_slot *state, struct hf_err *err)
{
    uint8_t text[SLOT_MAX];
    char path[HF_PATH_MAX];
    struct hf_writer w = hf_writer_init(text, sizeof text);
    const struct hf_agent_slot before = agent->artifacts.slots[slot];
    const struct hf_agent_slot after = *state; /* it may be a part of the agent */
    hf_agent_slot_format(&after, &w);
    HF_ASSERT(!w.overflow);
    enum hf_rc rc = make_folder(agent, err);
    if (rc == HF_OK) {
        rc = path_of(agent, hf_slot_name(slot), path, err);
    }
    if (rc == HF_OK) {
        rc = hf_disk_replace(agent->disk, path, hf_writer_done(&w), 0600, err);
    }
    if (rc == HF_OK) {
        agent->artifacts.slots[slot] = after;
        drop(agent, &before.staged);
        drop(agent, &before.good);
    }
    return rc;
}

/* packages */

enum hf_rc hf_agent_package_save(struct hf_agent *agent, const struct hf_hash *digest,
                                 struct hf_bytes package, struct hf_err *err)
{
    char name[HEX_SIZE];
    char path[HF_PATH_MAX];
    name_of(digest, name);
    enum hf_rc rc = make_folder(agent, err);
    if (rc == HF_OK) {
        rc = path_of(agent, name, path, err);
    }
    return rc == HF_OK ? hf_disk_replace(agent->disk, path, package, 0600, err) : rc;
}

enum hf_rc hf_agent_package_load(struct hf_agent *agent, const struct hf_hash *digest,
                                 struct hf_buf *buf, struct hf_bytes *ret_note,
                                 struct hf_bytes *ret_bytes, struct hf_err *err)
{
    char name[HEX_SIZE];
    char path[HF_PATH_MAX];
    struct hf_hash hash;
    name_of(digest, name);
    enum hf_rc rc = path_of(agent, name, path, err);
    if (rc == HF_OK) {
        rc = hf_disk_read(agent->disk, path, buf, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_package_split(hf_buf_bytes(buf), ret_note, ret_bytes, err);
    if (rc == HF_OK) {
        hf_sha256(*ret_bytes, &hash);
    }
    if (rc != HF_OK || !hf_hash_eq(&hash, digest)) {
        return hf_err_set(err, HF_ECORRUPT,
                          "%s is not what the agent wrote; let the region tell it again", path);
    }
    return HF_OK;
}
