/* wrapper/redaction/shapes.c: the table of shapes, and what stands around them. */
#include "wrapper/redaction/shapes.h"

#include "base/assert.h"

#define ANY    HF_LEFT_ANY, false, 0, HF_TOKEN_NOTHING, HF_REDACTION_TOKEN
#define EDGE   HF_LEFT_EDGE, false, 0, HF_TOKEN_NOTHING, HF_REDACTION_TOKEN
#define WHOLE  HF_LEFT_EDGE, true, 0, HF_TOKEN_NOTHING, HF_REDACTION_TOKEN
#define BY(it) HF_LEFT_ANY, false, 0, HF_TOKEN_##it, HF_REDACTION_TOKEN

const struct hf_shape hf_shapes[] = {
    /* code and packages */
    {"github", "github", "gh[pousr]_[0-9A-Za-z]{36,255}", BY(GITHUB)},
    {"github-pat", "github", "github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}", ANY},
    {"npm", "npm", "npm_[0-9A-Za-z]{36}", BY(GITHUB)},
    {"gitlab-pat", "gitlab", "glpat-[\\w-]{20,300}", BY(GITLAB)},
    {"gitlab-runner", "gitlab", "glrt-[\\w-]{20,300}", BY(GITLAB)},
    {"gitlab-deploy", "gitlab", "gldt-[\\w-]{20,300}", BY(GITLAB)},
    {"gitlab-job", "gitlab", "glcbt-[0-9a-fA-F]{1,5}_[\\w-]{20,300}", BY(GITLAB)},
    {"gitlab-trigger", "gitlab", "glptt-[0-9a-f]{40}", ANY},
    {"gitlab-feed", "gitlab", "glft-[\\w-]{20,300}", BY(GITLAB)},
    {"gitlab-mail", "gitlab", "glimt-[\\w-]{25,300}", BY(GITLAB)},
    {"gitlab-agent", "gitlab", "glagent-[\\w-]{50,300}", BY(GITLAB)},
    {"gitlab-app", "gitlab", "gloas-[\\w-]{64,300}", BY(GITLAB)},
    {"gitlab-scim", "gitlab", "glsoat-[\\w-]{20,300}", BY(GITLAB)},
    {"gitlab-flag", "gitlab", "glffct-[\\w-]{20,300}", BY(GITLAB)},
    {"gitlab-registration", "gitlab", "GR1348941[\\w-]{20,100}", EDGE},
    {"pypi", "pypi", "pypi-AgEIcHlwaS5vcmc[\\w-]{50,1000}", ANY},
    {"rubygems", "rubygems", "rubygems_[0-9a-f]{48}", ANY},
    {"docker", "docker", "dckr_[op]at_[\\w-]{27,40}", ANY},
    {"postman", "postman", "PMAK-[0-9a-f]{24}-[0-9a-f]{34}", ANY},
    {"circleci", "circleci", "CCIPAT_[0-9A-Za-z]{22}_[0-9a-f]{40}", ANY},
    {"buildkite", "buildkite", "bkua_[0-9a-f]{40}", ANY},
    {"sentry-user", "sentry", "sntryu_[0-9a-f]{64}", ANY},
    {"sentry-org", "sentry", "sntrys_eyJ[0-9A-Za-z+/=]{50,1000}_[0-9A-Za-z+/]{43}", ANY},
    {"linear", "linear", "lin_api_[0-9A-Za-z]{40}", ANY},
    {"notion", "notion", "ntn_\\d{11}[0-9A-Za-z]{35}", ANY},
    {"atlassian", "atlassian", "ATATT3[\\w=-]{100,300}", EDGE},
    {"atlassian-cloud", "atlassian", "ATCTT3xFfG[\\w=-]{100,300}", EDGE},
    {"bitbucket", "atlassian", "ATBB[0-9A-Za-z]{32}", WHOLE},
    /* clouds and their tools */
    {"aws-key", "aws", "AKIA[A-Z2-7]{16}", HF_LEFT_EDGE, true, 0, HF_TOKEN_AWS, HF_REDACTION_TOKEN},
    {"aws-session-key", "aws", "ASIA[A-Z2-7]{16}", HF_LEFT_EDGE, true, 0, HF_TOKEN_AWS,
     HF_REDACTION_TOKEN},
    {"aws-bearer-key", "aws", "ABIA[A-Z2-7]{16}", HF_LEFT_EDGE, true, 0, HF_TOKEN_AWS,
     HF_REDACTION_TOKEN},
    {"aws-context-key", "aws", "ACCA[A-Z2-7]{16}", HF_LEFT_EDGE, true, 0, HF_TOKEN_AWS,
     HF_REDACTION_TOKEN},
    {"aws-old-key", "aws", "A3T[0-9A-Z][A-Z2-7]{16}", HF_LEFT_EDGE, true, 0, HF_TOKEN_AWS,
     HF_REDACTION_TOKEN},
    {"aws-bedrock", "aws", "ABSK[0-9A-Za-z+/]{109,269}={0,2}", EDGE},
    {"aws-bedrock-short", "aws",
     "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[0-9A-Za-z+/=_-]{0,4096}", ANY},
    {"google-api", "google", "AIza[\\w-]{35}", WHOLE},
    {"google-access", "google", "ya29\\.[\\w-]{10,2048}", EDGE},
    {"google-refresh", "google", "1//0[\\w-]{30,512}", EDGE},
    {"google-oauth", "google", "GOCSPX-[\\w-]{28}", ANY},
    {"azure-ad", "azure", "\\dQ~[\\w~.-]{31,34}", HF_LEFT_THREE, false, 0, HF_TOKEN_NOTHING,
     HF_REDACTION_TOKEN},
    {"azure-storage", "azure", "AccountKey=[0-9A-Za-z+/]{86}==", HF_LEFT_ANY, false, 11,
     HF_TOKEN_NOTHING, HF_REDACTION_TOKEN},
    {"digitalocean", "digitalocean", "do[opr]_v1_[0-9a-f]{64}", ANY},
    {"cloudflare-ca", "cloudflare", "v1\\.0-[0-9a-f]{24}-[0-9a-f]{146}", ANY},
    {"databricks", "databricks", "dapi[0-9a-f]{32}", WHOLE},
    {"vault-service", "vault", "hvs\\.[\\w-]{90,300}", EDGE},
    {"vault-batch", "vault", "hvb\\.[\\w-]{138,300}", EDGE},
    {"vault-old", "vault", "s\\.[0-9A-Za-z]{24}", HF_LEFT_EDGE, true, 0, HF_TOKEN_MIXED,
     HF_REDACTION_TOKEN},
    {"terraform", "terraform", "\\.atlasv1\\.[0-9A-Za-z_=-]{60,70}", HF_LEFT_WORD, false, 0,
     HF_TOKEN_NOTHING, HF_REDACTION_TOKEN},
    {"doppler", "doppler", "dp\\.pt\\.[0-9A-Za-z]{40,44}", EDGE},
    {"doppler-cli", "doppler", "dp\\.ct\\.[0-9A-Za-z]{40,44}", EDGE},
    {"doppler-sa", "doppler", "dp\\.sa\\.[0-9A-Za-z]{40,44}", EDGE},
    {"doppler-scim", "doppler", "dp\\.scim\\.[0-9A-Za-z]{40,44}", EDGE},
    {"doppler-audit", "doppler", "dp\\.audit\\.[0-9A-Za-z]{40,44}", EDGE},
    {"doppler-service", "doppler", "dp\\.st\\.[0-9A-Za-z]{40,44}", EDGE},
    {"doppler-config", "doppler", "dp\\.st\\.[a-z0-9_-]{2,35}\\.[0-9A-Za-z]{40,44}", EDGE},
    {"planetscale", "planetscale", "pscale_tkn_[\\w.=-]{32,64}", ANY},
    {"planetscale-oauth", "planetscale", "pscale_oauth_[\\w.=-]{32,64}", ANY},
    {"planetscale-pw", "planetscale", "pscale_pw_[\\w.=-]{32,64}", ANY},
    {"pulumi", "pulumi", "pul-[0-9a-f]{40}", WHOLE},
    {"heroku", "heroku", "HRKU-AA[\\w-]{58}", ANY},
    {"fly", "fly", "fo1_[\\w-]{43}", EDGE},
    {"fly-macaroon-1", "fly", "fm1[ar]_[0-9A-Za-z+/]{100,2000}={0,3}", EDGE},
    {"fly-macaroon-2", "fly", "fm2_[0-9A-Za-z+/]{100,2000}={0,3}", EDGE},
    {"supabase", "supabase", "sbp_[0-9a-f]{40}", ANY},
    {"netlify", "netlify", "nfp_[0-9A-Za-z]{36}", ANY},
    {"grafana", "grafana", "glsa_[0-9A-Za-z]{32}_[0-9a-fA-F]{8}", ANY},
    {"grafana-cloud", "grafana", "glc_[0-9A-Za-z+/]{32,400}={0,3}", EDGE},
    {"grafana-old", "grafana", "eyJrIjoi[0-9A-Za-z+/]{70,400}={0,3}", EDGE},
    /* models */
    {"openai-old", "openai", "sk-[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}", EDGE},
    {"openai-project", "openai", "sk-proj-[\\w-]{100,250}", BY(OPENAI)},
    {"openai-account", "openai", "sk-svcacct-[\\w-]{100,250}", BY(OPENAI)},
    {"openai-admin", "openai", "sk-admin-[\\w-]{100,250}", BY(OPENAI)},
    {"openai-service", "openai", "sk-service-[\\w-]{100,250}", BY(OPENAI)},
    {"anthropic", "anthropic", "sk-ant-api\\d{2}-[\\w-]{95,120}", BY(ANTHROPIC)},
    {"anthropic-admin", "anthropic", "sk-ant-admin\\d{2}-[\\w-]{95,120}", BY(ANTHROPIC)},
    {"anthropic-oauth", "anthropic", "sk-ant-o[ar]t\\d{2}-[\\w-]{80,120}", ANY},
    {"huggingface", "huggingface", "hf_[A-Za-z]{34}", WHOLE},
    {"huggingface-org", "huggingface", "api_org_[A-Za-z]{34}", WHOLE},
    {"perplexity", "perplexity", "pplx-[0-9A-Za-z]{48}", ANY},
    {"groq", "groq", "gsk_[0-9A-Za-z]{20,100}", EDGE},
    {"xai", "xai", "xai-[0-9A-Za-z]{30,120}", EDGE},
    {"openrouter", "openrouter", "sk-or-v1-[0-9a-f]{64}", ANY},
    {"replicate", "replicate", "r8_[0-9A-Za-z]{30,60}", EDGE},
    {"apify", "apify", "apify_api_[0-9A-Za-z]{30,50}", ANY},
    /* payment and shops */
    {"stripe-live", "stripe", "[rs]k_live_[0-9A-Za-z]{10,250}", EDGE},
    {"stripe-test", "stripe", "[rs]k_test_[0-9A-Za-z]{10,250}", EDGE},
    {"stripe-prod", "stripe", "[rs]k_prod_[0-9A-Za-z]{10,250}", EDGE},
    {"stripe-webhook", "stripe", "whsec_[0-9A-Za-z+/]{24,100}={0,2}", EDGE},
    {"shopify-access", "shopify", "shpat_[0-9a-fA-F]{32}", WHOLE},
    {"shopify-custom", "shopify", "shpca_[0-9a-fA-F]{32}", WHOLE},
    {"shopify-private", "shopify", "shppa_[0-9a-fA-F]{32}", WHOLE},
    {"shopify-shared", "shopify", "shpss_[0-9a-fA-F]{32}", WHOLE},
    {"square", "square", "sq0[ac][ts]p-[\\w-]{22,60}", ANY},
    {"square-old", "square", "EAAA[\\w-]{22,60}", WHOLE},
    /* messages */
    {"slack-bot", "slack", "xoxb-\\d{10,13}-\\d{10,13}[\\w-]{0,100}", ANY},
    {"slack-user", "slack", "xox[ep]-\\d{10,13}-\\d{10,13}-\\d{10,13}-[\\w-]{28,34}", ANY},
    {"slack-app", "slack", "xapp-\\d-[0-9A-Z]{6,40}-\\d{6,40}-[0-9a-z]{16,100}", ANY},
    {"slack-config", "slack", "xoxe\\.xox[bp]-\\d-[0-9A-Z]{163,166}", ANY},
    {"slack-refresh", "slack", "xoxe-\\d-[0-9A-Z]{146}", ANY},
    {"slack-webhook", "slack", "hooks\\.slack\\.com/services/[0-9A-Za-z+/]{43,56}", ANY},
    {"slack-workflow", "slack", "hooks\\.slack\\.com/workflows/[0-9A-Za-z+/]{43,80}", ANY},
    {"slack-trigger", "slack", "hooks\\.slack\\.com/triggers/[0-9A-Za-z+/]{43,80}", ANY},
    {"discord-webhook", "discord", "discord\\.com/api/webhooks/\\d{17,20}/[\\w-]{60,100}", ANY},
    {"discord-webhook-old", "discord", "discordapp\\.com/api/webhooks/\\d{17,20}/[\\w-]{60,100}",
     ANY},
    {"discord-bot", "discord",
     "[MNO][DTjz][AEIMQUYcgk][w-z0-5][MNO][DTjz][AEIMQUYcgk][w-z0-5][\\w-]{15,20}\\.[\\w-]{6}\\."
     "[\\w-]{27,38}",
     HF_LEFT_EDGE, false, 0, HF_TOKEN_DISCORD, HF_REDACTION_TOKEN},
    {"telegram-bot", "telegram", ":AA[\\w-]{33}", HF_LEFT_DIGITS, false, 1, HF_TOKEN_NOTHING,
     HF_REDACTION_TOKEN},
    {"sendgrid", "sendgrid", "SG\\.[\\w-]{20,24}\\.[\\w-]{39,50}", EDGE},
    {"brevo", "brevo", "xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16}", ANY},
    {"twilio", "twilio", "SK[0-9a-f]{32}", WHOLE},
    {"mailchimp", "mailchimp", "[0-9a-f]{32}-us\\d{1,2}", WHOLE},
    {"mailgun", "mailgun", "key-[0-9a-f]{32}", WHOLE},
    {"facebook", "facebook", "EAA[CM][0-9A-Za-z]{100,500}", EDGE},
    {"hubspot", "hubspot",
     "pat-[a-z]{2}\\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", EDGE},
    /* keys and tokens of no one provider */
    {"age", "age", "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}", BY(BECH32)},
    {"1password", "onepassword", "ops_eyJ[0-9A-Za-z+/]{250,4096}={0,3}", EDGE},
    {"1password-key", "onepassword",
     "A3-[0-9A-Z]{6}-[0-9A-Z]{11}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}", WHOLE},
    {"1password-key-2", "onepassword",
     "A3-[0-9A-Z]{6}-[0-9A-Z]{6}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}", WHOLE},
    {"jwt", "jwt", "eyJ[\\w-]{12,2000}\\.eyJ[\\w-]{2,16000}\\.[\\w-]{0,4096}", HF_LEFT_EDGE, false,
     0, HF_TOKEN_JWT, HF_REDACTION_TOKEN},
    {"private-key", "privatekey", "-----BEGIN [0-9A-Z ]{11,48}-----", BY(PEM)},
    {"private-key-64", "privatekey", "LS0tLS1CRUdJTi[0-9A-Za-z+/]{66}", BY(PEM64)},
    /* not secret: OpenClaw's own, which only its proxy can open */
    {"openclaw-sentinel", "sentinel", "oc-sent-v\\d\\.[\\w-]{16,4096}\\.end", HF_LEFT_EDGE, false,
     0, HF_TOKEN_NOTHING, HF_REDACTION_ALLOW},
};
const size_t hf_shape_count = HF_LEN(hf_shapes);

