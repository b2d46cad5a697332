/* tests/unit/http/test_mail.c: addresses that can be written to, and settings of a mail server. */
#include "base/http/mail.h"

#include "tests/harness/test.h"

/* What goes into a command of SMTP and a head of a mail can end neither, nor be an option. */
HF_TEST(addresses)
{
    static const char *const good[] = {"a@b", "jo.doe+x@mail.example.org", "o'neil@example.org"};
    static const char *const bad[] = {
        "",     "a",    "@b",   "a@",   "a@b@c",   "a b@c",   "a@b\r\nRCPT TO:<c@d>", "a@b>",
        "<a@b", "-a@b", "a@-b", "a@b.", "\"a\"@b", "a@b,c@d", "j\xc3\xb6@b"};
    char big[HF_MAIL_ADDRESS_MAX + 2];
    for (size_t i = 0; i < HF_LEN(good); i++) {
        HF_CHECK(hf_mail_address_ok(hf_str_c(good[i])));
    }
    for (size_t i = 0; i < HF_LEN(bad); i++) {
        HF_CHECK(!hf_mail_address_ok(hf_str_c(bad[i])));
    }
    memset(big, 'a', sizeof big);
    big[1] = '@';
    HF_CHECK(hf_mail_address_ok((struct hf_str){big, sizeof big - 2}));
    HF_CHECK(!hf_mail_address_ok((struct hf_str){big, sizeof big}));
}

/* Every mistake of the settings is said. */
HF_TEST(settings)
{
    static const struct hf_secret none = {0};

    static const struct {
        struct hf_mailer_conf conf;
        bool ok;
    } table[] = {
        {{.url = "smtp://mail.example.org:587", .from = "a@example.org"}, true},
        {{.url = "smtps://mail.example.org", .from = "a@b", .user = "x", .password = &none}, true},
        {{.url = "http://mail.example.org", .from = "a@b"}, false},
        {{.url = "smtp://user:word@mail.example.org", .from = "a@b"}, false},
        {{.url = "smtp://mail.example.org", .from = "a"}, false},
        {{.url = "smtp://mail.example.org"}, false},
        {{.url = "smtp://mail.example.org", .from = "a@b", .user = "x"}, false},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        struct hf_err err = {0};
        HF_CHECK_RC(hf_mailer_check(&table[i].conf, &err), table[i].ok ? HF_OK : HF_EINVAL);
        HF_CHECK(table[i].ok || err.text[0] != '\0');
    }
}

HF_TEST_MAIN(HF_TEST_CASE(addresses), HF_TEST_CASE(settings))
