/* tests/unit/schemas/test_events.c: every event type, held against the samples of samples.py. */
#include "base/file.h"
#include "base/heap.h"
#include "base/hex.h"
#include "base/parse.h"
#include "schemas/canonical.h"
#include "schemas/envelope.h"
#include "schemas/event.h"
#include "schemas/events_gen.h"
#include "schemas/pack.h"
#include "schemas/upcast.h"
#include "tests/harness/test.h"

struct sample {
    struct hf_str type;
    uint32_t version;
    struct hf_str fault; /* path of the member at fault, empty for a good sample */
    struct hf_str json;
    uint8_t payload[HF_CANONICAL_SIZE_MAX];
    size_t payload_len;
};

static struct hf_str take_field(struct hf_str *io_line)
{
    const char *tab = memchr(io_line->ptr, '\t', io_line->len);
    size_t len = tab == NULL ? io_line->len : (size_t)(tab - io_line->ptr);
    struct hf_str field = {io_line->ptr, len};
    size_t skip = tab == NULL ? len : len + 1;
    *io_line = (struct hf_str){io_line->ptr + skip, io_line->len - skip};
    return field;
}

static bool read_sample(struct hf_str line, struct sample *ret)
{
    uint64_t version;
    ret->type = take_field(&line);
    if (hf_parse_u64(take_field(&line), 1, 65535, &version) != HF_OK) {
        return false;
    }
    ret->version = (uint32_t)version;
    ret->fault = take_field(&line);
    if (hf_hex_decode(take_field(&line), ret->payload, sizeof ret->payload, &ret->payload_len,
                      /* ret_at= */ NULL) != HF_OK) {
        return false;
    }
    ret->json = line;
    return true;
}

/* Calls run with each sample until a check fails; counts good and bad samples. */
static void each_sample(void (*run)(const struct sample *sample), size_t *ret_good, size_t *ret_bad)
{
    struct hf_buf file = hf_buf_init(64u << 20);
    struct hf_err err = {0};
    *ret_good = 0;
    *ret_bad = 0;
    if (hf_file_read(HF_SAMPLES, &file, &err) != HF_OK) {
        hf_test_fail(__FILE__, __LINE__, "%s", err.text);
        return;
    }
    struct sample *sample = hf_heap_alloc(sizeof *sample);
    HF_ASSERT(sample != NULL);
    struct hf_cursor cursor = hf_cursor_init(hf_buf_bytes(&file));
    struct hf_str line;
    while (!hf_test_failed() && hf_cursor_line(&cursor, &line)) {
        if (!read_sample(line, sample)) {
            hf_test_fail(__FILE__, __LINE__, "a sample cannot be read");
            break;
        }
        *ret_good += sample->fault.len == 0;
        *ret_bad += sample->fault.len != 0;
        run(sample);
    }
    hf_heap_free(sample);
    hf_buf_free(&file);
}

static struct hf_bytes payload_of(const struct sample *s)
{
    return hf_bytes_of(s->payload, s->payload_len);
}

static uint8_t encoded[HF_CANONICAL_SIZE_MAX];

static void good_payload(const struct sample *s)
{
    const struct hf_event_type *type = hf_event_find_version(s->type, s->version);
    union hf_event_any event;
    struct hf_err err = {0};
    struct hf_canonical_fault fault;
    HF_CHECK(type != NULL);
    HF_CHECK_RC(hf_canonical_check(payload_of(s), &fault), HF_OK);
    HF_CHECK_OK(type->decode(payload_of(s), &event, &err), err);
    HF_CHECK_OK(type->check(&event, &err), err);
    struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
    type->encode(&event, &w);
    HF_CHECK(!w.overflow);
    HF_CHECK_U64(w.len, s->payload_len);
    HF_CHECK_MEM(encoded, s->payload, s->payload_len);
    /* Every prefix is refused, and so is anything behind the end. */
    for (size_t len = 0; len < s->payload_len; len += 1 + s->payload_len / 500) {
        HF_CHECK_RC(type->decode(hf_bytes_of(s->payload, len), &event, &err), HF_EINVAL);
    }
    hf_writer_u8(&w, 0xc0);
    HF_CHECK_RC(type->decode(hf_writer_done(&w), &event, &err), HF_EINVAL);
    /* Through JSON and back. */
    struct hf_buf text = hf_buf_init(1u << 20);
    struct hf_json_out out;
    hf_json_init(&out, &text);
    hf_event_payload_to_json(s->type, s->version, payload_of(s), &out);
    bool same = hf_str_eq(hf_bytes_str(hf_buf_bytes(&text)), s->json);
    if (!same) {
        hf_test_fail(__FILE__, __LINE__, "JSON is %.*s, expected %.*s", (int)text.len,
                     (const char *)text.ptr, HF_STR_ARG(s->json));
    }
    hf_buf_free(&text);
}

