/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The scanner reads what libxml2 reads, and so libvirt: each row is read by both, as an attribute and as a text. What they read as two things
 * is a word nobody looked at. */
#include "host/domain_xml_scan.h"

#include <libxml/parser.h>
#include <string.h>

static const char *const values[] = {
    "plain", "", " a  b ", "a\tb\nc\rd\r\ne\n\r", "&lt;&gt;&amp;&quot;&apos;", "&#47;&#x2f;&#x2F;", "&#x0000000000002f;", "&#0000000000000000000000000000000000000047;x",
    "&#x00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002f;", "&#9;&#10;&#13;&#xD;&#xa;&#32;",
    "&amp;#x2f;&#38;#47;&#38;lt;", "&#x7f;&#x85;&#xa0;&#x2028;", "&#xd7ff;&#xe000;&#xfffd;&#x10000;&#x10ffff;", "\xc2\x85\xe2\x80\xa8\xc3\xa4", "]] >;", "a;b;c", "&#x41", "&#;", "&#x;", "&;", "&", "& amp;",
    "&amp ;", "&AMP;", "&slash;", "&nbsp;", "&#X2f;", "&#+47;", "&# 47;", "&#-1;", "&#0x2f;", "&#x0x2f;", "&#x2g;", "&#4a;", "&#0;", "&#x0;", "&#1;", "&#x1f;", "&#xd800;", "&#xdfff;", "&#xfffe;", "&#xffff;",
    "&#x110000;", "&#1114112;", "&#4294967343;", "&#x10000002f;", "&#18446744073709551663;", "&#x1000000000000002f;", "<", ">",
};

/* XML as libxml2 reads it, without a word; NULL where it is none. Free it. */
static xmlDoc *
parse(const char *xml)
{
    return xmlReadMemory(xml, (int) strlen(xml), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static void
check(const char *xml)
{
    g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
    xmlDoc *theirs = parse(xml);
    if (!doc != !theirs)
        g_error("%s: %s takes it alone", xml, doc ? "the scanner" : "libxml2");
    xmlNode *root = theirs ? xmlDocGetRootElement(theirs) : NULL;
    xmlChar *value = root ? xmlGetProp(root, (const xmlChar *) "b") : NULL, *text = root ? xmlNodeGetContent(root) : NULL;
    g_autofree char *our_value = doc ? scan_get(doc, doc->root, "b") : NULL, *our_text = doc ? scan_text(doc, doc->root) : NULL;
    g_assert_cmpstr(our_value, ==, (const char *) value);
    g_assert_cmpstr(our_text, ==, (const char *) text);
    xmlFree(value);
    xmlFree(text);
    xmlFreeDoc(theirs);
}

static void
test_attributes(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *xml = g_strdup_printf("<a b='%s'/>", values[i]), *twice = g_strdup_printf("<a b=\"x%s%s\"></a>", values[i], values[i]);
        check(xml);
        check(twice);
    }
}

static void
test_texts(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autofree char *xml = g_strdup_printf("<a>%s</a>", values[i]), *broken = g_strdup_printf("<a>x<!-- & &#x2f; -->%s<?p & ?>%s</a>", values[i], values[i]);
        g_autofree char *data = g_strdup_printf("<a>%s<![CDATA[%s]]>%s</a>", values[i], values[i], values[i]);
        check(xml);
        check(broken);
        check(data);
    }
}

/* A namespace is what is declared, however it is written. */
static void
test_namespaces(void)
{
    static const char *const xmls[] = { "<a xmlns='urn:x&#x000000000000003a;y'/>", "<a xmlns='urn:x:&#121;'/>", "<q:a xmlns:q='&#117;rn:x:y'/>", "<a xmlns=\"urn:x:y\"/>" };
    for (guint i = 0; i < G_N_ELEMENTS(xmls); i++) {
        GError *error = NULL;
        g_autoptr(ScanDoc) doc = scan_new(xmls[i], &error);
        g_assert_no_error(error);
        g_autofree char *space = scan_namespace(doc, doc->root);
        g_assert_cmpstr(space, ==, "urn:x:y");
    }
}

/* In another encoding the bytes we look at are not the signs libvirt sees. */
static void
test_encodings(void)
{
    static const char *const refused[] = { "UTF-7", "utf-7", "ISO-8859-1", "UTF-16", "UCS-4", "IBM037", "SHIFT_JIS", "no-such" }, *const taken[] = { "UTF-8", "utf-8", "us-ascii" };
    for (guint i = 0; i < G_N_ELEMENTS(refused); i++) {
        g_autofree char *xml = g_strdup_printf("<?xml version='1.0' encoding='%s'?><a b='+AC8-etc'/>", refused[i]);
        g_autoptr(ScanDoc) doc = scan_new(xml, NULL);
        if (doc)
            g_error("%s is taken", refused[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(taken); i++) {
        g_autofree char *xml = g_strdup_printf("<?xml version='1.0' encoding='%s'?><a b='+AC8-etc'/>", taken[i]);
        check(xml);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/domain_xml_scan/attributes", test_attributes);
    g_test_add_func("/domain_xml_scan/texts", test_texts);
    g_test_add_func("/domain_xml_scan/namespaces", test_namespaces);
    g_test_add_func("/domain_xml_scan/encodings", test_encodings);
    return g_test_run();
}
