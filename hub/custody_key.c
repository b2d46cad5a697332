/* hub/custody_key.c: seals a tenant's custody key into a text file and opens it.
 *
 *   holdfast/custody-key@v1\n
 *   BASE64(host key id, 8 bytes)\n
 *   BASE64(key id, 8 bytes || nonce || sealed key || tag)\n      once, or twice
 */
#include "hub/custody_key.h"

#include "base/assert.h"
#include "base/base64.h"
#include "base/host_key.h"
#include "commands/tenant.h"

#define HEADER  "holdfast/custody-key@v1"
#define DOMAIN_ "holdfast/custody-key/v1\n"
#define PACKED  (HF_CUSTODY_KEY_ID + HF_SEAL_KEY_SIZE + HF_SEAL_OVERHEAD)

#define ASSOCIATED_MAX (sizeof DOMAIN_ + HF_TENANT_NAME_MAX + 1 + HF_CUSTODY_KEY_ID)

static struct hf_bytes associated(struct hf_str tenant, const uint8_t id[HF_CUSTODY_KEY_ID],
                                  uint8_t out[ASSOCIATED_MAX])
{
    struct hf_writer w = hf_writer_init(out, ASSOCIATED_MAX);
    hf_writer_str(&w, HF_STR(DOMAIN_));
    hf_writer_str(&w, tenant);
    hf_writer_str(&w, HF_STR("\n"));
    hf_writer_put(&w, id, HF_CUSTODY_KEY_ID);
    return hf_writer_done(&w);
}

static void name_key(const struct hf_secret *key, uint8_t out[HF_CUSTODY_KEY_ID])
{
    struct hf_sha256_state state;
    struct hf_hash hash;
    hf_sha256_begin(&state);
    hf_sha256_update(&state, HF_BYTES(DOMAIN_));
    hf_sha256_update(&state, hf_secret_reveal(key));
    hf_sha256_end(&state, &hash);
    hf_wipe(&state, sizeof state);
    memcpy(out, hash.b, HF_CUSTODY_KEY_ID);
}

enum hf_rc hf_custody_key_draw(struct hf_env *env, const struct hf_secret *host_key,
                               struct hf_str tenant, struct hf_custody_key *ret,
                               struct hf_secret *ret_key)
{
    uint8_t room[ASSOCIATED_MAX];
    struct hf_secret key = {0};
    enum hf_rc rc = hf_secret_alloc(HF_SEAL_KEY_SIZE, &key);
    if (rc != HF_OK) {
        return rc;
    }
    hf_env_random(env, hf_secret_fill(&key), HF_SEAL_KEY_SIZE);
    name_key(&key, ret->id);
    hf_seal(env, host_key, hf_secret_reveal(&key), associated(tenant, ret->id, room), ret->sealed);
    if (ret_key == NULL) {
        hf_secret_free(&key);
    } else {
        *ret_key = key;
    }
    return HF_OK;
}

enum hf_rc hf_custody_key_open(const struct hf_secret *host_key, struct hf_str tenant,
                               const struct hf_custody_key *key, struct hf_secret *ret_key)
{
    uint8_t room[ASSOCIATED_MAX];
    return hf_unseal(host_key, hf_bytes_of(key->sealed, sizeof key->sealed),
                     associated(tenant, key->id, room), ret_key);
}

struct hf_bytes hf_custody_keys_write(const struct hf_custody_keys *keys,
                                      const struct hf_secret *host_key, uint8_t *out)
{
    uint8_t id[8], packed[PACKED];
    char text[HF_BASE64_LEN(PACKED) + 1];
    struct hf_writer w = hf_writer_init(out, HF_CUSTODY_KEY_FILE_MAX);
    hf_host_key_id(host_key, id);
    hf_base64_encode(hf_bytes_of(id, sizeof id), text);
    hf_writer_printf(&w, HEADER "\n%s\n", text);
    for (unsigned i = 0; i < keys->count; i++) {
        memcpy(packed, keys->of[i].id, HF_CUSTODY_KEY_ID);
        memcpy(packed + HF_CUSTODY_KEY_ID, keys->of[i].sealed, sizeof keys->of[i].sealed);
        hf_base64_encode(hf_bytes_of(packed, sizeof packed), text);
        hf_writer_printf(&w, "%s\n", text);
    }
    return hf_writer_done(&w);
}

static bool take_key(struct hf_cursor *c, struct hf_custody_key *ret)
{
    struct hf_str line = {0};
    uint8_t packed[PACKED];
    size_t len = 0;
    if (!hf_cursor_line(c, &line) || hf_base64_decode(line, packed, sizeof packed, &len) != HF_OK ||
        len != sizeof packed) {
        return false;
    }
    memcpy(ret->id, packed, sizeof ret->id);
    memcpy(ret->sealed, packed + HF_CUSTODY_KEY_ID, sizeof ret->sealed);
    return true;
}

enum hf_rc hf_custody_keys_parse(struct hf_bytes text, const struct hf_secret *host_key,
                                 struct hf_custody_keys *ret, struct hf_err *err)
{
    struct hf_cursor c = hf_cursor_init(text);
    struct hf_str header = {0}, packed_id = {0};
    uint8_t expected[8], id[8];
    size_t id_len = 0;
    bool good = hf_cursor_line(&c, &header) && hf_str_eq(header, HF_STR(HEADER)) &&
                hf_cursor_line(&c, &packed_id) &&
                hf_base64_decode(packed_id, id, sizeof id, &id_len) == HF_OK && id_len == sizeof id;
    ret->count = 0;
    do {
        good = good && ret->count < HF_LEN(ret->of) && take_key(&c, &ret->of[ret->count]);
        ret->count++;
    } while (good && c.left > 0);
    if (!good) {
        return hf_err_set(err, HF_ESYNTAX,
                          "this is no custody key of holdfast; restore it from a backup");
    }
    hf_host_key_id(host_key, expected);
    return memcmp(expected, id, sizeof id) == 0
               ? HF_OK
               : hf_err_set(err, HF_EMISMATCH,
                            "it is sealed under another host's key; name that host key in "
                            "HOLDFAST_HOST_KEY");
}
