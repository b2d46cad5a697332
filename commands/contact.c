/* commands/contact.c: folds and decides about contacts. */
#include "commands/contact.h"

#include "base/assert.h"
#include "base/hex.h"

_Static_assert((int)HF_EVENT_CONTACT_ADDED_CHANNEL_MAIL == (int)HF_CONTACT_MAIL,
               "channels are numbered alike");

const char *hf_contact_channel_name(enum hf_contact_channel channel)
{
    return channel == HF_CONTACT_PUSH ? "push" : "mail";
}

/* folding */

static void keep(char *to, size_t size, struct hf_str text)
{
    HF_ASSERT(text.len < size); /* the schema's bound */
    memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
}

static enum hf_rc fold_added(struct hf_contact *contact, const struct hf_envelope *envelope,
                             struct hf_err *err)
{
    struct hf_event_contact_added event;
    enum hf_rc rc = hf_event_contact_added_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    HF_ASSERT(event.sealed.len <= sizeof contact->sealed && event.fingerprint.len == HF_HASH_SIZE);
    *contact = (struct hf_contact){.channel = (enum hf_contact_channel)event.channel,
                                   .sealed_len = (unsigned)event.sealed.len,
                                   .added_us = envelope->recorded_us};
    keep(contact->name, sizeof contact->name, event.contact);
    keep(contact->hint, sizeof contact->hint, event.hint);
    memcpy(contact->sealed, event.sealed.ptr, event.sealed.len);
    memcpy(contact->fingerprint.b, event.fingerprint.ptr, HF_HASH_SIZE);
    return HF_OK;
}

static enum hf_rc fold_attempted(struct hf_contact *contact, const struct hf_envelope *envelope,
                                 struct hf_err *err)
{
    struct hf_event_notification_attempted event;
    enum hf_rc rc = hf_event_notification_attempted_decode(envelope->payload, &event, err);
    if (rc != HF_OK) {
        return rc;
    }
    int64_t at = envelope->recorded_us;
    contact->tried_us = at;
    if (event.outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED) {
        contact->reached_us = at;
        contact->failing_since_us = 0;
    } else if (contact->failing_since_us == 0) {
        contact->failing_since_us = at;
    }
    return HF_OK;
}

enum hf_rc hf_contact_fold(struct hf_contact *contact, const struct hf_envelope *envelope,
                           struct hf_err *err)
{
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_CONTACT_ADDED_NAME))) {
        return fold_added(contact, envelope, err);
    }
    if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_CONTACT_VERIFIED_NAME))) {
        contact->verified = true;
    } else if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_NOTIFICATION_ATTEMPTED_NAME))) {
        return fold_attempted(contact, envelope, err);
    } else if (hf_str_eq(envelope->type, HF_STR(HF_EVENT_NOTIFICATION_SHOWN_NAME))) {
        contact->shown_us = envelope->recorded_us;
    }
    return HF_OK;
}

/* asking */

bool hf_contact_is_usable(const struct hf_contact *contact)
{
    return contact->verified || contact->channel == HF_CONTACT_PUSH;
}

bool hf_contact_is_lost(const struct hf_contact *contact,
                        enum hf_event_notification_attempted_outcome outcome, int64_t now_us,
                        enum hf_event_contact_removed_reason *ret_reason)
{
    if (outcome == HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_GONE) {
        *ret_reason = HF_EVENT_CONTACT_REMOVED_REASON_GONE;
        return true;
    }
    *ret_reason = HF_EVENT_CONTACT_REMOVED_REASON_FAILING;
    return outcome != HF_EVENT_NOTIFICATION_ATTEMPTED_OUTCOME_ACCEPTED &&
           contact->failing_since_us != 0 &&
           now_us - contact->failing_since_us >= HF_CONTACT_FAILING_US;
}

static void begin_hash(struct hf_sha256_state *state, const char *what, const struct hf_secret *key)
{
    hf_sha256_begin(state);
    hf_sha256_update(state, hf_str_bytes(hf_str_c(what)));
    hf_sha256_update(state, hf_secret_reveal(key));
}

void hf_contact_fingerprint(const struct hf_secret *key, enum hf_contact_channel channel,
                            struct hf_str where, struct hf_hash *ret_fingerprint)
{
    struct hf_sha256_state state;
    begin_hash(&state, "holdfast/contact-fingerprint/v1\n", key);
    hf_sha256_update(&state, hf_str_bytes(hf_str_c(hf_contact_channel_name(channel))));
    hf_sha256_update(&state, HF_BYTES("\n"));
    hf_sha256_update(&state, hf_str_bytes(where));
    hf_sha256_end(&state, ret_fingerprint);
    hf_wipe(&state, sizeof state);
}

void hf_contact_code(const struct hf_secret *key, struct hf_str principal,
                     const struct hf_contact *contact, char out[HF_CONTACT_CODE_SIZE])
{
    struct hf_sha256_state state;
    struct hf_hash hash;
    begin_hash(&state, "holdfast/contact-code/v1\n", key);
    hf_sha256_update(&state, hf_str_bytes(principal));
    hf_sha256_update(&state, HF_BYTES("\n"));
    hf_sha256_update(&state, hf_str_bytes(hf_str_c(contact->name)));
    hf_sha256_update(&state, HF_BYTES("\n"));
    hf_sha256_update(&state, hf_bytes_of(contact->fingerprint.b, HF_HASH_SIZE));
    hf_sha256_update(&state, hf_bytes_of(contact->sealed, contact->sealed_len));
    hf_sha256_end(&state, &hash);
    hf_hex_encode(hf_bytes_of(hash.b, (HF_CONTACT_CODE_SIZE - 1) / 2), out);
    hf_wipe(&state, sizeof state);
}

/* deciding */

enum hf_rc hf_contact_may_add(const struct hf_contact *const *known, unsigned count,
                              const struct hf_contact *wish, struct hf_err *err)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(known[i]->name, wish->name) == 0) {
            return hf_err_set(err, HF_EEXIST,
                              "there is a contact of this name; remove it first, or take another "
                              "name");
        }
        if (hf_hash_eq(&known[i]->fingerprint, &wish->fingerprint)) {
            return hf_err_set(err, HF_EEXIST, "this is known already as the contact %s",
                              known[i]->name);
        }
    }
    return count < HF_CONTACTS_MAX
               ? HF_OK
               : hf_err_set(err, HF_EINVAL, "a principal has at most %d contacts; remove one",
                            HF_CONTACTS_MAX);
}

enum hf_rc hf_contact_may_verify(const struct hf_contact *contact, const char *code,
                                 struct hf_str given, int64_t now_us, struct hf_err *err)
{
    if (contact->verified) {
        return hf_err_set(err, HF_EEXIST, "the contact is verified already");
    }
    if (now_us - contact->added_us >= HF_CONTACT_VERIFY_US) {
        return hf_err_set(err, HF_ECONFLICT,
                          "the code was good for an hour; remove the contact and add it again");
    }
    return hf_equal_secret(hf_str_bytes(hf_str_c(code)), hf_str_bytes(given))
               ? HF_OK
               : hf_err_set(err, HF_EINVAL, "code: is not the one that was sent to the contact");
}
