/* wrapper/redaction/fit.c: what a value must be, to be looked for in text. */
#include "base/assert.h"
#include "base/secret.h"
#include "wrapper/redaction/redaction.h"

#define DIFFERENT_MIN 4  /* bytes: "00000000" would be found everywhere */
#define WORD_MAX      16 /* bytes of the longest word below */

/* What texts about servers, mail and programs have in them anyway. A secret that is one of them
 * would be replaced in most of what a model reads, and its finding in a log would say nothing. */
static const char words[][WORD_MAX + 1] = {
    "access_token",  "administration", "administrator",  "anonymous",     "application",
    "approval",      "approvals",      "approved",       "assistant",     "authentication",
    "authorization", "available",      "business",       "calendar",      "changeme",
    "channels",      "children",       "classification", "commands",      "communication",
    "community",     "complete",       "computer",       "configuration", "configure",
    "connection",    "container",      "contents",       "continue",      "credential",
    "credentials",   "customer",       "customers",      "database",      "december",
    "decision",      "deployment",     "description",    "destination",   "developer",
    "development",   "directory",      "document",       "documentation", "documents",
    "download",      "enforcement",    "environment",    "everything",    "exception",
    "executable",    "expected",       "february",       "filename",      "function",
    "generated",     "graphics",       "holdfast",       "hostname",      "identity",
    "important",     "information",    "instance",       "instructions",  "integration",
    "interface",     "internal",       "internet",       "invoices",      "javascript",
    "language",      "localhost",      "location",       "management",    "messages",
    "metadata",      "national",       "notification",   "november",      "openclaw",
    "operator",      "original",       "packages",       "parameter",     "parameters",
    "passphrase",    "passw0rd",       "password",       "password1",     "passwords",
    "permission",    "permissions",    "personal",       "platform",      "position",
    "postgres",      "postgresql",     "previous",       "processes",     "producer",
    "production",    "products",       "professional",   "programs",      "progress",
    "projects",      "protocol",       "provider",       "publication",   "questions",
    "redacted",      "registration",   "remember",       "repository",    "requester",
    "requests",      "required",       "research",       "resource",      "resources",
    "response",      "restaurant",     "schedule",       "scheduled",     "security",
    "september",     "sequence",       "services",       "sessions",      "settings",
    "software",      "something",      "standard",       "statement",     "statistics",
    "structure",     "subscription",   "successful",     "successfully",  "supplier",
    "technical",     "technology",     "telephone",      "template",      "terminal",
    "thursday",      "timestamp",      "together",       "transaction",   "undefined",
    "universal",     "university",     "username",       "verification",  "wednesday",
    "workflow",      "workspace",      "yesterday",
};

static bool is_varied(struct hf_bytes value)
{
    bool seen[256] = {false};
    unsigned different = 0;
    for (size_t i = 0; i < value.len; i++) {
        different += seen[value.ptr[i]] ? 0 : 1;
        seen[value.ptr[i]] = true;
    }
    hf_wipe(seen, sizeof seen);
    return different >= DIFFERENT_MIN;
}

/* Letters of any case. */
static bool is_word(struct hf_bytes value)
{
    for (size_t w = 0; w < HF_LEN(words) && value.len <= WORD_MAX; w++) {
        size_t i = 0;
        while (i < value.len && words[w][i] != '\0' &&
               (value.ptr[i] >= 'A' && value.ptr[i] <= 'Z' ? value.ptr[i] | 0x20 : value.ptr[i]) ==
                   (uint8_t)words[w][i]) {
            i++;
        }
        if (i == value.len && words[w][i] == '\0') {
            return true;
        }
    }
    return false;
}

const char *hf_redaction_unfit(struct hf_bytes value)
{
    if (value.len < HF_REDACTION_SECRET_MIN) {
        return "has fewer than 8 bytes and would be found everywhere; give it a longer value";
    }
    if (value.len > HF_REDACTION_SECRET_MAX) {
        return "has more than 8192 bytes, which is the most that can be looked for";
    }
    if (!is_varied(value)) {
        return "has fewer than 4 different bytes and would be found everywhere; give it another "
               "value";
    }
    if (is_word(value)) {
        return "is a word that texts have in them anyway and would be found everywhere; give it "
               "another value";
    }
    return NULL;
}