static bool fault_is(const struct sample *s, const char *text)
{
    return hf_str_starts(hf_str_c(text), s->fault) && text[s->fault.len] == ':';
}

static void bad_payload(const struct sample *s)
{
    struct hf_err err = {0};
    enum hf_event_known known;
    struct hf_canonical_fault fault;
    HF_CHECK_RC(hf_canonical_check(payload_of(s), &fault), HF_OK);
    HF_CHECK_RC(hf_event_find_version(s->type, s->version)
                    ->decode(payload_of(s), &(union hf_event_any){0}, &err),
                HF_EINVAL);
    if (!fault_is(s, err.text)) {
        hf_test_fail(__FILE__, __LINE__, "fault is \"%s\", expected one of %.*s in %.*s", err.text,
                     HF_STR_ARG(s->fault), HF_STR_ARG(s->json));
        return;
    }
    HF_CHECK_RC(hf_event_validate(s->type, s->version, payload_of(s), &known, &err), HF_EINVAL);
}

static void payload_sample(const struct sample *s)
{
    if (s->fault.len == 0) {
        good_payload(s);
    } else {
        bad_payload(s);
    }
}

/* Goal: encoders, decoders and checks agree with an encoder written from the specification, for
 * values on every bound and just outside. Method: all samples. */
HF_TEST(payloads)
{
    size_t good;
    size_t bad;
    each_sample(payload_sample, &good, &bad);
    HF_CHECK(good >= 2 * (size_t)HF_EVENT_COUNT);
    HF_CHECK(bad >= 10 * (size_t)HF_EVENT_COUNT);
}

static void json_sample(const struct sample *s)
{
    const struct hf_event_type *type = hf_event_find_version(s->type, s->version);
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_json_parse(hf_str_bytes(s->json), &doc, &err), err);
    struct hf_arena arena;
    union hf_event_any event;
    hf_arena_init(&arena, 256u << 10);
    enum hf_rc rc = type->from_json(hf_json_root(doc), &arena, &event, &err);
    struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
    if (rc == HF_OK) {
        type->encode(&event, &w);
    }
    hf_arena_fini(&arena);
    hf_json_free(doc);
    if (s->fault.len > 0) {
        HF_CHECK_RC(rc, HF_EINVAL);
        if (!fault_is(s, err.text)) {
            hf_test_fail(__FILE__, __LINE__, "fault is \"%s\", expected one of %.*s in %.*s",
                         err.text, HF_STR_ARG(s->fault), HF_STR_ARG(s->json));
        }
        return;
    }
    HF_CHECK_OK(rc, err);
    HF_CHECK_U64(w.len, s->payload_len);
    HF_CHECK_MEM(encoded, s->payload, s->payload_len);
}

/* Goal: JSON in accepts the same values and names the same members. Method: all samples but those
 * whose fault exists only in MessagePack. */
HF_TEST(json_in)
{
    size_t good;
    size_t bad;
    each_sample(json_sample, &good, &bad);
    HF_CHECK(good > 0 && bad > 0);
}

/* Goal: 64-bit integers cross JSON without loss. Method: 2^64 - 1 as a string in, as a string out;
 * as a JSON number it is refused. */
HF_TEST(json_large_integers)
{
    static const char good[] = "{\"at\":\"2026-01-02T03:04:05.678901Z\",\"region\":\"dev\","
                               "\"skew\":-5,\"tick\":\"18446744073709551615\"}";
    struct hf_json_doc *doc = NULL;
    struct hf_err err = {0};
    struct hf_arena arena;
    struct hf_event_clock_tick tick;
    hf_arena_init(&arena, 4096);
    HF_CHECK_OK(hf_json_parse(HF_BYTES(good), &doc, &err), err);
    HF_CHECK_OK(hf_event_clock_tick_from_json(hf_json_root(doc), &arena, &tick, &err), err);
    HF_CHECK_U64(tick.tick, UINT64_MAX);
    HF_CHECK_U64(tick.at, UINT64_C(1767323045678901));
    HF_CHECK(tick.skew == -5);
    hf_json_free(doc);
    struct hf_buf text = hf_buf_init(4096);
    struct hf_json_out out;
    hf_json_init(&out, &text);
    hf_event_clock_tick_to_json(&tick, &out);
    HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&text)), HF_STR(good));
    hf_buf_free(&text);
    hf_arena_fini(&arena);
}

