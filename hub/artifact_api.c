/* hub/artifact_api.c: calls about artifacts; their bytes also for agents. */
#include <stdio.h>

#include "base/hex.h"
#include "hub/cursor.h"

#define PAGE 100

/* The members; the object's begin and end are the caller's. */
static void put_artifact(struct hf_json_out *json, const struct hf_artifact *artifact)
{
    const struct hf_manifest *m = &artifact->manifest;
    hf_json_key_str(json, "slot", hf_str_c(hf_slot_name(m->slot)));
    hf_json_key_hex(json, "digest", hf_bytes_of(m->digest.b, HF_HASH_SIZE));
    hf_json_key_u64(json, "size", m->length);
    hf_json_key_str(json, "name", hf_str_c(m->name));
    hf_json_key_str(json, "version", hf_str_c(m->version));
    hf_json_key_u64(json, "sequence", m->sequence);
    hf_json_key_u64(json, "floor", m->floor);
    if (m->has_parent) {
        hf_json_key_hex(json, "parent", hf_bytes_of(m->parent.b, HF_HASH_SIZE));
    }
    hf_json_key_str(json, "strictness", hf_str_c(hf_strictness_name(m->strictness)));
    hf_json_key(json, HF_STR("expires"));
    hf_json_time_us(json, m->expires_us);
    hf_json_key(json, HF_STR("added"));
    hf_json_time_us(json, artifact->added_us);
    hf_json_key_u64(json, "index", artifact->index);
}

/* reading */

/* Appends the newest manifest as it was signed. */
static enum hf_rc read_note(const struct hf_hub *hub, const struct hf_artifact *artifact,
                            struct hf_buf *ret_note, struct hf_err *err)
{
    struct hf_envelope envelope;
    struct hf_event_artifact_added event;
    struct hf_packer *packer = NULL;
    struct hf_buf entry = hf_buf_init(HF_LEAF_MAX);
    enum hf_rc rc = hf_packer_new(&packer);
    if (rc == HF_OK) {
        rc = hf_log_entry(hub->log.log, packer, artifact->index, &entry, err);
    }
    if (rc == HF_OK) {
        rc = hf_envelope_read_leaf(hf_buf_bytes(&entry), &envelope, err);
    }
    if (rc == HF_OK) {
        rc = hf_event_artifact_added_decode(envelope.payload, &event, err);
    }
    if (rc == HF_OK) {
        hf_buf_str(ret_note, event.manifest);
        rc = ret_note->failed;
    }
    hf_packer_free(packer);
    hf_buf_free(&entry);
    return rc;
}

static enum hf_rc write_package(const struct hf_hub *hub, const struct hf_artifact *artifact,
                                struct hf_buf *package, struct hf_err *err)
{
    uint8_t head[HF_PACKAGE_HEAD];
    struct hf_buf note = hf_buf_init(HF_MANIFEST_MAX);
    struct hf_buf bytes = hf_buf_init(HF_ARTIFACT_MAX);
    enum hf_rc rc = read_note(hub, artifact, &note, err);
    if (rc == HF_OK) {
        rc = hf_log_blob_at(hub->log.log, artifact->blob_index, &artifact->manifest.digest, &bytes,
                            err);
    }
    if (rc == HF_OK) {
        hf_package_head(hf_buf_bytes(&note), head);
        hf_buf_put(package, head, sizeof head);
        hf_buf_put(package, note.ptr, note.len);
        hf_buf_put(package, bytes.ptr, bytes.len);
        rc = package->failed == HF_OK
                 ? HF_OK
                 : hf_err_set(err, package->failed, "no memory for an artifact");
    }
    hf_buf_free(&note);
    hf_buf_free(&bytes);
    return rc;
}

/* What the path's first parameter names; answers 404 when it is not there. */
static const struct hf_hub_artifact *find(struct hf_hub_call *call)
{
    struct hf_hash digest;
    size_t len = 0;
    struct hf_str text = hf_call_param(call, 0);
    const struct hf_hub_artifact *found = NULL;
    if (hf_hex_decode(text, digest.b, HF_HASH_SIZE, &len, NULL) == HF_OK && len == HF_HASH_SIZE) {
        found = hf_hub_artifact_find(&call->hub->artifacts, &digest);
    }
    if (found == NULL) {
        hf_call_problem(call, HF_PROBLEM_NOT_FOUND, "There is no such artifact in this region.");
    }
    return found;
}

