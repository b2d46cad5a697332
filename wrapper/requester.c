/* wrapper/requester.c: run, session and sender become one of six kinds. */
#include "wrapper/requester.h"

/* The text before the mark, which is cut off with it. */
static struct hf_str cut(struct hf_str *io_rest, char mark)
{
    const char *at = io_rest->len == 0 ? NULL : memchr(io_rest->ptr, mark, io_rest->len);
    size_t len = at == NULL ? io_rest->len : (size_t)(at - io_rest->ptr);
    struct hf_str part = {io_rest->ptr, len};
    size_t skip = at == NULL ? len : len + 1;
    *io_rest = (struct hf_str){io_rest->ptr + skip, io_rest->len - skip};
    return part;
}

/* Sessions are named agent:AGENT:KIND:... */
static bool session_is(struct hf_str session, struct hf_str kind)
{
    bool agent = hf_str_eq(cut(&session, ':'), HF_STR("agent"));
    (void)cut(&session, ':');
    return agent && hf_str_eq(cut(&session, ':'), kind);
}

static bool is_member(const struct hf_plugin_call *call, struct hf_str members)
{
    while (members.len > 0) {
        struct hf_str id = cut(&members, ',');
        struct hf_str channel = cut(&id, ':');
        if (hf_str_eq(channel, call->channel) &&
            (hf_str_eq(id, HF_STR("*")) || hf_str_eq(id, call->requester))) {
            return true;
        }
    }
    return false;
}

enum hf_policy_facts_requester hf_requester_of(const struct hf_plugin_call *call,
                                               struct hf_str members)
{
    if (hf_str_eq(call->origin, HF_STR("schedule")) || session_is(call->session, HF_STR("cron")) ||
        hf_str_ends(call->session, HF_STR(":heartbeat"))) {
        return HF_POLICY_FACTS_REQUESTER_SCHEDULE;
    }
    if (call->origin.len > 0 || session_is(call->session, HF_STR("subagent")) ||
        session_is(call->session, HF_STR("acp"))) {
        return HF_POLICY_FACTS_REQUESTER_AGENT; /* also what a later plugin calls by another word */
    }
    if (call->owner) {
        return HF_POLICY_FACTS_REQUESTER_OWNER;
    }
    if (call->requester.len == 0) {
        return HF_POLICY_FACTS_REQUESTER_UNPROVEN;
    }
    return is_member(call, members) ? HF_POLICY_FACTS_REQUESTER_MEMBER
                                    : HF_POLICY_FACTS_REQUESTER_STRANGER;
}

enum hf_rc hf_members_check(struct hf_str members, struct hf_err *err)
{
    while (members.len > 0) {
        struct hf_str entry = cut(&members, ',');
        struct hf_str id = entry;
        struct hf_str channel = cut(&id, ':');
        if (channel.len == 0 || id.len == 0 || channel.len == entry.len) {
            return hf_err_set(
                err, HF_EINVAL,
                "\"%.*s\" is no member: CHANNEL:ID, or CHANNEL:* for all of a channel",
                HF_STR_ARG(entry));
        }
    }
    return HF_OK;
}
