/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * From elements to lines. libvirt finds most children and attributes by their local name, whatever namespace they are of, and takes text in
 * pieces for one: so what has a prefix is never free, and what is free is looked through for paths all the same. Depth is bounded by the
 * parser that let the document in. */
#include "host/domain_xml_override_lines.h"

#include "base/text.h"
#include "host/domain_xml.h"

#include <string.h>

#define ALIAS "alias@name="
#define SERIAL "serial="

typedef struct {
    const ScanDoc *doc;
    const OverrideKind *kind;
    GPtrArray *lines;
} Walk;

/* --- values ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* Words of libvirt's have no slash in them; what has one might be opened, from wherever its reader stands. */
static gboolean
has_slash(const char *value)
{
    return strchr(value, '/') != NULL;
}

/* Of texts, which may be anybody's prose. */
static gboolean
is_path(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '/' || strstr(text, "../");
}

static const ScanAttribute *
attribute_at(const ScanDoc *doc, const ScanNode *node, guint i)
{
    return &g_array_index(doc->attributes, ScanAttribute, node->attributes + i);
}

static char *
attribute_name(const ScanDoc *doc, const ScanAttribute *attribute)
{
    return g_strndup(doc->bytes + attribute->name, attribute->name_length);
}

static char *
element_name(const ScanDoc *doc, const ScanNode *node)
{
    return g_strndup(doc->bytes + node->name, node->name_length);
}

gboolean
override_is_foreign(const ScanDoc *doc, const ScanNode *node)
{
    return memchr(doc->bytes + node->name, ':', node->name_length) || scan_attribute(doc, node, "xmlns");
}

static gboolean
is_secret(const ScanDoc *doc, const ScanNode *node, const char *attribute)
{
    return attribute ? scan_is(doc, node, "graphics") && g_str_equal(attribute, "passwd") : scan_is(doc, node, "cookies");
}

/* --- whole elements ----------------------------------------------------------------------------------------------------------------- */

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
add_attributes(Text *out, const ScanDoc *doc, const ScanNode *node, gboolean secrets)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < node->n_attributes; i++) {
        g_autofree char *name = attribute_name(doc, attribute_at(doc, node, i)), *value = scan_get(doc, node, name);
        g_auto(Text) pair = TEXT_EMPTY;
        if (!secrets && is_secret(doc, node, name))
            continue;
        text_printf(&pair, " %s='", name);
        text_add_xml(&pair, value ? value : "");
        text_add_literal(&pair, "'");
        g_ptr_array_add(pairs, text_take(&pair));
    }
    g_ptr_array_sort(pairs, by_text);
    for (guint i = 0; i < pairs->len; i++)
        text_add(out, pairs->pdata[i]);
}

static void
add_whole(Text *out, const ScanDoc *doc, const ScanNode *node, gboolean secrets)
{
    g_autofree char *space = scan_namespace(doc, node), *name = *space ? scan_local_name(doc, node) : element_name(doc, node), *text = scan_text(doc, node);
    if (*space)
        text_printf(out, "<{%s}%s", space, name);
    else
        text_printf(out, "<%s", name);
    add_attributes(out, doc, node, secrets);
    text_add_literal(out, ">");
    if (!is_blank(text))
        text_add_xml(out, text);
    for (const ScanNode *child = node->first; child; child = child->next) {
        if (secrets || !is_secret(doc, child, NULL))
            add_whole(out, doc, child, secrets);
    }
    text_add_literal(out, "</>");
}

char *
override_whole(const ScanDoc *doc, const ScanNode *node, gboolean secrets)
{
    g_auto(Text) out = TEXT_EMPTY;
    add_whole(&out, doc, node, secrets);
    return text_take(&out);
}

/* --- lines --------------------------------------------------------------------------------------------------------------------------- */

/* Does nothing in it lead anywhere? */
static gboolean
is_plain(const ScanDoc *doc, const ScanNode *node)
{
    g_autofree char *text = scan_text(doc, node);
    if (override_is_foreign(doc, node) || is_path(text))
        return FALSE;
    for (guint i = 0; i < node->n_attributes; i++) {
        g_autofree char *name = attribute_name(doc, attribute_at(doc, node, i)), *value = scan_get(doc, node, name);
        if (strchr(name, ':') || has_slash(value))
            return FALSE;
    }
    for (const ScanNode *child = node->first; child; child = child->next) {
        if (!is_plain(doc, child))
            return FALSE;
    }
    return TRUE;
}

