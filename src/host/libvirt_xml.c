/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * libxml2's XPath under four short names. Paths are constants of the callers, never text from outside. */
#include "host/libvirt_xml.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <string.h>

#define MOST_BYTES (16 << 20)
#define MOST_NODES 100000

xmlDoc *
libvirt_xml_parse(const char *text)
{
    gsize length = text ? strlen(text) : 0;
    if (length == 0 || length > MOST_BYTES)
        return NULL;
    return xmlReadMemory(text, (int) length, "libvirt", NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static xmlXPathObject *
evaluate(xmlDoc *doc, xmlNode *node, const char *path)
{
    xmlXPathContext *context = doc ? xmlXPathNewContext(doc) : NULL;
    if (!context)
        return NULL;
    context->node = node ? node : xmlDocGetRootElement(doc);
    xmlXPathObject *found = xmlXPathEvalExpression((const xmlChar *) path, context);
    xmlXPathFreeContext(context);
    return found;
}

GPtrArray *
libvirt_xml_nodes(xmlDoc *doc, xmlNode *node, const char *path)
{
    GPtrArray *nodes = g_ptr_array_new();
    xmlXPathObject *found = evaluate(doc, node, path);
    int count = found && found->nodesetval ? MIN(found->nodesetval->nodeNr, MOST_NODES) : 0;
    for (int i = 0; i < count; i++)
        g_ptr_array_add(nodes, found->nodesetval->nodeTab[i]);
    xmlXPathFreeObject(found);
    return nodes;
}

char *
libvirt_xml_text(xmlDoc *doc, xmlNode *node, const char *path)
{
    g_autoptr(GPtrArray) nodes = libvirt_xml_nodes(doc, node, path);
    if (nodes->len == 0)
        return NULL;
    xmlChar *content = xmlNodeGetContent(nodes->pdata[0]);
    char *text = g_strstrip(g_strdup((const char *) content));
    xmlFree(content);
    return text;
}

gint64
libvirt_xml_int(xmlDoc *doc, xmlNode *node, const char *path)
{
    g_autofree char *text = libvirt_xml_text(doc, node, path);
    return text ? g_ascii_strtoll(text, NULL, 10) : 0;
}

gboolean
libvirt_xml_has(xmlDoc *doc, xmlNode *node, const char *path)
{
    g_autoptr(GPtrArray) nodes = libvirt_xml_nodes(doc, node, path);
    return nodes->len > 0;
}
