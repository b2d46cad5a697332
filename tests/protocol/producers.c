/* tests/protocol/producers.c: eight producers on one log, until somebody kills the process.
 *
 * producers DIR FIRST...: opens the log of events in DIR with its key; producer i begins with
 * sequence FIRST[i] and has one request in flight. Each acknowledgement is a line
 * "PRODUCER SEQUENCE INDEX", written before the producer's next request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/file.h"
#include "base/host_key.h"
#include "base/loop.h"
#include "base/parse.h"
#include "log/core/writer.h"
#include "log/event/codec.h"
#include "log/tlog/key_file.h"
#include "tests/harness/sample_event.h"

enum {
    PRODUCERS = 8
};

struct producer {
    struct hf_appender *appender;
    struct hf_append append;
    struct hf_submission item;
    uint8_t bytes[HF_SAMPLE_EVENT_MAX];
    char name[16];
    unsigned number;
    unsigned sequence;
};

static const struct hf_codec *const codecs[] = {&hf_event_codec};
static const struct hf_log_options log_options = {codecs, 1};

static void submit(struct producer *p)
{
    static const char *const regions[] = {"dev", "staging", "prod-eu"};
    const char *region = regions[p->sequence % HF_LEN(regions)];
    size_t len = hf_sample_event(p->name, p->sequence, region, p->sequence, p->bytes);
    p->item = (struct hf_submission){.bytes = hf_bytes_of(p->bytes, len)};
    p->append.items = &p->item;
    p->append.item_count = 1;
    p->append.wait = p->number % 2 == 0 ? HF_WAIT_DURABLE : HF_WAIT_SIGNED;
    hf_append_submit(p->appender, &p->append);
}

static void answered(struct hf_append *append)
{
    struct producer *p = HF_CONTAINER_OF(append, struct producer, append);
    char line[64];
    if (append->rc != HF_OK) {
        (void)fprintf(stderr, "%s\n", append->err.text);
        _exit(1);
    }
    int len = snprintf(line, sizeof line, "%u %u %llu\n", p->number, p->sequence,
                       (unsigned long long)append->first);
    if (write(STDOUT_FILENO, line, (size_t)len) != len) {
        _exit(1);
    }
    p->sequence++;
    submit(p);
}

static enum hf_rc load_key(const char *dir, struct hf_signing_key **ret_key, struct hf_err *err)
{
    char path[4096];
    struct hf_buf text = hf_buf_init(4096);
    struct hf_secret host_key = {0};
    struct hf_vkey vkey;
    enum hf_rc rc = hf_path_join(dir, "key", path, sizeof path);
    if (rc == HF_OK) {
        rc = hf_file_read(path, &text, err);
    }
    if (rc == HF_OK) {
        rc = hf_host_key_load(hf_env_os(), /* path= */ NULL, &host_key, err);
    }
    if (rc == HF_OK) {
        rc = hf_key_file_open(hf_buf_bytes(&text), &host_key, &vkey, ret_key, err);
    }
    hf_secret_free(&host_key);
    hf_buf_free(&text);
    return rc;
}

int main(int argc, char **argv)
{
    static struct producer producers[PRODUCERS];
    struct hf_err err = {0};
    struct hf_place *place = NULL;
    struct hf_log *log = NULL;
    struct hf_loop *loop = NULL;
    struct hf_signing_key *key = NULL;
    struct hf_log_writer *writer = NULL;
    if (argc != 2 + PRODUCERS) {
        return 2;
    }
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc == HF_OK) {
        rc = load_key(argv[1], &key, &err);
    }
    if (rc == HF_OK) {
        rc = hf_place_dir_open(argv[1], HF_PLACE_OWN, "producers", hf_env_os(), &place, &err);
    }
    if (rc == HF_OK) {
        rc = hf_log_open(place, &log_options, &log, &err);
    }
    if (rc == HF_OK) {
        rc = hf_loop_uv_new(&loop, &err);
    }
    if (rc == HF_OK) {
        struct hf_log_writer_options options = {.loop = loop, .key = key};
        rc = hf_log_writer_open(log, &options, &writer, &err);
    }
    for (unsigned i = 0; rc == HF_OK && i < PRODUCERS; i++) {
        uint64_t first = 0;
        rc = hf_parse_u64(hf_str_c(argv[2 + i]), 1, UINT32_MAX, &first);
        producers[i].appender = hf_log_writer_appender(writer);
        producers[i].append.done = answered;
        producers[i].number = i;
        producers[i].sequence = (unsigned)first;
        (void)snprintf(producers[i].name, sizeof producers[i].name, "p%u", i);
    }
    for (unsigned i = 0; rc == HF_OK && i < PRODUCERS; i++) {
        submit(&producers[i]);
    }
    if (rc != HF_OK) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    hf_loop_run(loop); /* for ever */
    return 1;
}
