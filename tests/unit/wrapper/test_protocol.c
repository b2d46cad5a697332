/* tests/unit/wrapper/test_protocol.c: messages of the plugin's socket. */
#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "wrapper/frames.h"
#include "wrapper/protocol.h"

/* Every kind of message is written and read again: what was put in comes out. */
HF_TEST(round_trip)
{
    const struct hf_plugin_message call = {
        .kind = HF_PLUGIN_CALL,
        .id = 7,
        .call = {.call = HF_STR("c1"),
                 .tool = HF_STR("exec"),
                 .params = HF_STR("{\"command\":\"echo \\\"x\\\"\"}"),
                 .session = HF_STR("agent:main:a"),
                 .channel = HF_STR("webchat"),
                 .owner = true}};
    const struct hf_plugin_message verdict = {
        .kind = HF_PLUGIN_VERDICT,
        .id = 7,
        .answer = {.allow = true, .reason = HF_STR("fine"), .rule = HF_STR("r.1")}};
    struct hf_buf buf = hf_buf_init(1 << 20);
    struct hf_frames frames = hf_frames_init();
    struct hf_plugin_message got;
    struct hf_bytes frame;
    struct hf_err err = {0};
    HF_CHECK_RC(hf_plugin_message_put(&buf, &call), HF_OK);
    HF_CHECK_RC(hf_plugin_message_put(&buf, &verdict), HF_OK);
    HF_CHECK_RC(hf_frames_put(&frames, hf_buf_bytes(&buf)), HF_OK);
    HF_CHECK_RC(hf_frames_next(&frames, &frame), HF_OK);
    HF_CHECK_OK(hf_plugin_message_parse(frame, &got, &err), err);
    HF_CHECK(got.kind == HF_PLUGIN_CALL && got.id == 7 && got.call.owner);
    HF_CHECK(hf_str_eq(got.call.params, call.call.params));
    HF_CHECK(hf_str_eq(got.call.session, call.call.session) && got.call.run.len == 0);
    hf_plugin_message_free(&got);
    HF_CHECK_RC(hf_frames_next(&frames, &frame), HF_OK);
    HF_CHECK_OK(hf_plugin_message_parse(frame, &got, &err), err);
    HF_CHECK(got.kind == HF_PLUGIN_VERDICT && got.answer.allow);
    HF_CHECK(hf_str_eq(got.answer.reason, HF_STR("fine")));
    hf_plugin_message_free(&got);
    HF_CHECK_RC(hf_frames_next(&frames, &frame), HF_EEND);
    hf_frames_free(&frames);
    hf_buf_free(&buf);
}

/* What is no message is refused with the member's name; members that are not known are skipped. */
HF_TEST(refusals)
{
    static const struct {
        const char *text;
        const char *names;
    } rows[] = {
        {"", "not JSON"},
        {"[]", "object"},
        {"{}", "t"},
        {"{\"t\":\"dance\"}", "t"},
        {"{\"t\":\"call\",\"call\":\"a\",\"tool\":\"b\",\"params\":\"{}\"}", "id"},
        {"{\"t\":\"call\",\"id\":1,\"tool\":\"b\",\"params\":\"{}\"}", "call"},
        {"{\"t\":\"call\",\"id\":1,\"call\":\"a\",\"tool\":\"b\",\"params\":{}}", "params"},
        {"{\"t\":\"call\",\"id\":-1,\"call\":\"a\",\"tool\":\"b\",\"params\":\"{}\"}", "id"},
        {"{\"t\":\"call\",\"id\":1,\"id\":2,\"call\":\"a\",\"tool\":\"b\",\"params\":\"{}\"}",
         "not JSON"},
        {"{\"t\":\"result\",\"id\":1,\"tool\":\"b\",\"strings\":[1]}", "strings"},
        {"{\"t\":\"result\",\"id\":1,\"tool\":\"b\"}", "strings"},
        {"{\"t\":\"redacted\",\"id\":1,\"changed\":[[1]]}", "changed"},
        {"{\"t\":\"hello\",\"protocol\":\"1\",\"plugin\":\"1\"}", "protocol"},
        {"{\"t\":\"hello\",\"protocol\":1,\"plugin\":\"1\",\"gateway\":1}", "gateway"},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_err err = {0};
        struct hf_plugin_message m;
        enum hf_rc rc = hf_plugin_message_parse(hf_str_bytes(hf_str_c(rows[i].text)), &m, &err);
        HF_CHECK(rc == HF_EINVAL || rc == HF_ESYNTAX);
        HF_CHECK(strstr(err.text, rows[i].names) != NULL);
    }
    struct hf_plugin_message m;
    HF_CHECK_RC(hf_plugin_message_parse(
                    HF_BYTES("{\"t\":\"life\",\"what\":\"ran\",\"later\":[{}]}"), &m, NULL),
                HF_OK);
    hf_plugin_message_free(&m);
}

/* A frame of no length or of too much ends the stream; one that is on its way is waited for. */
HF_TEST(frames)
{
    struct hf_frames frames = hf_frames_init();
    struct hf_bytes frame;
    HF_CHECK_RC(hf_frames_put(&frames, HF_BYTES("\0\0\0")), HF_OK);
    HF_CHECK_RC(hf_frames_next(&frames, &frame), HF_EEND);
    HF_CHECK_RC(hf_frames_put(&frames, HF_BYTES("\2a")), HF_OK);
    HF_CHECK_RC(hf_frames_next(&frames, &frame), HF_EEND);
    HF_CHECK_RC(hf_frames_put(&frames, HF_BYTES("b\0\0\0\0")), HF_OK);
    HF_CHECK_RC(hf_frames_next(&frames, &frame), HF_OK);
    HF_CHECK(hf_bytes_eq(frame, HF_BYTES("ab")));
    HF_CHECK_RC(hf_frames_next(&frames, &frame), HF_EINVAL);
    hf_frames_free(&frames);
    HF_CHECK_RC(hf_frames_put(&frames, HF_BYTES("\0\x80\0\1")), HF_OK);
    HF_CHECK_RC(hf_frames_next(&frames, &frame), HF_EINVAL);
    hf_frames_free(&frames);
}

/* The n-th allocation fails, from the first on: reading and writing end with HF_ENOMEM and leak
 * nothing. */
HF_TEST(no_memory)
{
    const struct hf_plugin_message m = {
        .kind = HF_PLUGIN_PENDING, .id = 3, .answer = {.wait_ms = 1000}};
    for (uint64_t n = 1;; n++) {
        struct hf_buf buf = hf_buf_init(4096);
        struct hf_plugin_message got = {0};
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        enum hf_rc rc = hf_plugin_message_put(&buf, &m);
        if (rc == HF_OK) {
            rc = hf_plugin_message_parse(
                hf_bytes_of(buf.ptr + HF_FRAME_HEAD, buf.len - HF_FRAME_HEAD), &got, NULL);
        }
        bool hit = hf_sweep_end() >= n;
        hf_plugin_message_free(&got);
        hf_buf_free(&buf);
        HF_CHECK_RC(rc, hit ? HF_ENOMEM : HF_OK);
        if (!hit) {
            break;
        }
    }
}

HF_TEST_MAIN(HF_TEST_CASE(round_trip), HF_TEST_CASE(refusals), HF_TEST_CASE(frames),
             HF_TEST_CASE(no_memory))
