/* tools/holdfast/hub_call.h: one command, one call to a region's Hub.
 *
 * The Hub is named by --hub, trusted by --hub-pin (SHA-256 of its TLS key in hex; without it by the
 * system's authorities) and told who asks by the token in the file --hub-token. All three may be in
 * the environment or the configuration file; tools/up writes one.
 */
#ifndef HF_TOOLS_HOLDFAST_HUB_CALL_H
#define HF_TOOLS_HOLDFAST_HUB_CALL_H

#include "base/cli/cli.h"
#include "base/cli/table.h"
#include "base/http/client.h"
#include "base/json_in.h"
#include "base/json_out.h"

/* Who the Hub is trusted to be, and who asks. */
struct hf_hub_access {
    struct hf_secret token;
    struct hf_hash pin;
    bool has_pin;
};

struct hf_hub_session {
    struct hf_cli *cli;
    const char *base;         /* of URLs */
    const char *who;          /* answers: "the Hub" */
    const char *content_type; /* of bodies */
    struct hf_loop *loop;
    struct hf_http_client *client;
    struct hf_hub_access access;
    struct hf_http_call call;
    char url[1536];
    struct hf_json_doc *doc; /* the last answer, and its text */
    struct hf_buf answer;
};

/* The three options; put them into a command's list. */
#define HF_HUB_OPTIONS                                                                             \
    {.name = "hub",                                                                                \
     .kind = HF_CLI_STRING,                                                                        \
     .value = "URL",                                                                               \
     .required = true,                                                                             \
     .env = "HOLDFAST_HUB",                                                                        \
     .setting = "hub",                                                                             \
     .help = "the region's Hub, https://HOST:PORT"},                                               \
        {.name = "hub-pin",                                                                        \
         .kind = HF_CLI_STRING,                                                                    \
         .value = "HEX",                                                                           \
         .env = "HOLDFAST_HUB_PIN",                                                                \
         .setting = "hub_pin",                                                                     \
         .help = "SHA-256 of the Hub's TLS key; else the system's authorities decide"},            \
    {                                                                                              \
        .name = "hub-token", .kind = HF_CLI_STRING, .value = "FILE", .required = true,             \
        .env = "HOLDFAST_HUB_TOKEN", .setting = "hub_token",                                       \
        .help = "file with your token for the Hub"                                                 \
    }

/* Choices of an option that takes a rollout ring. */
extern const char *const hf_hub_rings[];

/* Of a command that changes something; put it into its list. */
#define HF_HUB_REASON_OPTION                                                                       \
    {                                                                                              \
        .name = "reason", .kind = HF_CLI_STRING, .value = "TEXT", .required = true,                \
        .help = "why, for the record"                                                              \
    }

/* From the options. HF_EUSAGE, HF_EINVAL; free the token also after a failure. */
enum hf_rc hf_hub_access_load(const struct hf_cli *cli, struct hf_hub_access *ret,
                              struct hf_err *err);
/* For the HTTP client's configuration: NULL when the system's authorities decide. */
const struct hf_hash *hf_hub_access_pin(const struct hf_hub_access *access);

enum hf_rc hf_hub_session_open(struct hf_hub_session *session, struct hf_cli *cli,
                               struct hf_err *err);
void hf_hub_session_close(struct hf_hub_session *session);

/* Asks; HF_OK with the answer's root in *ret_json (borrowed until the next call). A problem
 * document comes out as an error with its detail: HF_ENOTFOUND, HF_EEXIST, HF_EPERM or HF_EIO. */
enum hf_rc hf_hub_ask(struct hf_hub_session *session, const char *method, const char *path,
                      struct hf_bytes body, const struct hf_json **ret_json, struct hf_err *err);

/* The same for an answer that is not JSON: its bytes, borrowed until the next call. */
enum hf_rc hf_hub_fetch(struct hf_hub_session *session, const char *path,
                        struct hf_bytes *ret_bytes, struct hf_err *err);

/* A member of a request's body: a text (left out when it is NULL) or a number. */
struct hf_hub_member {
    const char *key;
    const char *text;
    uint64_t number;
    bool is_number;
};

