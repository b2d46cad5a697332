/* tools/holdfast/hub_call.c: asks the Hub and waits for the answer. */
#include "tools/holdfast/hub_call.h"

#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"

#define TIMEOUT_NS UINT64_C(30000000000)
#define ANSWER_MAX (64u << 20)

static enum hf_rc load_token(struct hf_hub_session *session, const char *path, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(512);
    enum hf_rc rc = hf_file_read(path, &text, err);
    if (rc == HF_OK) {
        size_t len = text.len;
        while (len > 0 && (text.ptr[len - 1] == '\n' || text.ptr[len - 1] == ' ')) {
            len--;
        }
        rc = len == 0 ? hf_err_set(err, HF_EINVAL, "%s holds no token", path)
                      : hf_secret_copy(hf_bytes_of(text.ptr, len), &session->token);
    }
    hf_wipe(text.ptr, text.len);
    hf_buf_free(&text);
    return rc;
}

enum hf_rc hf_hub_session_open(struct hf_hub_session *session, struct hf_cli *cli,
                               struct hf_err *err)
{
    const char *pin = hf_cli_str(cli, "hub-pin");
    size_t len = 0;
    *session = (struct hf_hub_session){.cli = cli};
    if (pin != NULL &&
        (hf_hex_decode(hf_str_c(pin), session->pin.b, HF_HASH_SIZE, &len, NULL) != HF_OK ||
         len != HF_HASH_SIZE)) {
        return hf_err_set(err, HF_EUSAGE, "--hub-pin: must be 64 hexadecimal digits");
    }
    enum hf_rc rc = hf_crypto_init(err);
    if (rc == HF_OK) {
        rc = load_token(session, hf_cli_str(cli, "hub-token"), err);
    }
    if (rc == HF_OK) {
        rc = hf_loop_uv_new(&session->loop, err);
    }
    if (rc == HF_OK) {
        const struct hf_http_client_conf conf = {.pin = pin == NULL ? NULL : &session->pin};
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
    hf_secret_free(&session->token);
}

static void answered(struct hf_http_call *call)
{
    struct hf_hub_session *session = HF_CONTAINER_OF(call, struct hf_hub_session, call);
    hf_loop_stop(session->loop);
}

static enum hf_rc problem(int status, const struct hf_json *json, struct hf_err *err)
{
    const struct hf_json *detail =
        json != NULL && hf_json_kind(json) == HF_JSON_OBJECT ? hf_json_get(json, "detail") : NULL;
    enum hf_rc rc = status == 404                    ? HF_ENOTFOUND
                    : status == 409                  ? HF_EEXIST
                    : status == 401 || status == 403 ? HF_EPERM
                                                     : HF_EIO;
    if (detail == NULL || hf_json_kind(detail) != HF_JSON_STR) {
        return hf_err_set(err, rc, "the Hub answered %d and does not say why", status);
    }
    return hf_err_set(err, rc, "%.*s", HF_STR_ARG(hf_json_as_str(detail)));
}

enum hf_rc hf_hub_ask(struct hf_hub_session *session, const char *method, const char *path,
                      struct hf_bytes body, const struct hf_json **ret_json, struct hf_err *err)
{
    (void)snprintf(session->url, sizeof session->url, "%s%s", hf_cli_str(session->cli, "hub"),
                   path);
    hf_json_free(session->doc);
    session->doc = NULL;
    hf_buf_free(&session->answer);
    session->call = (struct hf_http_call){.method = method,
                                          .url = session->url,
                                          .content_type = body.len > 0 ? "application/json" : NULL,
                                          .token = &session->token,
                                          .body = body,
                                          .timeout_ns = TIMEOUT_NS,
                                          .answer_max = ANSWER_MAX,
                                          .done = answered};
    hf_http_call_start(session->client, &session->call);
    hf_loop_run(session->loop);
    enum hf_rc rc = session->call.rc;
    if (rc != HF_OK) {
        *err = session->call.err;
    } else {
        rc = hf_json_parse(hf_buf_bytes(&session->call.answer), &session->doc, err);
    }
    session->answer = session->call.answer;
    if (rc == HF_OK) {
        *ret_json = hf_json_root(session->doc);
    }
    if (session->call.rc == HF_OK && session->call.status >= 300) {
        return problem(session->call.status, rc == HF_OK ? *ret_json : NULL, err);
    }
    return rc;
}
