/* tests/unit/net/test_address.c: which addresses are of the public Internet. */
#include "base/net/address.h"

#include "tests/harness/test.h"

/* First and last address of what is kept back, and their neighbours; IPv6 with IPv4 inside. */
HF_TEST(public_only)
{
    static const struct {
        const char *text;
        bool is_public;
    } table[] = {
        {"0.0.0.0:1", false},         {"0.255.255.255:1", false},    {"1.0.0.0:1", true},
        {"9.255.255.255:1", true},    {"10.0.0.0:1", false},         {"10.255.255.255:1", false},
        {"11.0.0.0:1", true},         {"100.63.255.255:1", true},    {"100.64.0.0:1", false},
        {"100.127.255.255:1", false}, {"100.128.0.0:1", true},       {"127.0.0.1:1", false},
        {"127.255.255.255:1", false}, {"128.0.0.0:1", true},         {"169.254.169.254:80", false},
        {"172.15.255.255:1", true},   {"172.16.0.0:1", false},       {"172.31.255.255:1", false},
        {"172.32.0.0:1", true},       {"192.0.2.1:1", false},        {"192.168.0.0:1", false},
        {"192.169.0.0:1", true},      {"198.18.0.0:1", false},       {"198.19.255.255:1", false},
        {"198.20.0.0:1", true},       {"203.0.113.9:1", false},      {"223.255.255.255:1", true},
        {"224.0.0.1:1", false},       {"255.255.255.255:1", false},  {"[::]:1", false},
        {"[::1]:1", false},           {"[::ffff:8.8.8.8]:1", false}, {"[64:ff9b::a00:1]:1", false},
        {"[2001:db8::1]:1", false},   {"[2001:0:1::1]:1", false},    {"[2001:200::1]:1", true},
        {"[2002:a00:1::1]:1", false}, {"[2606:4700::1111]:1", true}, {"[3fff:fff::1]:1", false},
        {"[fc00::1]:1", false},       {"[fe80::1]:1", false},        {"[ff02::1]:1", false},
        {"unix:/run/x", false},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        struct hf_address address;
        struct hf_err err = {0};
        HF_CHECK_OK(hf_address_parse(table[i].text, &address, &err), err);
        if (hf_address_is_public(&address) != table[i].is_public) {
            hf_test_fail(__FILE__, __LINE__, "%s", table[i].text);
        }
    }
}

/* Who came, without the port that the next connection has another of. */
HF_TEST(hosts)
{
    static const char *const cases[][2] = {{"127.0.0.1:5432", "127.0.0.1"},
                                           {"[::1]:443", "[::1]"},
                                           {"unix, uid 1000", "unix, uid 1000"},
                                           {"", ""}};
    for (size_t i = 0; i < HF_LEN(cases); i++) {
        char out[64];
        hf_address_host(cases[i][0], out, sizeof out);
        HF_CHECK(strcmp(out, cases[i][1]) == 0);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(public_only), HF_TEST_CASE(hosts))