bool hf_shape_word(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || byte == '_';
}

static bool digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool hex_digit(uint8_t byte)
{
    return digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

/* \n of JSON and of shells, %0A of URLs, \u000a, and the end of a terminal's colour. */
static bool after_escape(struct hf_bytes before)
{
    const uint8_t *end = before.ptr + before.len;
    if (before.len >= 2 && end[-2] == '\\' && end[-1] != 0 &&
        strchr("abefnrtv0", end[-1]) != NULL) {
        return true;
    }
    if (before.len >= 3 && hex_digit(end[-1]) && hex_digit(end[-2]) && end[-3] == '%') {
        return true;
    }
    if (before.len >= 6 && end[-6] == '\\' && end[-5] == 'u' && hex_digit(end[-4]) &&
        hex_digit(end[-3]) && hex_digit(end[-2]) && hex_digit(end[-1])) {
        return true;
    }
    size_t at = before.len;
    if (at < 2 || end[-1] != 'm') {
        return false;
    }
    for (at--; at > 0 && (digit(before.ptr[at - 1]) || before.ptr[at - 1] == ';'); at--) {
    }
    return at > 0 && before.ptr[at - 1] == '[';
}

/* How many of the bytes right before are letters or digits (or digits only). */
static size_t run_before(struct hf_bytes before, bool digits_only)
{
    size_t len = 0;
    while (len < before.len) {
        uint8_t byte = before.ptr[before.len - len - 1];
        if (digits_only ? !digit(byte) : !hf_shape_word(byte)) {
            break;
        }
        len++;
    }
    return len;
}

bool hf_shape_left(enum hf_left left, struct hf_bytes before)
{
    switch (left) {
    case HF_LEFT_EDGE:
        return before.len == 0 || !hf_shape_word(before.ptr[before.len - 1]) ||
               after_escape(before);
    case HF_LEFT_DIGITS: return run_before(before, true) >= 8;
    case HF_LEFT_THREE:
        for (size_t i = 1; i <= 3; i++) {
            uint8_t byte = i <= before.len ? before.ptr[before.len - i] : ' ';
            if (!hf_shape_word(byte) && byte != '~' && byte != '.' && byte != '-') {
                return false;
            }
        }
        return true;
    case HF_LEFT_WORD: return run_before(before, false) >= 8;
    case HF_LEFT_ANY:
    default: return true;
    }
}

/* Eight times the same is no chance: one in 10^12 for 62 letters. */
static bool repeats(struct hf_bytes body)
{
    size_t same = 1;
    for (size_t i = 1; i < body.len && same < 8; i++) {
        same = body.ptr[i] == body.ptr[i - 1] ? same + 1 : 1;
    }
    return same >= 8;
}

bool hf_shape_example(struct hf_bytes body)
{
    static const char word[] = "example";
    size_t matched = 0;
    for (size_t i = 0; i < body.len; i++) {
        uint8_t c = body.ptr[i] | 0x20;
        matched = c == (uint8_t)word[matched] ? matched + 1 : c == (uint8_t)word[0];
        if (matched == sizeof word - 1) {
            return true;
        }
    }
    return repeats(body);
}
