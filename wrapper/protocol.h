/* wrapper/protocol.h: what the plugin in OpenClaw and the daemon say to each other.
 *
 * Messages are JSON objects in frames (wrapper/frames.h); docs/FORMATS.md, "The plugin's socket",
 * says what each means. Both directions can be read and written here: the daemon reads what the
 * plugin sends, tests and benchmarks are the plugin. Members that are not known are skipped, what
 * is known has its type and its bounds or the message is refused. Pure; any thread.
 */
#ifndef HF_WRAPPER_PROTOCOL_H
#define HF_WRAPPER_PROTOCOL_H

#include "base/json_in.h"
#include "base/json_out.h"

#define HF_PLUGIN_PROTOCOL    2
#define HF_PLUGIN_NAME_MAX    512u       /* bytes of a session, a call, a person */
#define HF_PLUGIN_TOOL_MAX    128u       /* bytes of a tool's name */
#define HF_PLUGIN_TEXT_MAX    4096u      /* bytes of a text for people */
#define HF_PLUGIN_PARAMS_MAX  (1u << 20) /* bytes of a call's parameters */
#define HF_PLUGIN_STRINGS_MAX 65536u     /* strings of a result */
#define HF_PLUGIN_ID_MAX      INT64_C(9007199254740991)

enum hf_plugin_kind {
    /* from the plugin */
    HF_PLUGIN_HELLO,
    HF_PLUGIN_CALL,
    HF_PLUGIN_RUN,
    HF_PLUGIN_ABORT,
    HF_PLUGIN_RESULT,
    HF_PLUGIN_CANARY_DONE,
    HF_PLUGIN_USAGE,
    HF_PLUGIN_LIFE,
    /* from the daemon */
    HF_PLUGIN_WELCOME,
    HF_PLUGIN_REFUSED,
    HF_PLUGIN_PENDING,
    HF_PLUGIN_VERDICT,
    HF_PLUGIN_REDACTED,
    HF_PLUGIN_CANARY,
};

struct hf_plugin_hello {
    uint64_t protocol;
    struct hf_str plugin;   /* its version */
    struct hf_str openclaw; /* version; empty: not known */
    struct hf_str workspace;
    bool gateway;          /* a gateway runs in this process */
    struct hf_str budgets; /* of WELCOME, as in hf_plugin_answer */
};

/* A tool wants to run. */
struct hf_plugin_call {
    struct hf_str call; /* OpenClaw's name of it */
    struct hf_str tool;
    struct hf_str params; /* JSON text, exactly as the tool gets it */
    struct hf_str session;
    struct hf_str run;
    struct hf_str agent;
    struct hf_str channel;
    struct hf_str requester;
    bool owner;           /* the requester is who the gateway belongs to */
    struct hf_str origin; /* of the run: "schedule", "agent"; empty: a message of the requester */
};

/* The model is to answer a message; members as of a call. */
struct hf_plugin_run {
    struct hf_str run;
    struct hf_str session;
    struct hf_str channel;
    struct hf_str requester;
    bool owner;
    uint64_t tokens; /* about as many will be used */
};

/* A tool ran: all strings of what it answered. */
struct hf_plugin_result {
    struct hf_str call;
    struct hf_str tool;
    struct hf_str session;
    bool error;
    const struct hf_json *strings; /* an array of strings */
};

struct hf_plugin_usage {
    struct hf_str session;
    struct hf_str provider;
    struct hf_str model;
    struct hf_str request;
    struct hf_str run;
    bool last;      /* of the run: no other answer of the model follows */
    uint64_t at_ms; /* since 1970 */
    uint64_t input; /* tokens, as all that follow */
    uint64_t output;
    uint64_t cache_read;
    uint64_t cache_write;
    uint64_t reasoning;
};

/* Something happened; WHAT is one of gateway_stop, session_start, session_end, run_end (`call` is
 * the run), ran, not_asked, changed, or what a later plugin tells. */
struct hf_plugin_life {
    struct hf_str what;
    struct hf_str session;
    struct hf_str call;
    struct hf_str tool;
    struct hf_str text;
};

/* What the gateway answered to the canary's call. */
struct hf_plugin_canary {
    struct hf_str nonce;
    uint64_t status; /* of HTTP; 0: there was no answer */
    struct hf_str text;
};

struct hf_plugin_answer {
    bool allow;
    struct hf_str reason; /* for the model and the person */
    struct hf_str rule;
    uint64_t wait_ms; /* of PENDING: how long a person may take */
    /* Of the verdict on a run, of WELCOME and REFUSED: what the strictest budget does once it is
     * spent, "none", "warn", "ask", "deny". By it the plugin decides while nobody answers. */
    struct hf_str budgets;
    const struct hf_json *changed; /* of REDACTED: array of [index, string] */
};

struct hf_plugin_message {
    enum hf_plugin_kind kind;
    uint64_t id; /* of the question; 0 where there is none */

    union {
        struct hf_plugin_hello hello; /* and of WELCOME protocol */
        struct hf_plugin_call call;
        struct hf_plugin_run run;
        struct hf_plugin_result result;
        struct hf_plugin_usage usage;
        struct hf_plugin_life life;
        struct hf_plugin_canary canary;
        struct hf_plugin_answer answer;
    };
    /* private */
    struct hf_json_doc *doc; /* what the slices borrow from; hf_plugin_message_free */
};

/* Gives *ret, whose slices live until it is freed. HF_EINVAL, HF_ESYNTAX: what is wrong. */
enum hf_rc hf_plugin_message_parse(struct hf_bytes bytes, struct hf_plugin_message *ret,
                                   struct hf_err *err);
void hf_plugin_message_free(struct hf_plugin_message *message);

/* Appends the message as a frame. RESULT and REDACTED write the strings of their JSON values.
 * HF_ETOOBIG, HF_ENOMEM: the buffer is as it was. */
enum hf_rc hf_plugin_message_put(struct hf_buf *buf, const struct hf_plugin_message *message);
/* "verdict". */
const char *hf_plugin_kind_name(enum hf_plugin_kind kind);

/* REDACTED in pieces, for results of any size: open, then change for each string that is another
 * now, in ascending order, then close. */
struct hf_plugin_redacted {
    /* private */
    struct hf_json_out json;
    struct hf_buf *buf;
    size_t begin;
};

void hf_plugin_redacted_open(struct hf_plugin_redacted *r, struct hf_buf *buf, uint64_t id);
void hf_plugin_redacted_change(struct hf_plugin_redacted *r, uint64_t index, struct hf_str value);
enum hf_rc hf_plugin_redacted_close(struct hf_plugin_redacted *r);

#endif