/* Goal: what is not a value of the schema says so in words. Method: exact texts of a few. */
HF_TEST(json_error_texts)
{
    static const struct {
        const char *json;
        const char *text;
    } cases[] = {
        {"[]", "needs an object"},
        {"{}", "at: is missing"},
        {"{\"tock\":1}", "tock: the schema has no such member"},
        {"{\"\\u0007\":1}", "a member that its schema does not have"},
        {"{\"at\":7,\"region\":\"dev\",\"skew\":0,\"tick\":1}",
         "at: needs a time in UTC from 1970 to 9999 (in JSON such as "
         "\"2026-01-02T03:04:05.678901Z\")"},
        {"{\"at\":\"2026-01-02T03:04:05Z\",\"region\":\"prod\",\"skew\":0,\"tick\":1}",
         "region: needs one of dev, staging, prod-eu, prod-us"},
        {"{\"at\":\"2026-01-02T03:04:05Z\",\"region\":\"dev\",\"skew\":0.5,\"tick\":1}",
         "skew: needs an integer from -86400000000 to 86400000000"},
        {"{\"at\":\"2026-01-02T03:04:05Z\",\"region\":\"dev\",\"skew\":0,\"tick\":null}",
         "tick: needs an integer from 1 to 18446744073709551615"},
    };

    for (size_t i = 0; i < HF_LEN(cases); i++) {
        struct hf_json_doc *doc = NULL;
        struct hf_err err = {0};
        struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
        HF_CHECK_OK(hf_json_parse(hf_str_bytes(hf_str_c(cases[i].json)), &doc, &err), err);
        HF_CHECK_RC(hf_event_payload_from_json(HF_STR("clock.tick"), hf_json_root(doc), &w, &err),
                    HF_EINVAL);
        HF_CHECK_STR(hf_str_c(err.text), hf_str_c(cases[i].text));
        hf_json_free(doc);
    }
}

static bool gate_nth(void *arg)
{
    size_t *left = arg;
    if (*left == 0) {
        return false;
    }
    (*left)--;
    return true;
}

/* Goal: no allocation that fails does harm. Method: fail the n-th one for all n, of making a
 * payload out of JSON and of upcasting; in the end both succeed. */
HF_TEST(allocation_failures)
{
    static const char json[] =
        "{\"approval\":\"a1\",\"by\":\"customer\",\"decision\":\"approved\",\"latency\":5,"
        "\"request\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
        "\"tenant\":\"t1\"}";
    struct hf_err err = {0};
    struct hf_json_doc *doc = NULL;
    HF_CHECK_OK(hf_json_parse(HF_BYTES(json), &doc, &err), err);
    enum hf_rc rc = HF_ENOMEM;
    size_t n = 0;
    for (; rc != HF_OK && n < 100; n++) {
        size_t left = n;
        struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
        hf_heap_gate(gate_nth, &left);
        rc = hf_event_payload_from_json(HF_STR("approval.decided"), hf_json_root(doc), &w, &err);
        hf_heap_gate(NULL, NULL);
        HF_CHECK(rc == HF_OK || rc == HF_ENOMEM);
    }
    hf_json_free(doc);
    HF_CHECK_RC(rc, HF_OK);
    HF_CHECK(n > 1);
    size_t none = 0;
    struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
    hf_heap_gate(gate_nth, &none);
    rc = hf_upcast(HF_STR("metering.recorded"), 1, 2, HF_BYTES("\x80"), &w, &err);
    hf_heap_gate(NULL, NULL);
    HF_CHECK_RC(rc, HF_ENOMEM);
}

