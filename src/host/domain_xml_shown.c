/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What people see of a domain XML. We read it with its secrets, because what we write back must have them; what is left out is exactly
 * what libvirt leaves out for who may not see secrets, so that people see what `virsh dumpxml` prints. */
#include "host/domain_xml.h"
#include "host/domain_xml_splice.h"

char *
domain_xml_shown(const char *xml, GError **error)
{
    g_auto(Splices) splices = { 0 };
    g_autoptr(ScanDoc) doc = scan_new(xml, error);
    if (!doc)
        return NULL;
    splice_begin(&splices, doc);
    for (guint i = 0; i < doc->nodes->len; i++) {
        const ScanNode *node = doc->nodes->pdata[i];
        if (scan_is(doc, node, "graphics"))
            splice_attribute(&splices, node, "passwd", NULL);
        else if (scan_is(doc, node, "cookies"))         /* of a disk that is read by HTTP */
            splice_remove(&splices, node);
    }
    return splice_apply(&splices);
}