static void answer_package(struct hf_hub_call *call)
{
    struct hf_err err = {0};
    struct hf_buf package = hf_buf_init(HF_PACKAGE_MAX);
    const struct hf_hub_artifact *artifact = find(call);
    if (artifact == NULL) {
        return;
    }
    if (write_package(call->hub, &artifact->life, &package, &err) == HF_OK) {
        hf_http_answer(call->exchange, 200, "application/octet-stream", hf_buf_bytes(&package));
    } else {
        hf_log(call->hub->logger, HF_LOG_ERROR, "artifact.unreadable", hf_f_err(&err));
        hf_call_problem(call, HF_PROBLEM_FAILED,
                        "The Hub could not read the artifact; see its log on the server.");
    }
    hf_buf_free(&package);
}

void hf_serve_artifact_package(struct hf_hub_call *call)
{
    answer_package(call);
}

void hf_serve_feed_artifact(struct hf_hub_call *call)
{
    answer_package(call);
}

void hf_serve_artifact_show(struct hf_hub_call *call)
{
    struct hf_err err = {0};
    struct hf_json_out json;
    struct hf_buf note = hf_buf_init(HF_MANIFEST_MAX);
    const struct hf_hub_artifact *artifact = find(call);
    if (artifact == NULL) {
        return;
    }
    if (read_note(call->hub, &artifact->life, &note, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        hf_buf_free(&note);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", call->hub->as_of);
    put_artifact(&json, &artifact->life);
    hf_json_key_str(&json, "manifest", hf_bytes_str(hf_buf_bytes(&note)));
    hf_json_object_end(&json);
    hf_buf_free(&note);
    hf_call_answer(call, 200, &call->scratch);
}

/* listing */

static bool is_listed(const struct hf_hub_artifact *artifact,
                      const struct hf_api_artifacts_list_query *query)
{
    return !query->has_slot || (int)artifact->life.manifest.slot == (int)query->slot;
}

/* The first of the page; *ret_first NULL: it is empty. The cursor names a digest. */
static enum hf_rc find_first(const struct hf_hub *hub, struct hf_str list,
                             const struct hf_api_artifacts_list_query *query,
                             struct hf_hub_artifact **ret_first, struct hf_err *err)
{
    struct hf_str name;
    struct hf_hash digest;
    size_t len = 0;
    if (!query->has_cursor) {
        *ret_first = hf_hub_artifacts_first(&hub->artifacts);
        return HF_OK;
    }
    enum hf_rc rc = hf_cursor_open(hub, list, query->cursor, &name, err);
    if (rc != HF_OK) {
        return rc;
    }
    const struct hf_hub_artifact *last =
        hf_hex_decode(name, digest.b, HF_HASH_SIZE, &len, NULL) == HF_OK && len == HF_HASH_SIZE
            ? hf_hub_artifact_find(&hub->artifacts, &digest)
            : NULL;
    if (last == NULL) {
        return hf_err_set(err, HF_EINVAL, "cursor: names nothing that is here");
    }
    *ret_first = hf_hub_artifacts_next(&hub->artifacts, last);
    return HF_OK;
}

static void put_next(struct hf_hub_call *call, struct hf_json_out *json, uint64_t limit,
                     struct hf_str list, const struct hf_hub_artifact *last)
{
    char target[96];
    char name[2 * HF_HASH_SIZE + 1];
    const struct hf_api_artifacts_list_query *query = &call->asked.artifacts_list;
    hf_hex_encode(hf_bytes_of(last->life.manifest.digest.b, HF_HASH_SIZE), name);
    (void)snprintf(target, sizeof target, "/v1/artifacts?limit=%llu%s%s", (unsigned long long)limit,
                   query->has_slot ? "&slot=" : "",
                   query->has_slot ? hf_slot_name((enum hf_slot)query->slot) : "");
    hf_cursor_put_next(call, json, target, list, hf_str_c(name));
}

void hf_serve_artifacts_list(struct hf_hub_call *call)
{
    const struct hf_hub *hub = call->hub;
    const struct hf_api_artifacts_list_query *query = &call->asked.artifacts_list;
    uint64_t limit = query->has_limit ? query->limit : PAGE;
    uint64_t shown = 0;
    char list[32];
    struct hf_hub_artifact *at = NULL;
    const struct hf_hub_artifact *last = NULL;
    struct hf_json_out json;
    struct hf_err err = {0};
    (void)snprintf(list, sizeof list, "artifacts %d", query->has_slot ? (int)query->slot : -1);
    if (find_first(hub, hf_str_c(list), query, &at, &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    hf_json_key_u64(&json, "as_of", hub->as_of);
    hf_json_key(&json, HF_STR("artifacts"));
    hf_json_array_begin(&json);
    for (; at != NULL; at = hf_hub_artifacts_next(&hub->artifacts, at)) {
        if (!is_listed(at, query)) {
            continue;
        }
        if (shown++ == limit) {
            break;
        }
        last = at;
        hf_json_object_begin(&json);
        put_artifact(&json, &at->life);
        hf_json_object_end(&json);
    }
    hf_json_array_end(&json);
    if (shown > limit) {
        put_next(call, &json, limit, hf_str_c(list), last);
    }
    hf_json_object_end(&json);
    hf_call_answer(call, 200, &call->scratch);
}

/* adding */

void hf_call_answer_artifact(struct hf_hub_call *call)
{
    struct hf_event_artifact_added event;
    struct hf_json_out json;
    struct hf_hash digest;
    struct hf_err err = {0};
    if (hf_event_artifact_added_decode(hf_bytes_of(call->payload, call->payload_len), &event,
                                       &err) != HF_OK) {
        hf_call_refuse(call, &err);
        return;
    }
    memcpy(digest.b, event.digest.ptr, HF_HASH_SIZE);
    const struct hf_hub_artifact *artifact = hf_hub_artifact_find(&call->hub->artifacts, &digest);
    HF_ASSERT(artifact != NULL); /* its event was folded */
    hf_json_init(&json, &call->scratch);
    hf_json_object_begin(&json);
    put_artifact(&json, &artifact->life);
    hf_json_object_end(&json);
    hf_call_answer(call, 201, &call->scratch);
}

void hf_call_refuse_artifact(struct hf_hub_call *call, hf_artifact_reason reason,
                             const struct hf_err *err)
{
    char detail[HF_ERR_TEXT_MAX + 32];
    if (err->rc != HF_EPERM || reason == HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT) {
        hf_call_refuse(call, err);
        return;
    }
    (void)snprintf(detail, sizeof detail, "%.*s: %s",
                   HF_STR_ARG(hf_event_artifact_refused_reason_name(reason)), err->text);
    hf_call_problem(call, HF_PROBLEM_BAD_ARTIFACT, detail);
}

struct added {
    struct hf_bytes note;
    struct hf_bytes bytes;
    struct hf_manifest manifest;
};

/* Takes the package apart, and decides. */
static enum hf_rc take(struct hf_hub_call *call, struct added *added,
                       hf_artifact_reason *ret_reason, struct hf_err *err)
{
    struct hf_hub *hub = call->hub;
    const struct hf_manifest_want here = {.region = hf_str_c(hub->region),
                                          .now_us = hf_env_wall_us(hf_loop_env(hub->loop))};
    enum hf_rc rc =
        call->held.failed != HF_OK
            ? hf_err_set(err, call->held.failed, "no memory for the artifact")
            : hf_package_split(hf_buf_bytes(&call->held), &added->note, &added->bytes, err);
    if (rc == HF_OK) {
        rc = hf_manifest_open(added->note, &hub->release, &added->manifest, ret_reason, err);
    }
    if (rc == HF_OK) {
        rc = hf_manifest_covers(&added->manifest, added->bytes, ret_reason, err);
    }
    if (rc == HF_OK) {
        const struct hf_hub_artifact *known =
            hf_hub_artifact_find(&hub->artifacts, &added->manifest.digest);
        rc = hf_artifact_may_add(&hub->artifacts.slots[added->manifest.slot],
                                 known == NULL ? NULL : &known->life, &added->manifest, &here,
                                 ret_reason, err);
    }
    return rc;
}

void hf_serve_artifact_add(struct hf_hub_call *call)
{
    struct added added = {.manifest = {.length = 0}};
    hf_artifact_reason reason = HF_EVENT_ARTIFACT_REFUSED_REASON_COUNT;
    struct hf_err err = {0};
    char stream[32];
    struct hf_bytes body = hf_http_exchange_body(call->exchange);
    hf_buf_put(&call->held, body.ptr, body.len);
    if (take(call, &added, &reason, &err) != HF_OK) {
        hf_call_refuse_artifact(call, reason, &err);
        return;
    }
    struct hf_writer w = hf_writer_init(call->payload, sizeof call->payload);
    bool fits = hf_artifact_encode(&added.manifest, added.note, &w);
    HF_ASSERT(fits); /* each part was checked, and all of them have less than a payload's room */
    call->payload_len = w.len;
    (void)snprintf(stream, sizeof stream, HF_ARTIFACT_STREAM "%s",
                   hf_slot_name(added.manifest.slot));
    const struct hf_hub_event post = {.type = HF_EVENT_ARTIFACT_ADDED_NAME,
                                      .schema_version = HF_EVENT_ARTIFACT_ADDED_VERSION,
                                      .stream = hf_str_c(stream),
                                      .payload = hf_writer_done(&w),
                                      .blob = added.bytes,
                                      .expects = true,
                                      .version =
                                          call->hub->artifacts.slots[added.manifest.slot].version};
    hf_call_post(call, &post, hf_call_answer_artifact);
}
