/* tenant/identity.c: what an agent keeps about its region, its log's epoch and its last receipt. */
#include <stdio.h>

#include "base/assert.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/json_in.h"
#include "base/json_out.h"
#include "tenant/agent.h"

#define REGION_FILE  "region.json"
#define API_KEY_FILE "api.key"
#define EPOCH_FILE   "epoch.json"
#define API_KEY_USE  "holdfast/agent-api-key/v1"

enum hf_rc hf_agent_path(const struct hf_agent *agent, const char *name, char out[HF_PATH_MAX],
                         struct hf_err *err)
{
    enum hf_rc rc = hf_path_join(agent->dir, name, out, HF_PATH_MAX);
    return rc == HF_OK ? HF_OK : hf_err_set(err, rc, "the path %s is too long", agent->dir);
}

/* Members that are there only when another agent's log was. */
static bool take_after(const struct hf_json *json, struct hf_agent_region *region)
{
    uint64_t epoch = 0;
    region->after_epoch = 0;
    if (hf_json_get(json, "after_epoch") == NULL) {
        return true;
    }
    bool good = hf_json_take_u64(json, "after_epoch", UINT32_MAX - 1, &epoch) &&
                hf_json_take_u64(json, "after_size", INT64_MAX, &region->after_size);
    region->after_epoch = (uint32_t)epoch;
    return good;
}

static enum hf_rc take_region(const struct hf_json *json, struct hf_agent_region *region,
                              struct hf_err *err)
{
    char pin[2 * HF_HASH_SIZE + 1];
    char token[2 * HF_HASH_SIZE + 1];
    char vkey[HF_VKEY_TEXT_MAX];
    size_t len = 0;
    if (hf_json_kind(json) != HF_JSON_OBJECT ||
        !hf_json_take_text(json, "region", region->region, sizeof region->region) ||
        !hf_json_take_text(json, "tenant", region->tenant, sizeof region->tenant) ||
        !hf_json_take_text(json, "hub", region->hub_url, sizeof region->hub_url) ||
        !hf_json_take_text(json, "tls_pin", pin, sizeof pin) ||
        hf_hex_decode(hf_str_c(pin), region->tls_pin.b, HF_HASH_SIZE, &len, NULL) != HF_OK ||
        len != HF_HASH_SIZE || !hf_json_take_text(json, "log", vkey, sizeof vkey)) {
        return hf_err_set(err, HF_ECORRUPT, "a member is missing or wrong");
    }
    const struct hf_json *serial = hf_json_get(json, "key_serial");
    if (!hf_json_take_text(json, "token", token, sizeof token) ||
        hf_hex_decode(hf_str_c(token), region->token.b, HF_HASH_SIZE, &len, NULL) != HF_OK ||
        len != HF_HASH_SIZE || serial == NULL ||
        hf_json_to_u64(serial, &region->key_serial) != HF_OK) {
        return hf_err_set(err, HF_ECORRUPT, "token, key_serial: missing or wrong");
    }
    if (!take_after(json, region)) {
        return hf_err_set(err, HF_ECORRUPT, "after_epoch, after_size: wrong");
    }
    enum hf_rc rc = hf_vkey_parse(hf_str_c(vkey), &region->log_vkey, err);
    if (rc == HF_OK && !hf_json_take_text(json, "cosigner", vkey, sizeof vkey)) {
        rc = hf_err_set(err, HF_ECORRUPT, "cosigner: is missing");
    }
    return rc == HF_OK ? hf_vkey_parse(hf_str_c(vkey), &region->cosigner, err) : rc;
}

static enum hf_rc load_api_key(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf sealed = hf_buf_init(4096);
    enum hf_rc rc = hf_agent_path(agent, API_KEY_FILE, path, err);
    if (rc == HF_OK) {
        rc = hf_disk_read(agent->disk, path, &sealed, err);
    }
    if (rc == HF_OK) {
        rc = hf_unseal(&agent->host_key, hf_buf_bytes(&sealed), HF_BYTES(API_KEY_USE),
                       &agent->api_key);
        rc = rc == HF_OK
                 ? rc
                 : hf_err_set(
                       err, rc,
                       "%s was altered or is of another host; restore it from a backup, or remove "
                       "it and register anew with a new token (--token-file)",
                       path);
    }
    hf_buf_free(&sealed);
    return rc;
}

