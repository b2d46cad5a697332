/* tests/fuzz/hub/fuzz_memory.c: the records of a snapshot of the Hub's memory.
 *
 * They are taken or refused. What was taken is written again, and that is a fixed point: read once
 * more it gives the same bytes.
 */
#include "base/assert.h"
#include "base/heap.h"
#include "hub/hub.h"
#include "hub/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum hf_rc read_again(struct hf_loop *loop, struct hf_bytes bytes, struct hf_buf *written)
{
    struct hf_err err = {0};
    struct hf_hub *hub = hf_heap_zalloc(1, sizeof *hub);
    HF_ASSERT(hub != NULL);
    hub->loop = loop;
    HF_ASSERT(hf_memory_init(hub, &err) == HF_OK);
    enum hf_rc rc = hf_memory_read(hub, bytes, &err);
    if (rc == HF_OK) {
        hf_memory_write(hub, written);
        HF_ASSERT(written->failed == HF_OK);
    }
    hf_memory_fini(hub);
    hf_heap_free(hub);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hf_env_sim sim;
    struct hf_loop *loop = NULL;
    struct hf_err err = {0};
    struct hf_buf once = hf_buf_init(HF_MEMORY_MAX);
    struct hf_buf twice = hf_buf_init(HF_MEMORY_MAX);
    HF_ASSERT(hf_crypto_init(&err) == HF_OK);
    hf_env_sim_init(&sim, 1);
    HF_ASSERT(hf_loop_sim_new(&sim, 1, &loop, &err) == HF_OK);
    if (read_again(loop, hf_bytes_of(data, size), &once) == HF_OK) {
        HF_ASSERT(read_again(loop, hf_buf_bytes(&once), &twice) == HF_OK);
        HF_ASSERT(hf_bytes_eq(hf_buf_bytes(&once), hf_buf_bytes(&twice)));
    }
    hf_buf_free(&once);
    hf_buf_free(&twice);
    hf_loop_free(loop);
    return 0;
}