static void
add_line(Walk *walk, const char *path, const char *between, const char *value)
{
    g_ptr_array_add(walk->lines, g_strconcat(path, between, value, NULL));
}

/* Whose device it is stands in an alias, or in a serial number, as a UUID. */
static gboolean
names_ours(const char *line)
{
    Id id;
    const char *value = g_str_has_prefix(line, ALIAS) ? line + strlen(ALIAS) : g_str_has_prefix(line, SERIAL) ? line + strlen(SERIAL) : NULL;
    if (!value || (*line == 'a' && !g_str_has_prefix(value, "ua-")))
        return FALSE;
    return id_parse(*line == 'a' ? value + strlen("ua-") : value, ID_UUID, &id);
}

gboolean
override_is_identity(const char *line)
{
    return names_ours(line);
}

static void
look_at_attributes(Walk *walk, const ScanNode *node, const char *path)
{
    gboolean all = override_is_open(walk->kind, path, "@*");
    for (guint i = 0; i < node->n_attributes; i++) {
        g_autofree char *name = attribute_name(walk->doc, attribute_at(walk->doc, node, i)), *value = scan_get(walk->doc, node, name);
        g_autofree char *key = g_strconcat("@", name, NULL), *line = g_strconcat(path, key, "=", value, NULL);
        gboolean is_free = (all && !strchr(name, ':')) || override_is_open(walk->kind, path, key);
        is_free = (is_free && !has_slash(value)) || override_takes(walk->kind->open, line);
        if (g_str_has_prefix(name, "xmlns:") || is_secret(walk->doc, node, name) || (is_free && !names_ours(line)))
            continue;
        g_ptr_array_add(walk->lines, g_steal_pointer(&line));
    }
}

static void look_at_child(Walk *walk, const ScanNode *child, const char *path);

static void
look_at(Walk *walk, const ScanNode *node, const char *path)
{
    g_autofree char *text = scan_text(walk->doc, node), *line = g_strconcat(path, "=", text, NULL);
    look_at_attributes(walk, node, path);
    if (!is_blank(text) && (!override_is_open(walk->kind, path, "#") || names_ours(line)))
        add_line(walk, path, "=", text);
    for (const ScanNode *child = node->first; child; child = child->next)
        look_at_child(walk, child, path);
}

static void
look_at_whole(Walk *walk, const ScanNode *node, const char *path)
{
    g_autofree char *whole = override_whole(walk->doc, node, FALSE);
    add_line(walk, path, " ", whole);
}

/* Which of two a reader takes depends on the reader: the second is nobody's to write. */
static gboolean
is_again(const Walk *walk, const ScanNode *child, const char *name, const char *path)
{
    static const char *const many[] = { "listen", "cpu/numa/cell", NULL };
    return child->parent != walk->doc->root && !g_strv_contains(many, path) && scan_child(walk->doc, child->parent, name) != child;
}

static void
look_at_child(Walk *walk, const ScanNode *child, const char *path)
{
    g_autofree char *name = element_name(walk->doc, child), *below = *path ? g_strconcat(path, "/", name, NULL) : g_strdup(name);
    if (is_secret(walk->doc, child, NULL) || (override_is_open(walk->kind, below, "*") && is_plain(walk->doc, child)))
        return;
    if (!override_is_foreign(walk->doc, child) && override_is_open(walk->kind, below, "") && !is_again(walk, child, name, below))
        look_at(walk, child, below);
    else
        look_at_whole(walk, child, below);
}

/* --- items --------------------------------------------------------------------------------------------------------------------------- */

static void
item_free(OverrideItem *item)
{
    g_ptr_array_unref(item->lines);
    g_free(item->name);
    g_free(item);
}

static OverrideItem *
item_new(const ScanDoc *doc, const ScanNode *node, const char *kind)
{
    OverrideItem *item = g_new0(OverrideItem, 1);
    item->name = element_name(doc, node);
    item->kind = override_kind(kind ? kind : item->name);
    item->node = node;
    item->lines = g_ptr_array_new_with_free_func(g_free);
    return item;
}