/* Goal: the table serves names. Method: each type finds itself, neighbours are not found. */
HF_TEST(find)
{
    for (size_t i = 0; i < HF_EVENT_COUNT; i++) {
        const struct hf_event_type *type = &hf_event_types[i];
        HF_CHECK(hf_event_find_version(type->name, type->version) == type);
        HF_CHECK(!type->newest || hf_event_find(type->name) == type);
        HF_CHECK(hf_event_find((struct hf_str){type->name.ptr, type->name.len - 1}) == NULL);
        HF_CHECK(hf_event_find_version(type->name, 0) == NULL);
    }
    HF_CHECK(hf_event_find(HF_STR("")) == NULL);
    HF_CHECK(hf_event_find(HF_STR("zzz.zzz")) == NULL);
    HF_CHECK(hf_event_find(HF_STR("metering.recorded")) ==
             &hf_event_types[HF_EVENT_METERING_RECORDED]);
    HF_CHECK_U64(HF_EVENT_METERING_RECORDED_VERSION, 3);
}

/* Goal: what this program does not know is kept and shown, never refused. Method: an unknown type,
 * and a newer version of a known one, with payloads of every kind of value. */
HF_TEST(unknown)
{
    enum hf_event_known known;
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
    uint8_t sealed[HF_SEALED_MIN] = {HF_SEALED_FORMAT, 0xab};
    hf_pack_map(&w, 7);
    hf_pack_str(&w, HF_STR("a"));
    hf_pack_array(&w, 3);
    hf_pack_nil(&w);
    hf_pack_bool(&w, true);
    hf_pack_array(&w, 0);
    hf_pack_str(&w, HF_STR("b"));
    hf_pack_bin(&w, HF_BYTES("\x01\xff"));
    hf_pack_str(&w, HF_STR("c"));
    hf_pack_i64(&w, -1000);
    hf_pack_str(&w, HF_STR("d"));
    hf_pack_u64(&w, UINT64_MAX);
    hf_pack_str(&w, HF_STR("e"));
    hf_pack_map(&w, 0);
    hf_pack_str(&w, HF_STR("f"));
    hf_pack_str(&w, HF_STR("text"));
    hf_pack_str(&w, HF_STR("g"));
    hf_pack_sealed(&w, hf_bytes_of(sealed, sizeof sealed));
    HF_CHECK(!w.overflow);
    struct hf_bytes payload = hf_writer_done(&w);
    HF_CHECK_OK(hf_canonical_check_err(payload, &err), err);
    HF_CHECK_OK(hf_event_validate(HF_STR("no.such"), 1, payload, &known, &err), err);
    HF_CHECK_U64(known, HF_KNOWN_UNKNOWN);
    HF_CHECK_OK(hf_event_validate(HF_STR("clock.tick"), 2, payload, &known, &err), err);
    HF_CHECK_U64(known, HF_KNOWN_NEWER);
    HF_CHECK_RC(hf_event_validate(HF_STR("clock.tick"), 1, payload, &known, &err), HF_EINVAL);
    HF_CHECK_U64(known, HF_KNOWN_CURRENT);
    struct hf_buf text = hf_buf_init(4096);
    struct hf_json_out out;
    hf_json_init(&out, &text);
    hf_event_payload_to_json(HF_STR("no.such"), 1, payload, &out);
    HF_CHECK(hf_str_starts(
        hf_bytes_str(hf_buf_bytes(&text)),
        HF_STR("{\"a\":[null,true,[]],\"b\":{\"$bin\":\"01ff\"},\"c\":-1000,"
               "\"d\":\"18446744073709551615\",\"e\":{},\"f\":\"text\",\"g\":{\"$sealed\":"
               "\"01ab00")));
    hf_buf_clear(&text);
    hf_json_init(&out, &text);
    hf_value_to_json(HF_BYTES("\xc1"), &out);
    HF_CHECK_STR(hf_bytes_str(hf_buf_bytes(&text)), HF_STR("{\"$damaged\":\"c1\"}"));
    hf_buf_free(&text);
}

static struct hf_event_metering_recorded_v1 old_record(void)
{
    return (struct hf_event_metering_recorded_v1){
        .tenant = HF_STR("t1"),
        .provider = HF_STR("p"),
        .model = HF_STR("m-1"),
        .request = HF_STR("r"),
        .input_tokens = 1000,
        .output_tokens = 20,
        .cost = 77,
        .currency = HF_EVENT_METERING_RECORDED_V1_CURRENCY_USD,
        .latency = 1234567,
    };
}

/* Goal: a request of any version is read in the newest shape. Method: one of version 1, which gets
 * an action, and its way through every version; a routing that knew nothing of subjects. */