enum hf_rc hf_agent_load_region(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(16384);
    struct hf_json_doc *doc = NULL;
    enum hf_rc rc = hf_agent_path(agent, REGION_FILE, path, err);
    if (rc == HF_OK && !hf_disk_exists(agent->disk, path)) {
        return HF_ENOTFOUND;
    }
    if (rc == HF_OK) {
        rc = hf_disk_read(agent->disk, path, &text, err);
    }
    if (rc == HF_OK) {
        rc = hf_json_parse(hf_buf_bytes(&text), &doc, err);
    }
    if (rc == HF_OK) {
        rc = take_region(hf_json_root(doc), &agent->region, err);
    }
    hf_json_free(doc);
    hf_buf_free(&text);
    if (rc != HF_OK) {
        return hf_err_wrap(err, HF_ECORRUPT,
                           "%s (restore it from a backup, or remove it and register anew with a "
                           "new token)",
                           path);
    }
    return load_api_key(agent, err);
}

static void put_region(struct hf_json_out *json, const struct hf_agent_region *region)
{
    char vkey[HF_VKEY_TEXT_MAX];
    hf_json_object_begin(json);
    hf_json_key_str(json, "region", hf_str_c(region->region));
    hf_json_key_str(json, "tenant", hf_str_c(region->tenant));
    hf_json_key_str(json, "hub", hf_str_c(region->hub_url));
    hf_json_key(json, HF_STR("tls_pin"));
    hf_json_hex(json, hf_bytes_of(region->tls_pin.b, HF_HASH_SIZE));
    (void)hf_vkey_format(&region->log_vkey, vkey);
    hf_json_key_str(json, "log", hf_str_c(vkey));
    (void)hf_vkey_format(&region->cosigner, vkey);
    hf_json_key_str(json, "cosigner", hf_str_c(vkey));
    hf_json_key(json, HF_STR("token"));
    hf_json_hex(json, hf_bytes_of(region->token.b, HF_HASH_SIZE));
    hf_json_key_u64(json, "key_serial", region->key_serial);
    if (region->after_epoch > 0) {
        hf_json_key_u64(json, "after_epoch", region->after_epoch);
        hf_json_key_u64(json, "after_size", region->after_size);
    }
    hf_json_object_end(json);
}

/* The API key first: a region file without it would be an agent that cannot speak. */
enum hf_rc hf_agent_save_region(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    uint8_t sealed[512];
    struct hf_json_out json;
    struct hf_bytes key = hf_secret_reveal(&agent->api_key);
    HF_ASSERT(key.len + HF_SEAL_OVERHEAD <= sizeof sealed);
    hf_seal(hf_loop_env(agent->loop), &agent->host_key, key, HF_BYTES(API_KEY_USE), sealed);
    enum hf_rc rc = hf_agent_path(agent, API_KEY_FILE, path, err);
    if (rc == HF_OK) {
        rc = hf_disk_replace(agent->disk, path, hf_bytes_of(sealed, key.len + HF_SEAL_OVERHEAD),
                             0600, err);
    }
    if (rc == HF_OK) {
        rc = hf_agent_path(agent, REGION_FILE, path, err);
    }
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_buf text = hf_buf_init(16384);
    hf_json_init(&json, &text);
    put_region(&json, &agent->region);
    hf_buf_str(&text, HF_STR("\n"));
    rc = text.failed == HF_OK ? hf_disk_replace(agent->disk, path, hf_buf_bytes(&text), 0644, err)
                              : hf_err_set(err, text.failed, "no memory for %s", path);
    hf_buf_free(&text);
    return rc;
}

/* The receipt is a note: our checkpoint with the region's cosignature. Losing it costs a question
 * to the Hub, so it is a mark beside the log. */
void hf_agent_save_receipt(struct hf_agent *agent, struct hf_bytes note)
{
    struct hf_err err = {0};
    if (note.len > HF_MARK_MAX || hf_mark_write(agent->log.place, "receipt", note, &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "receipt.not_kept", hf_f_err(&err));
    }
}

bool hf_agent_load_receipt(struct hf_agent *agent, struct hf_checkpoint *ret_checkpoint,
                           uint8_t *note, size_t *ret_len)
{
    return hf_agent_receipt_of(agent, &agent->log, ret_checkpoint, note, ret_len);
}

