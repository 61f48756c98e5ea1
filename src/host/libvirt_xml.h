/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Questions to XML that libvirt itself wrote (capabilities, system information, live domains): small documents, asked by
 * XPath. Bounded and without network or entities all the same. Domain XML that is to be edited is domain_xml's. */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

xmlDoc *libvirt_xml_parse(const char *text);                            /* NULL if it is none, or too large */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)
/* The text of the first match below NODE (NULL: of the document); yours; NULL if there is none. */
char *libvirt_xml_text(xmlDoc *doc, xmlNode *node, const char *path);
gint64 libvirt_xml_int(xmlDoc *doc, xmlNode *node, const char *path);   /* 0 if there is none */
GPtrArray *libvirt_xml_nodes(xmlDoc *doc, xmlNode *node, const char *path);    /* xmlNode *, borrowed */
gboolean libvirt_xml_has(xmlDoc *doc, xmlNode *node, const char *path);