HF_TEST(upcast_requests)
{
    static const uint8_t hash[HF_HASH_SIZE] = {9};
    struct hf_event_approval_requested_v1 old = {.approval = HF_STR("a-1"),
                                                 .tenant = HF_STR("acme"),
                                                 .tool = HF_STR("exec"),
                                                 .summary = HF_STR("Look"),
                                                 .facts = hf_bytes_of(hash, sizeof hash),
                                                 .policy = HF_STR("p"),
                                                 .has_arguments = true,
                                                 .arguments_count = 1};
    struct hf_event_approval_requested now;
    struct hf_err err = {0};
    uint8_t before[1000];
    struct hf_writer v1 = hf_writer_init(before, sizeof before);
    struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
    old.arguments[0].name = HF_STR("path");
    HF_CHECK_OK(hf_event_approval_requested_v1_check(&old, &err), err);
    hf_event_approval_requested_v1_encode(&old, &v1);
    HF_CHECK_OK(hf_upcast(HF_STR("approval.requested"), 1, 4, hf_writer_done(&v1), &w, &err), err);
    HF_CHECK_OK(hf_event_approval_requested_decode(hf_writer_done(&w), &now, &err), err);
    HF_CHECK(now.has_summary && !now.has_personal && !now.has_requester);
    HF_CHECK_STR(now.summary, HF_STR("Look"));
    HF_CHECK(hf_bytes_eq(now.action, old.facts));
    HF_CHECK_U64(now.arguments_count, 1);
    HF_CHECK_RC(hf_upcast(HF_STR("approval.requested"), 3, 4, HF_BYTES("\x80"), &w, &err),
                HF_EINVAL);
    HF_CHECK_RC(hf_upcast(HF_STR("approval.routed"), 1, 2, HF_BYTES("\x80"), &w, &err), HF_EINVAL);
}

/* A record of version 1 has the time of each layer, one of version 2 that of all of them. */
HF_TEST(upcast_counters)
{
    uint8_t before[512];
    uint8_t after[512];
    struct hf_err err = {0};
    struct hf_event_redaction_counters event;
    const struct hf_event_redaction_counters_v1 old = {
        .tenant = HF_STR("t"),
        .end = 7,
        .policy = HF_STR("p"),
        .messages = 3,
        .layers = {{HF_STR("known"), 2, 2, 5}, {HF_STR("token"), 4, 3, 6}},
        .layers_count = 2};
    struct hf_writer v1 = hf_writer_init(before, sizeof before);
    struct hf_writer w = hf_writer_init(after, sizeof after);
    hf_event_redaction_counters_v1_encode(&old, &v1);
    HF_CHECK_OK(hf_upcast(HF_STR("redaction.counters"), 1, 2, hf_writer_done(&v1), &w, &err), err);
    HF_CHECK_OK(hf_event_redaction_counters_decode(hf_writer_done(&w), &event, &err), err);
    HF_CHECK_U64(event.took, 11);
    HF_CHECK_U64(event.layers_count, 2);
    HF_CHECK_U64(event.layers[1].redacted, 3);
    HF_CHECK_U64(event.shapes_count, 0);
    HF_CHECK_RC(hf_upcast(HF_STR("redaction.counters"), 1, 2, HF_BYTES("\x80"), &w, &err),
                HF_EINVAL);
}

/* Goal: old payloads are read in the newest shape. Method: a metering record of version 1, as it
 * was written then, upcast to version 3; and faults of the caller's input. */