const char *
override_value(const OverrideItem *item, const char *start)
{
    for (guint i = 0; i < item->lines->len; i++) {
        if (g_str_has_prefix(item->lines->pdata[i], start))
            return (const char *) item->lines->pdata[i] + strlen(start);
    }
    return NULL;
}

/* What libvirt takes where nothing is said, and what one value makes of another. */
static void
add_unsaid(Walk *walk, const OverrideItem *item)
{
    gboolean disk = g_str_equal(item->name, "disk"), user = g_str_equal(item->name, "interface") && g_strcmp0(override_value(item, "@type="), "user") == 0;
    if (disk && !override_value(item, "driver@type="))
        add_line(walk, "driver@type", "=", "raw");
    if (disk && !override_value(item, "@device="))
        add_line(walk, "@device", "=", "disk");
    for (const ScanNode *link = user ? scan_child(walk->doc, item->node, "link") : NULL; link; link = scan_next(walk->doc, link))
        look_at_whole(walk, link, "link");      /* its plug is the way to what the host's own loopback serves */
}

static void
add_device(OverrideSide *side, const ScanNode *node)
{
    OverrideItem *item = item_new(side->doc, node, NULL);
    Walk walk = { side->doc, item->kind, item->lines };
    if (!override_is_open(item->kind, "", "*"))
        look_at(&walk, node, "");
    else if (!is_plain(side->doc, node))
        look_at_whole(&walk, node, "");
    add_unsaid(&walk, item);
    g_ptr_array_sort(item->lines, by_text);
    g_ptr_array_add(side->items, item);
}

/* --- the domain ------------------------------------------------------------------------------------------------------------------------ */

static void
split_metadata(OverrideSide *side, const ScanNode *metadata)
{
    for (const ScanNode *child = metadata->first; child; child = child->next) {
        g_autofree char *space = scan_namespace(side->doc, child);
        if (g_str_equal(space, DOMAIN_XML_NAMESPACE))
            g_ptr_array_add(side->marks, override_whole(side->doc, child, TRUE));
    }
}

static void
split_devices(OverrideSide *side, Walk *walk, const ScanNode *devices)
{
    look_at_attributes(walk, devices, "devices");
    for (const ScanNode *child = devices->first; child; child = child->next) {
        if (override_is_foreign(side->doc, child) || scan_is(side->doc, child, "emulator"))
            look_at_whole(walk, child, scan_is(side->doc, child, "emulator") ? "devices/emulator" : "devices");
        else
            add_device(side, child);
    }
}

static void
split(OverrideSide *side)
{
    static const char *const many[] = { "seclabel", "sysinfo", NULL };
    const ScanDoc *doc = side->doc;
    Walk walk = { doc, side->root->kind, side->root->lines };
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    look_at_attributes(&walk, doc->root, "");
    for (const ScanNode *child = doc->root->first; child; child = child->next) {
        g_autofree char *name = element_name(doc, child);
        gboolean foreign = override_is_foreign(doc, child);
        if (!foreign && scan_is(doc, child, "metadata"))
            split_metadata(side, child);
        else if (!foreign && scan_is(doc, child, "devices"))
            split_devices(side, &walk, child);
        else
            look_at_child(&walk, child, "");
        if (!foreign && !g_strv_contains(many, name))
            side->twice |= !g_hash_table_add(seen, g_steal_pointer(&name));
    }
    g_ptr_array_sort(side->root->lines, by_text);
}

OverrideSide *
override_side_new(ScanDoc *take)
{
    OverrideSide *side = g_new0(OverrideSide, 1);
    side->doc = take;
    side->root = item_new(take, take->root, OVERRIDE_DOMAIN);
    side->items = g_ptr_array_new_with_free_func((GDestroyNotify) item_free);
    side->marks = g_ptr_array_new_with_free_func(g_free);
    split(side);
    return side;
}

void
override_side_free(OverrideSide *side)
{
    if (!side)
        return;
    item_free(side->root);
    g_ptr_array_unref(side->items);
    g_ptr_array_unref(side->marks);
    scan_free(side->doc);
    g_free(side);
}
