/* tools/holdfast/hub_call.c: asks the Hub and waits for the answer. */
#include "tools/holdfast/hub_call.h"

#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/json_out.h"

#define TIMEOUT_NS UINT64_C(30000000000)
#define ANSWER_MAX (64u << 20)

const char *const hf_hub_rings[] = {"sandbox", "canary", "general", NULL};

static enum hf_rc load_token(struct hf_hub_access *access, const char *path, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(512);
    enum hf_rc rc = hf_file_read(path, &text, err);
    if (rc == HF_OK) {
        size_t len = text.len;
        while (len > 0 && (text.ptr[len - 1] == '\n' || text.ptr[len - 1] == ' ')) {
            len--;
        }
        rc = len == 0 ? hf_err_set(err, HF_EINVAL, "%s holds no token", path)
                      : hf_secret_copy(hf_bytes_of(text.ptr, len), &access->token);
    }
    hf_wipe(text.ptr, text.len);
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_hub_access_load(const struct hf_cli *cli, struct hf_hub_access *ret,
                              struct hf_err *err)
{
    const char *pin = hf_cli_str(cli, "hub-pin");
    size_t len = 0;
    *ret = (struct hf_hub_access){.has_pin = pin != NULL};
    if (pin != NULL &&
        (hf_hex_decode(hf_str_c(pin), ret->pin.b, HF_HASH_SIZE, &len, NULL) != HF_OK ||
         len != HF_HASH_SIZE)) {
        return hf_err_set(err, HF_EUSAGE, "--hub-pin: must be 64 hexadecimal digits");
    }
    return load_token(ret, hf_cli_str(cli, "hub-token"), err);
}

const struct hf_hash *hf_hub_access_pin(const struct hf_hub_access *access)
{
    return access->has_pin ? &access->pin : NULL;
}

enum hf_rc hf_hub_session_open(struct hf_hub_session *session, struct hf_cli *cli,
                               struct hf_err *err)
{
    *session = (struct hf_hub_session){.cli = cli,
                                       .base = hf_cli_str(cli, "hub"),
                                       .who = "the Hub",
                                       .content_type = "application/json"};
    enum hf_rc rc = hf_crypto_init(err);
    if (rc == HF_OK) {
        rc = hf_hub_access_load(cli, &session->access, err);
    }
    if (rc == HF_OK) {
        rc = hf_loop_uv_new(&session->loop, err);
    }
    if (rc == HF_OK) {
        const struct hf_http_client_conf conf = {.pin = hf_hub_access_pin(&session->access)};
        rc = hf_http_client_new(session->loop, &conf, &session->client, err);
    }
    return rc;
}

void hf_hub_session_close(struct hf_hub_session *session)
{
    hf_json_free(session->doc);
    hf_buf_free(&session->answer);
    hf_http_client_free(session->client);
    if (session->loop != NULL) {
        hf_loop_run(session->loop);
        hf_loop_free(session->loop);
    }
    hf_secret_free(&session->access.token);
}

static void answered(struct hf_http_call *call)
{
    struct hf_hub_session *session = HF_CONTAINER_OF(call, struct hf_hub_session, call);
    hf_loop_stop(session->loop);
}

static enum hf_rc problem(const struct hf_hub_session *session, const struct hf_json *json,
                          struct hf_err *err)
{
    int status = session->call.status;
    const struct hf_json *detail = hf_json_get_kind(json, "detail", HF_JSON_STR);
    enum hf_rc rc = status == 404                    ? HF_ENOTFOUND
                    : status == 409                  ? HF_EEXIST
                    : status == 401 || status == 403 ? HF_EPERM
                                                     : HF_EIO;
    if (detail == NULL || hf_json_kind(detail) != HF_JSON_STR) {
        return hf_err_set(err, rc, "%s answered %d and does not say why", session->who, status);
    }
    return hf_err_set(err, rc, "%.*s", HF_STR_ARG(hf_json_as_str(detail)));
}

/* Names that commands put into a path have letters, digits and a few signs; others would come to
 * another place of the API, or to none. */
static enum hf_rc check_path(const char *path, struct hf_err *err)
{
    const char *bad = strstr(path, "/../");
    size_t len = strlen(path);
    for (const char *c = path; bad == NULL && *c != '\0'; c++) {
        bool fits = *c > ' ' && *c < 0x7f && strchr("\"<>\\^`{|}#", *c) == NULL;
        bad = fits ? NULL : c;
    }
    if (bad == NULL && len >= 3 && strcmp(path + len - 3, "/..") == 0) {
        bad = path + len - 3;
    }
    return bad == NULL ? HF_OK
                       : hf_err_set(err, HF_EUSAGE,
                                    "%.200s is no name here: names have letters, digits, and - _ .",
                                    strrchr(path, '/') + 1);
}

/* Whatever the answer's status is. */
static enum hf_rc call_hub(struct hf_hub_session *session, const char *method, const char *path,
                           struct hf_bytes body, struct hf_err *err)
{
    enum hf_rc rc = check_path(path, err);
    if (rc != HF_OK) {
        return rc;
    }
    (void)snprintf(session->url, sizeof session->url, "%s%s", session->base, path);
    bool has_token = hf_secret_reveal(&session->access.token).len > 0;
    hf_json_free(session->doc);
    session->doc = NULL;
    hf_buf_free(&session->answer);
    session->call =
        (struct hf_http_call){.method = method,
                              .url = session->url,
                              .content_type = body.len > 0 ? session->content_type : NULL,
                              .token = has_token ? &session->access.token : NULL,
                              .body = body,
                              .timeout_ns = TIMEOUT_NS,
                              .answer_max = ANSWER_MAX,
                              .done = answered};
    hf_http_call_start(session->client, &session->call);
    hf_loop_run(session->loop);
    session->answer = session->call.answer;
    if (session->call.rc != HF_OK) {
        *err = session->call.err;
    }
    return session->call.rc;
}

enum hf_rc hf_hub_ask(struct hf_hub_session *session, const char *method, const char *path,
                      struct hf_bytes body, const struct hf_json **ret_json, struct hf_err *err)
{
    enum hf_rc rc = call_hub(session, method, path, body, err);
    if (rc != HF_OK) {
        return rc;
    }
    rc = hf_json_parse(hf_buf_bytes(&session->answer), &session->doc, err);
    if (rc == HF_OK) {
        *ret_json = hf_json_root(session->doc);
    }
    return session->call.status >= 300 ? problem(session, rc == HF_OK ? *ret_json : NULL, err) : rc;
}

enum hf_rc hf_hub_fetch(struct hf_hub_session *session, const char *path,
                        struct hf_bytes *ret_bytes, struct hf_err *err)
{
    enum hf_rc rc = call_hub(session, "GET", path, (struct hf_bytes){NULL, 0}, err);
    if (rc != HF_OK) {
        return rc;
    }
    if (session->call.status >= 300) {
        bool is_json = hf_json_parse(hf_buf_bytes(&session->answer), &session->doc, err) == HF_OK;
        return problem(session, is_json ? hf_json_root(session->doc) : NULL, err);
    }
    *ret_bytes = hf_buf_bytes(&session->answer);
    return HF_OK;
}

/* whole commands */

enum hf_rc hf_hub_show_table(struct hf_cli *cli, const struct hf_json *json,
                             const struct hf_hub_table *as, struct hf_err *err)
{
    struct hf_table table;
    const struct hf_json *list = hf_json_get_kind(json, as->list, HF_JSON_ARRAY);
    if (list == NULL) {
        return hf_err_set(err, HF_EIO, "the Hub's answer has no list of %s", as->list);
    }
    hf_table_init(&table, as->columns, as->column_count);
    for (size_t i = 0; i < hf_json_count(list); i++) {
        as->add_rows(&table, json, hf_json_at(list, i));
    }
    enum hf_rc rc = hf_table_write(&table, cli->out, err);
    hf_table_free(&table);
    return rc;
}

enum hf_rc hf_hub_show_item(struct hf_cli *cli, const struct hf_json *json,
                            const struct hf_hub_table *as, struct hf_err *err)
{
    struct hf_table table;
    hf_table_init(&table, as->columns, as->column_count);
    as->add_rows(&table, json, json);
    enum hf_rc rc = hf_table_write(&table, cli->out, err);
    hf_table_free(&table);
    return rc;
}

static void write_body(struct hf_buf *body, const struct hf_hub_request *request)
{
    struct hf_json_out json;
    hf_json_init(&json, body);
    hf_json_object_begin(&json);
    for (size_t i = 0; i < request->member_count; i++) {
        const struct hf_hub_member *m = &request->members[i];
        if (m->is_number) {
            hf_json_key_u64(&json, m->key, m->number);
        } else if (m->text != NULL) {
            hf_json_key_str(&json, m->key, hf_str_c(m->text));
        }
    }
    hf_json_object_end(&json);
}

/* The token goes into a file of the owner's alone, never on the screen; programs are told where. */
static enum hf_rc keep_token(struct hf_cli *cli, const char *path, const struct hf_json *json,
                             struct hf_err *err)
{
    struct hf_str token = hf_json_get_str(json, "token");
    enum hf_rc rc = token.len == 0 ? hf_err_set(err, HF_EIO, "the Hub's answer holds no token")
                                   : hf_file_replace(path, hf_str_bytes(token), 0600, err);
    if (rc == HF_OK && cli->json) {
        struct hf_buf text = hf_buf_init(64u << 10);
        struct hf_json_out out;
        hf_json_init(&out, &text);
        hf_json_object_begin(&out);
        hf_json_key_str(&out, "file", hf_str_c(path));
        hf_json_object_end(&out);
        hf_cli_line(cli, &text);
        hf_buf_free(&text);
    }
    return rc;
}

static enum hf_rc show_answer(struct hf_hub_session *session, const struct hf_hub_request *request,
                              const struct hf_json *json, struct hf_err *err)
{
    struct hf_cli *cli = session->cli;
    if (request->token_file != NULL) {
        return keep_token(cli, request->token_file, json, err);
    }
    if (!cli->json) {
        return request->show(cli, json, err);
    }
    hf_cli_line(cli, &session->answer);
    return HF_OK;
}

int hf_hub_command(struct hf_cli *cli, const struct hf_hub_request *request)
{
    struct hf_hub_session session;
    struct hf_err err = {0};
    const struct hf_json *json = NULL;
    struct hf_buf body = hf_buf_init(65536);
    enum hf_rc rc = hf_hub_session_open(&session, cli, &err);
    if (rc == HF_OK && request->member_count > 0) {
        write_body(&body, request);
        rc = body.failed == HF_OK ? HF_OK : hf_err_set(&err, body.failed, "no memory for the body");
    }
    if (rc == HF_OK) {
        bool is_json = request->bytes.len == 0;
        session.content_type = is_json ? session.content_type : "application/octet-stream";
        rc = hf_hub_ask(&session, request->method, request->path,
                        is_json ? hf_buf_bytes(&body) : request->bytes, &json, &err);
    }
    if (rc == HF_OK) {
        rc = show_answer(&session, request, json, &err);
    }
    hf_hub_session_close(&session);
    hf_buf_free(&body);
    return rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &err);
}

int hf_hub_get(struct hf_cli *cli, const char *path, hf_hub_show_fn *show)
{
    const struct hf_hub_request request = {.method = "GET", .path = path, .show = show};
    return hf_hub_command(cli, &request);
}

int hf_hub_post(struct hf_cli *cli, const char *path, const struct hf_hub_member *members,
                size_t member_count, hf_hub_show_fn *show)
{
    const struct hf_hub_request request = {.method = "POST",
                                           .path = path,
                                           .members = members,
                                           .member_count = member_count,
                                           .show = show};
    return hf_hub_command(cli, &request);
}