HF_TEST(upcast)
{
    struct hf_event_metering_recorded_v1 old = old_record();
    struct hf_event_metering_recorded now;
    struct hf_err err = {0};
    enum hf_event_known known;
    uint8_t before[1000];
    struct hf_writer v1 = hf_writer_init(before, sizeof before);
    HF_CHECK_OK(hf_event_metering_recorded_v1_check(&old, &err), err);
    hf_event_metering_recorded_v1_encode(&old, &v1);
    struct hf_bytes payload = hf_writer_done(&v1);
    HF_CHECK_OK(hf_event_validate(HF_STR("metering.recorded"), 1, payload, &known, &err), err);
    HF_CHECK_U64(known, HF_KNOWN_OLD);
    HF_CHECK_RC(hf_event_metering_recorded_decode(payload, &now, &err), HF_EINVAL);
    HF_CHECK_STR(hf_str_c(err.text), HF_STR("cached_tokens: is missing"));
    struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
    HF_CHECK_OK(hf_upcast(HF_STR("metering.recorded"), 1, 3, payload, &w, &err), err);
    HF_CHECK_OK(hf_canonical_check_err(hf_writer_done(&w), &err), err);
    HF_CHECK_OK(hf_event_metering_recorded_decode(hf_writer_done(&w), &now, &err), err);
    HF_CHECK_U64(now.cached_tokens, 0);
    HF_CHECK_U64(now.source, HF_EVENT_METERING_RECORDED_SOURCE_WRAPPER);
    HF_CHECK(now.has_cost && now.has_currency && now.has_latency && !now.has_reasoning_tokens);
    HF_CHECK_U64(now.cost, 77);
    HF_CHECK_U64(now.input_tokens, 1000);
    HF_CHECK_U64(now.currency, HF_EVENT_METERING_RECORDED_CURRENCY_USD);
    HF_CHECK_STR(now.model, HF_STR("m-1"));
    struct hf_writer small = hf_writer_init(encoded, 10);
    HF_CHECK_RC(hf_upcast(HF_STR("metering.recorded"), 1, 3, payload, &small, &err), HF_ETOOBIG);
    HF_CHECK_RC(hf_upcast(HF_STR("metering.recorded"), 1, 3, HF_BYTES("\x80"), &w, &err),
                HF_EINVAL);
    HF_CHECK_RC(hf_upcast(HF_STR("metering.recorded"), 3, 4, payload, &w, &err), HF_EVERSION);
    HF_CHECK_RC(hf_upcast(HF_STR("clock.tick"), 1, 2, payload, &w, &err), HF_EVERSION);
}

static enum hf_rc append_byte(struct hf_bytes payload, struct hf_writer *w, struct hf_err *err)
{
    (void)err;
    hf_writer_bytes(w, payload);
    hf_writer_u8(w, 'x');
    return HF_OK;
}

/* Goal: steps follow each other. Method: a table of three steps that each add a byte, and one with
 * a gap. */
HF_TEST(upcast_chain)
{
    const struct hf_upcast table[] = {
        {HF_STR("a.b"), 3, append_byte},
        {HF_STR("a.b"), 1, append_byte},
        {HF_STR("a.b"), 2, append_byte},
        {HF_STR("a.c"), 4, append_byte},
    };
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
    struct hf_upcast_job job = {table, HF_LEN(table), HF_STR("a.b"), 1, 4, HF_BYTES("p")};
    HF_CHECK_OK(hf_upcast_by(&job, &w, &err), err);
    HF_CHECK_STR(hf_bytes_str(hf_writer_done(&w)), HF_STR("pxxx"));
    job.to = 5;
    HF_CHECK_RC(hf_upcast_by(&job, &w, &err), HF_EVERSION);
}

/* Goal: an event stands in the stream its schema names. Method: the right name, a wrong one, an
 * unknown type in any. */
HF_TEST(stream)
{
    struct hf_event_metering_recorded_v1 old = old_record();
    struct hf_err err = {0};
    struct hf_writer w = hf_writer_init(encoded, sizeof encoded);
    hf_event_metering_recorded_v1_encode(&old, &w);
    struct hf_envelope e = {.type = HF_STR("metering.recorded"),
                            .schema_version = 1,
                            .stream = HF_STR("metering/t1"),
                            .payload = hf_writer_done(&w)};
    HF_CHECK_OK(hf_event_check_stream(&e, &err), err);
    e.stream = HF_STR("metering/t2");
    HF_CHECK_RC(hf_event_check_stream(&e, &err), HF_EINVAL);
    e.schema_version = 9;
    HF_CHECK_OK(hf_event_check_stream(&e, &err), err);
    e.type = HF_STR("no.such");
    HF_CHECK_OK(hf_event_check_stream(&e, &err), err);
}

HF_TEST_MAIN(HF_TEST_CASE(payloads), HF_TEST_CASE(json_in), HF_TEST_CASE(json_large_integers),
             HF_TEST_CASE(json_error_texts), HF_TEST_CASE(allocation_failures), HF_TEST_CASE(find),
             HF_TEST_CASE(unknown), HF_TEST_CASE(upcast), HF_TEST_CASE(upcast_counters),
             HF_TEST_CASE(upcast_requests), HF_TEST_CASE(upcast_chain), HF_TEST_CASE(stream))
