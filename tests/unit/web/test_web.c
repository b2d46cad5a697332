/* tests/unit/web/test_web.c: text in pages, and forms. */
#include "hub/web/form.h"
#include "hub/web/html.h"
#include "hub/web/pages_gen.h"
#include "tests/harness/test.h"

/* Goal: what is text is shown as it is, what hides is spelled. Method: a table. */
HF_TEST(text)
{
    static const struct {
        const char *text;
        const char *html;
    } rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"<b>\"&'", "&lt;b&gt;&quot;&amp;&#39;"},
        {"a\nb\tc", "a\nb\tc"},
        {"h\xC3\xA4user \xF0\x9F\x99\x82", "h\xC3\xA4user \xF0\x9F\x99\x82"},
        {"\xE2\x80\xAEgnp\xE2\x80\xAC", "[U+202E]gnp[U+202C]"},
        {"a\xE2\x80\x8B"
         "b\x1B[31m\r",
         "a[U+200B]b[U+001B][31m[U+000D]"},
        {"\xF3\xA0\x81\x81", "[U+E0041]"},
        {"\xFFx\xC0\xAF\xE2\x80", "\xEF\xBF\xBDx\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_buf html = hf_buf_init(4096);
        hf_html_text(&html, hf_str_c(rows[i].text));
        HF_CHECK(hf_bytes_eq(hf_buf_bytes(&html), hf_str_bytes(hf_str_c(rows[i].html))));
        hf_buf_free(&html);
    }
}

/* Goal: slots of text are escaped, slots of HTML take what templates made, and a page that did not
 * fit fails the one that holds it. */
HF_TEST(templates)
{
    struct hf_buf entry = hf_buf_init(4096);
    struct hf_buf page = hf_buf_init(65536);
    const struct hf_html_value entry_values[HF_PAGE_ENTRY_SLOTS] = {
        [HF_PAGE_ENTRY_LABEL] = {.text = HF_STR("<l>")},
        [HF_PAGE_ENTRY_VALUE] = {.text = HF_STR("{{label}}")}};
    hf_html_put(&entry, &hf_page_entry, entry_values);
    HF_CHECK(hf_bytes_eq(hf_buf_bytes(&entry), HF_BYTES("<dt>&lt;l&gt;</dt><dd>{{label}}</dd>\n")));
    const struct hf_html_value values[HF_PAGE_LAYOUT_SLOTS] = {
        [HF_PAGE_LAYOUT_TITLE] = {.text = HF_STR("a</title>")},
        [HF_PAGE_LAYOUT_REFRESH] = {.text = HF_STR("\"0")},
        [HF_PAGE_LAYOUT_BODY] = {.html = &entry}};
    hf_html_put(&page, &hf_page_layout, values);
    hf_buf_put(&page, "", 1);
    HF_CHECK(page.failed == HF_OK);
    HF_CHECK(strstr((const char *)page.ptr, "<title>a&lt;/title&gt;</title>") != NULL);
    HF_CHECK(strstr((const char *)page.ptr, "data-refresh=\"&quot;0\"") != NULL);
    HF_CHECK(strstr((const char *)page.ptr, "<dt>&lt;l&gt;</dt>") != NULL);
    hf_buf_free(&entry);
    entry = hf_buf_init(10);
    hf_html_put(&entry, &hf_page_entry, entry_values);
    hf_buf_clear(&page);
    hf_html_put(&page, &hf_page_layout, values);
    HF_CHECK(page.failed == HF_ETOOBIG);
    hf_buf_free(&page);
    hf_buf_free(&entry);
}

/* Goal: forms are read as browsers write them, and refused whole. Method: a table of what the field
 * `a` is then; NULL: refused. */
HF_TEST(forms)
{
    static const struct {
        const char *text;
        const char *a;
    } rows[] = {
        {"", ""},
        {"a=1", "1"},
        {"b=1&a=2", "2"},
        {"a=x+y%26%3d", "x y&="},
        {"a", ""},
        {"a=b=c", "b=c"},
        {"&&a=1&", "1"},
        {"%61=1", "1"},
        {"a=%c3%A4", "\xC3\xA4"},
        {"a=%", NULL},
        {"a=%4", NULL},
        {"a=%4g", NULL},
        {"a=1&a=2", NULL},
        {"a=1&%61=2", NULL},
        {"a=%00", NULL},
        {"a=%ff", NULL},
        {"1&2&3&4&5&6&7&a=8", "8"},
        {"1&2&3&4&5&6&7&8&9&10&11&12&a=13", NULL},
        {"a=0123456789012345678901234567890123456789", NULL},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        uint8_t room[32];
        struct hf_writer w = hf_writer_init(room, sizeof room);
        struct hf_form form = {.count = 0};
        struct hf_err err = {0};
        enum hf_rc rc = hf_form_parse(hf_str_bytes(hf_str_c(rows[i].text)), &w, &form, &err);
        HF_CHECK((rc == HF_OK) == (rows[i].a != NULL));
        if (rc == HF_OK) {
            HF_CHECK(hf_str_eq(hf_form_get(&form, "a"), hf_str_c(rows[i].a)));
            HF_CHECK(hf_form_get(&form, "none").len == 0);
        } else {
            HF_CHECK(err.text[0] != '\0' && form.count == 0);
        }
    }
}

HF_TEST_MAIN(HF_TEST_CASE(text), HF_TEST_CASE(templates), HF_TEST_CASE(forms))