/* Shows an answer to a person. */
typedef enum hf_rc hf_hub_show_fn(struct hf_cli *cli, const struct hf_json *json,
                                  struct hf_err *err);

struct hf_hub_request {
    const char *method;
    const char *path;
    const struct hf_hub_member *members; /* of the body */
    size_t member_count;                 /* 0: no body, or these: */
    struct hf_bytes bytes;               /* that are not JSON */
    hf_hub_show_fn *show;                /* with --json the answer is printed as it came */
    /* Where a token of the answer goes, readable by its owner alone, never on the screen; NULL: the
     * answer has none. */
    const char *token_file;
};

/* Takes one page of a list; it borrows until it returns. */
typedef enum hf_rc hf_hub_page_fn(void *arg, const struct hf_json *page, struct hf_err *err);
/* Asks for the pages of the list at `path`, which may have a query, one after the other. */
enum hf_rc hf_hub_pages(struct hf_hub_session *session, const char *path, hf_hub_page_fn *take,
                        void *arg, struct hf_err *err);
/* Writes a value of an answer as it is. */
void hf_hub_copy_json(struct hf_json_out *json, const struct hf_json *value);

/* A table of the answer's array `list`; add_rows adds what one item of the page is. */
struct hf_hub_table {
    const char *list;
    const struct hf_table_column *columns;
    size_t column_count;
    void (*add_rows)(struct hf_table *table, const struct hf_json *page,
                     const struct hf_json *item);
    uint64_t most;     /* only the first so many, up to 1,000; 0: all */
    const char *total; /* member of a page that says how many there are; NULL: none does */
};
enum hf_rc hf_hub_show_table(struct hf_cli *cli, const struct hf_json *json,
                             const struct hf_hub_table *as, struct hf_err *err);
/* The same of an answer that is one item itself. */
enum hf_rc hf_hub_show_item(struct hf_cli *cli, const struct hf_json *json,
                            const struct hf_hub_table *as, struct hf_err *err);

/* A list gathered from its pages: a table, or JSON as one page that has all. */
struct hf_hub_listing {
    const struct hf_hub_table *as;
    bool as_json;
    bool cut; /* there are more than `most` */
    uint64_t total;
    struct hf_table table;
    struct hf_buf text;
    struct hf_json_out json;
};

/* Free it also after a failure. */
enum hf_rc hf_hub_listing_gather(struct hf_hub_session *session, const char *path,
                                 const struct hf_hub_table *as, bool as_json,
                                 struct hf_hub_listing *ret_listing, struct hf_err *err);
enum hf_rc hf_hub_listing_print(struct hf_cli *cli, struct hf_hub_listing *listing,
                                struct hf_err *err);
void hf_hub_listing_free(struct hf_hub_listing *listing);
/* A whole command that shows a list. */
int hf_hub_list_command(struct hf_cli *cli, const char *path, const struct hf_hub_table *as);

/* A whole command that shows a list again and again until it is interrupted; with the option of
 * HF_HUB_EVERY_OPTION. On a terminal always at the same place. */
int hf_hub_watch_command(struct hf_cli *cli, const char *path, const struct hf_hub_table *as);
#define HF_HUB_EVERY_OPTION                                                                        \
    {                                                                                              \
        .name = "every", .kind = HF_CLI_U64, .value = "SECONDS", .fallback = "1", .min = 1,        \
        .max = 3600, .help = "time between two looks"                                              \
    }

/* A whole command: asks, shows, returns the exit code. */
int hf_hub_command(struct hf_cli *cli, const struct hf_hub_request *request);
/* The same, for the two that are most of them: GET, and POST with an array of members. */
int hf_hub_get(struct hf_cli *cli, const char *path, hf_hub_show_fn *show);
int hf_hub_post(struct hf_cli *cli, const char *path, const struct hf_hub_member *members,
                size_t member_count, hf_hub_show_fn *show);
#define HF_HUB_POST(cli, path, members, show)                                                      \
    hf_hub_post((cli), (path), (members), HF_LEN(members), (show))

#endif