bool hf_agent_receipt_of(struct hf_agent *agent, const struct hf_owned *log,
                         struct hf_checkpoint *ret_checkpoint, uint8_t *note, size_t *ret_len)
{
    struct hf_note *parsed = hf_heap_alloc(sizeof *parsed);
    if (parsed == NULL) {
        return false;
    }
    enum hf_rc rc =
        hf_mark_read(log->place, "receipt", note, HF_MARK_MAX, ret_len, /* err= */ NULL);
    if (rc == HF_OK) {
        rc = hf_checkpoint_open(hf_bytes_of(note, *ret_len), &hf_log_identity(log->log)->vkey,
                                parsed, ret_checkpoint, /* err= */ NULL);
    }
    if (rc == HF_OK) {
        rc = hf_note_verify(parsed, &agent->region.cosigner, /* ret_time_s= */ NULL,
                            /* err= */ NULL);
    }
    hf_heap_free(parsed);
    return rc == HF_OK;
}

/* epochs */

static bool take_epoch(const struct hf_json *json, struct hf_agent_epoch *epoch)
{
    uint64_t number = 0;
    uint64_t old = 0;
    uint64_t time = 0;
    if (hf_json_kind(json) != HF_JSON_OBJECT ||
        !hf_json_take_u64(json, "epoch", UINT32_MAX - 1, &number) ||
        !hf_json_take_u64(json, "old_epoch", UINT32_MAX, &old) ||
        !hf_json_take_u64(json, "carried_from", INT64_MAX, &epoch->carried_from) ||
        !hf_json_take_u64(json, "opened_us", INT64_MAX, &time) ||
        !hf_json_take_text(json, "reason", epoch->reason, sizeof epoch->reason)) {
        return false;
    }
    const struct hf_json *done = hf_json_get(json, "done");
    if (done == NULL || hf_json_kind(done) != HF_JSON_BOOL) {
        return false;
    }
    epoch->epoch = (uint32_t)number;
    epoch->old_epoch = (uint32_t)old;
    epoch->opened_us = (int64_t)time;
    epoch->done = hf_json_as_bool(done);
    return old > 0 && number > old;
}

enum hf_rc hf_agent_load_epoch(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(16384);
    struct hf_json_doc *doc = NULL;
    agent->epoch = (struct hf_agent_epoch){.epoch = 1, .done = true};
    enum hf_rc rc = hf_agent_path(agent, EPOCH_FILE, path, err);
    if (rc != HF_OK || !hf_disk_exists(agent->disk, path)) {
        return rc;
    }
    rc = hf_disk_read(agent->disk, path, &text, err);
    if (rc == HF_OK) {
        rc = hf_json_parse(hf_buf_bytes(&text), &doc, err);
    }
    if (rc == HF_OK && !take_epoch(hf_json_root(doc), &agent->epoch)) {
        rc = hf_err_set(err, HF_ECORRUPT, "a member is missing or wrong");
    }
    hf_json_free(doc);
    hf_buf_free(&text);
    return rc == HF_OK ? rc : hf_err_wrap(err, HF_ECORRUPT, "%s", path);
}

enum hf_rc hf_agent_save_epoch(struct hf_agent *agent, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    struct hf_json_out json;
    struct hf_buf text = hf_buf_init(16384);
    const struct hf_agent_epoch *epoch = &agent->epoch;
    enum hf_rc rc = hf_agent_path(agent, EPOCH_FILE, path, err);
    hf_json_init(&json, &text);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "epoch", epoch->epoch);
    hf_json_key_u64(&json, "old_epoch", epoch->old_epoch);
    hf_json_key_u64(&json, "carried_from", epoch->carried_from);
    hf_json_key_u64(&json, "opened_us", (uint64_t)epoch->opened_us);
    hf_json_key_str(&json, "reason", hf_str_c(epoch->reason));
    hf_json_key(&json, HF_STR("done"));
    hf_json_bool(&json, epoch->done);
    hf_json_object_end(&json);
    hf_buf_str(&text, HF_STR("\n"));
    if (rc == HF_OK) {
        rc = text.failed == HF_OK
                 ? hf_disk_replace(agent->disk, path, hf_buf_bytes(&text), 0644, err)
                 : hf_err_set(err, text.failed, "no memory for %s", path);
    }
    hf_buf_free(&text);
    return rc;
}
