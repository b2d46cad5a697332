/* wrapper/release.c: a run is over: what is still reserved for it is given back to the budgets. */
#include "base/assert.h"
#include "base/heap.h"
#include "base/json_out.h"
#include "wrapper/link.h"

#define RELEASES   256 /* at once; others end by themselves, later */
#define TIMEOUT_NS UINT64_C(4000000000)
#define ANSWER_MAX 8192
#define BODY_MAX   128

struct release {
    struct hf_http_call call;
    struct hf_wrapper *wrapper;
    struct hf_queue node; /* in the wrapper */
    struct hf_buf body;
};

static void free_release(struct release *release)
{
    release->wrapper->release_count--;
    hf_queue_remove(&release->node);
    hf_buf_free(&release->body);
    hf_heap_free(release);
}

/* That there is none is fine: it was settled. When the agent is away it ends by itself, later. */
static void given_back(struct hf_http_call *call)
{
    struct release *release = HF_CONTAINER_OF(call, struct release, call);
    hf_buf_free(&call->answer);
    free_release(release);
}

void hf_run_over(struct hf_wrapper *w, struct hf_str session, struct hf_str run)
{
    char name[HF_RUN_NAME_SIZE];
    struct hf_json_out json;
    if (w->draining || w->release_count >= RELEASES) {
        return;
    }
    struct release *release = hf_heap_zalloc(1, sizeof *release);
    if (release == NULL) {
        return;
    }
    hf_run_name(session, run, name);
    release->wrapper = w;
    release->body = hf_buf_init(BODY_MAX);
    hf_json_init(&json, &release->body);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "reservation", hf_str_c(name));
    hf_json_object_end(&json);
    release->call = (struct hf_http_call){.method = "POST",
                                          .url = "http://agent/v1/budget/release",
                                          .content_type = "application/json",
                                          .body = hf_buf_bytes(&release->body),
                                          .timeout_ns = TIMEOUT_NS,
                                          .answer_max = ANSWER_MAX,
                                          .done = given_back};
    hf_queue_push(&w->releases, &release->node);
    w->release_count++;
    hf_http_call_start(w->client, &release->call);
}

void hf_releases_close(struct hf_wrapper *w)
{
    HF_QUEUE_FOREACH_SAFE (node, &w->releases) {
        struct release *release = HF_CONTAINER_OF(node, struct release, node);
        hf_http_call_cancel(&release->call);
        free_release(release);
    }
}
