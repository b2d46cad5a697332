/* tools/holdfast/policy_source.c: reads policies for the commands, and shows mistakes in them. */
#include "tools/holdfast/policy_source.h"

#include "base/file.h"
#include "base/heap.h"
#include "base/json_out.h"
#include "wrapper/policy/bundle.h"

static void show_faults(struct hf_cli *cli, const char *path, const struct hf_policy_faults *faults)
{
    struct hf_buf buf = hf_buf_init(1u << 20);
    if (!cli->json) {
        for (size_t i = 0; i < faults->count; i++) {
            hf_cli_printf(cli, "%s:%u:%u: %s\n", path, faults->at[i].line, faults->at[i].column,
                          faults->at[i].text);
        }
        if (faults->more) {
            hf_cli_printf(cli, "%s: there are more mistakes\n", path);
        }
        return;
    }
    struct hf_json_out json;
    hf_json_init(&json, &buf);
    hf_json_object_begin(&json);
    hf_json_key_str(&json, "file", hf_str_c(path));
    hf_json_key(&json, HF_STR("valid"));
    hf_json_bool(&json, false);
    hf_json_key(&json, HF_STR("mistakes"));
    hf_json_array_begin(&json);
    for (size_t i = 0; i < faults->count; i++) {
        hf_json_object_begin(&json);
        hf_json_key_u64(&json, "line", faults->at[i].line);
        hf_json_key_u64(&json, "column", faults->at[i].column);
        hf_json_key_str(&json, "text", hf_str_c(faults->at[i].text));
        hf_json_object_end(&json);
    }
    hf_json_array_end(&json);
    hf_json_key(&json, HF_STR("more"));
    hf_json_bool(&json, faults->more);
    hf_json_object_end(&json);
    hf_cli_line(cli, &buf);
    hf_buf_free(&buf);
}

enum hf_rc hf_policy_source_bundle(struct hf_cli *cli, const char *path, struct hf_buf *out,
                                   bool *ret_shown, struct hf_err *err)
{
    struct hf_buf text = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_policy_faults *faults = hf_heap_zalloc(1, sizeof *faults);
    *ret_shown = false;
    if (faults == NULL) {
        return hf_err_set(err, HF_ENOMEM, "out of memory");
    }
    enum hf_rc rc = hf_crypto_init(err);
    rc = rc != HF_OK ? rc : hf_file_read(path, &text, err);
    if (rc != HF_OK) {
        hf_heap_free(faults);
        hf_buf_free(&text);
        return hf_err_wrap(err, rc, "%s", path);
    }
    struct hf_str content = hf_bytes_str(hf_buf_bytes(&text));
    if (hf_str_starts(content, HF_STR(HF_POLICY_BUNDLE_MAGIC))) {
        hf_buf_put(out, content.ptr, content.len);
    } else {
        rc = hf_policy_compile(content, out, faults, err);
        if (rc == HF_EINVAL && faults->count > 0) {
            show_faults(cli, path, faults);
            *ret_shown = true;
        }
        rc = rc == HF_EINVAL ? HF_ESYNTAX : rc;
    }
    if (rc == HF_OK) {
        rc = out->failed;
    }
    hf_heap_free(faults);
    hf_buf_free(&text);
    return rc != HF_OK ? hf_err_wrap(err, rc, "%s", path) : HF_OK;
}

enum hf_rc hf_policy_source_load(struct hf_cli *cli, const char *path,
                                 struct hf_policy **ret_policy, bool *ret_shown, struct hf_err *err)
{
    struct hf_buf bundle = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    enum hf_rc rc = hf_policy_source_bundle(cli, path, &bundle, ret_shown, err);
    if (rc == HF_OK) {
        rc = hf_policy_load(hf_buf_bytes(&bundle), ret_policy, err);
        rc = rc != HF_OK ? hf_err_wrap(err, rc, "%s", path) : HF_OK;
    }
    hf_buf_free(&bundle);
    return rc;
}

int hf_policy_source_exit(struct hf_cli *cli, enum hf_rc rc, bool shown, const struct hf_err *err)
{
    if (rc == HF_OK) {
        return HF_EXIT_OK;
    }
    if (shown || rc == HF_EMISMATCH || rc == HF_EINVAL || rc == HF_ESYNTAX) {
        return hf_cli_no(cli, "%s", err->text);
    }
    return hf_cli_fail(cli, err);
}
