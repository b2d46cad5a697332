/* commands/principal.h: who may use the Hub, on the write side: what happened, what may happen.
 *
 * A principal is one of us (operator), a customer's user or a program. Its role says what it may
 * do; roles are ordered, a higher one may all that a lower one may. Bound to a tenant it sees and
 * acts on that tenant alone; customers' users always are, and are viewers or approvers. The state
 * is a fold of the stream principal/NAME. Pure: the time is an argument.
 */
#ifndef HF_COMMANDS_PRINCIPAL_H
#define HF_COMMANDS_PRINCIPAL_H

#include <stdbool.h>

#include "base/crypto.h"
#include "base/err.h"
#include "commands/tenant.h"
#include "schemas/envelope.h"

#define HF_PRINCIPAL_NAME_MAX   48
#define HF_PRINCIPAL_PERSON_MAX 128

enum hf_role {
    HF_ROLE_VIEWER,
    HF_ROLE_AUDITOR,
    HF_ROLE_OPERATOR,
    HF_ROLE_APPROVER,
    HF_ROLE_ADMIN,
};

enum hf_principal_kind {
    HF_PRINCIPAL_OPERATOR,
    HF_PRINCIPAL_CUSTOMER,
    HF_PRINCIPAL_PROGRAM,
};

struct hf_principal {
    char name[HF_PRINCIPAL_NAME_MAX + 1];
    uint64_t version; /* of its stream; 0: there is none of this name */
    enum hf_principal_kind kind;
    enum hf_role role;
    char tenant[HF_TENANT_NAME_MAX + 1]; /* empty: not bound */
    char
        person[HF_PRINCIPAL_PERSON_MAX + 1]; /* who it is, as channels name them; empty: not said */
    struct hf_hash token_hash;
    int64_t expires_us; /* 0: never */
    struct hf_hash previous_hash;
    int64_t previous_until_us; /* 0: there is no token before */
    bool revoked;
    int64_t created_us;
    int64_t used_us; /* when it was seen last, to the day; 0: never */
};

/* Takes one event of its stream, or of use/NAME, in order. HF_ECORRUPT, HF_EVERSION. */
enum hf_rc hf_principal_fold(struct hf_principal *principal, const struct hf_envelope *envelope,
                             struct hf_err *err);

/* Does this token open the door at this time? */
bool hf_principal_takes(const struct hf_principal *principal, const struct hf_hash *token_hash,
                        int64_t now_us);
/* May it see and act on this tenant? */
bool hf_principal_reaches(const struct hf_principal *principal, struct hf_str tenant);

/* Deciders. The text is for the caller. */
struct hf_principal_wish {
    struct hf_str name;
    enum hf_principal_kind kind;
    enum hf_role role;
    struct hf_str tenant; /* empty: not bound */
    struct hf_str person; /* empty: not said */
    int64_t expires_us;   /* 0: never */
};
/* HF_EINVAL, HF_EEXIST. */
enum hf_rc hf_principal_may_create(const struct hf_principal *principal,
                                   const struct hf_principal_wish *wish, int64_t now_us,
                                   struct hf_err *err);
/* A new token; the one before works until previous_until_us. HF_ENOTFOUND, HF_EPERM, HF_EINVAL. */
enum hf_rc hf_principal_may_rotate(const struct hf_principal *principal, int64_t expires_us,
                                   int64_t now_us, struct hf_err *err);
/* HF_ENOTFOUND, HF_EEXIST; HF_EPERM for the last admin (`admins`: how many can sign in). */
enum hf_rc hf_principal_may_revoke(const struct hf_principal *principal, unsigned admins,
                                   struct hf_err *err);

const char *hf_role_name(enum hf_role role);
const char *hf_principal_kind_name(enum hf_principal_kind kind);
/* HF_EINVAL names the choices. */
enum hf_rc hf_role_parse(struct hf_str text, enum hf_role *ret_role, struct hf_err *err);
enum hf_rc hf_principal_kind_parse(struct hf_str text, enum hf_principal_kind *ret_kind,
                                   struct hf_err *err);

#endif
