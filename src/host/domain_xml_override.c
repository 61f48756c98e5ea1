/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Old and new are laid side by side as lines (domain_xml_override_lines.h). The domain's own lines must be the same but for those that may come and
 * go; each device must be one that was there, line for line, or one that is harmless when it is new. So nothing opens the host because
 * somebody forgot to forbid it. */
#include "host/domain_xml_override.h"

#include "host/domain_xml.h"
#include "host/domain_xml_mark.h"
#include "host/domain_xml_override_lines.h"
#include "host/domain_xml_splice.h"

#include <string.h>

#define SOURCE "source@file="

typedef struct {
    const char *vm;
    OverrideSide *old, *new;
    DomainOverride *ret;
} Comparison;

/* --- sentences --------------------------------------------------------------------------------------------------------------------- */

/* Where a line is: its path, and of a device its element before that. Yours. */
static char *
place_of(const OverrideItem *item, const char *line)
{
    g_autofree char *path = g_strndup(line, strcspn(line, "= "));
    if (g_str_equal(item->kind->name, OVERRIDE_DOMAIN))
        return g_strconcat(*path && *path != '@' ? "" : "domain", path, NULL);
    return g_strconcat("devices/", item->name, *path && *path != '@' ? "/" : "", path, NULL);
}

static gboolean
refuse(const Comparison *comparison, MessageCode code, const OverrideItem *item, const char *line, GError **error)
{
    g_autofree char *place = place_of(item, line), *clean = g_utf8_make_valid(place, (gssize) MIN(strlen(place), 120));
    return fault_set(error, code, "vm", comparison->vm, "element", clean, NULL);
}

/* --- what is new ------------------------------------------------------------------------------------------------------------------- */

static gsize
path_length(const char *line)
{
    return strcspn(line, "= ");
}

static gboolean
is_harmless(const OverrideKind *kind, const char *line)
{
    return override_takes(kind->fresh, line);
}

/* What must be asked elsewhere of a line that is harmless by itself. */
static void
note(Comparison *comparison, const OverrideItem *item, const char *line)
{
    DomainOverride *ret = comparison->ret;
    for (const char *const *pattern = item->kind->fresh; pattern && *pattern; pattern++) {
        const char *boot = override_word(*pattern, OVERRIDE_BOOT, line), *file = boot ? boot : override_word(*pattern, OVERRIDE_FILE, line);
        const char *network = override_word(*pattern, OVERRIDE_NETWORK, line);
        gboolean disk = file && g_str_equal(item->name, "disk") && g_strcmp0(override_value(item, "@device="), "cdrom") != 0;
        if (file)
            g_ptr_array_add(ret->files, g_strdup(file));
        if (disk && !override_value(item, "readonly "))
            g_ptr_array_add(ret->writable, g_strdup(file));
        if (network)
            g_ptr_array_add(ret->networks, g_strconcat(g_str_has_prefix(line, "source@bridge") ? "bridge:" : "network:", network, NULL));
    }
}

/* The id of one of our devices goes on only with a drive that has another medium: disks and cards have verbs for what they are, and the manager
 * knows more of them than their XML says. */
static gboolean
keeps_identity(const Comparison *comparison, const OverrideItem *item, const char *line)
{
    gboolean drive = g_str_equal(item->name, "disk") && g_strcmp0(override_value(item, "@device="), "cdrom") == 0;
    for (guint i = 0; drive && i < comparison->old->items->len; i++) {
        OverrideItem *was = comparison->old->items->pdata[i];
        if (was->mate || !g_str_equal(was->name, item->name) || !g_ptr_array_find_with_equal_func(was->lines, line, g_str_equal, NULL))
            continue;
        was->mate = (OverrideItem *) item;
        return TRUE;
    }
    return FALSE;
}

static guint
count_disks(const OverrideSide *side, const char *file)
{
    guint count = 0;
    for (guint i = 0; i < side->items->len; i++) {
        const OverrideItem *item = side->items->pdata[i];
        gboolean disk = g_str_equal(item->name, "disk") && g_strcmp0(override_value(item, "@device="), "cdrom") != 0;
        count += disk && g_strcmp0(override_value(item, SOURCE), file) == 0;
    }
    return count;
}

/* A disk's file is one disk, before and behind. */
static gboolean
is_alone(const Comparison *comparison, const OverrideItem *item, GError **error)
{
    const char *file = g_str_equal(item->name, "disk") ? override_value(item, SOURCE) : NULL;
    if (!file || (count_disks(comparison->old, file) == 0 && count_disks(comparison->new, file) <= 1))
        return TRUE;
    return refuse(comparison, MSG_OVERRIDE_DEVICE, item, SOURCE, error);
}

static gboolean
is_known(const Comparison *comparison, const OverrideItem *item, const char *line)
{
    for (guint i = 0; i < comparison->old->items->len; i++) {
        const OverrideItem *was = comparison->old->items->pdata[i];
        if (g_str_equal(was->name, item->name) && g_ptr_array_find_with_equal_func(was->lines, line, g_str_equal, NULL))
            return TRUE;
    }
    return FALSE;
}

/* The sentence points at what nothing of its kind said before, best at what nothing new may say; else at LINE. */
static gboolean
refuse_device(const Comparison *comparison, const OverrideItem *item, const char *line, GError **error)
{
    const char *telling = NULL;
    for (guint i = 0; i < item->lines->len; i++) {
        const char *other = item->lines->pdata[i];
        if (is_known(comparison, item, other) || (telling && is_harmless(item->kind, other)))
            continue;
        telling = other;
        if (!is_harmless(item->kind, other))
            break;
    }
    return refuse(comparison, MSG_OVERRIDE_DEVICE, item, telling ? telling : line, error);
}

static gboolean
check_fresh(Comparison *comparison, const OverrideItem *item, GError **error)
{
    for (guint i = 0; i < item->lines->len; i++) {
        const char *line = item->lines->pdata[i], *before = i > 0 ? item->lines->pdata[i - 1] : "";
        gboolean again = i > 0 && path_length(line) == path_length(before) && strncmp(line, before, path_length(line)) == 0;
        gboolean well = override_is_identity(line) ? keeps_identity(comparison, item, line) : is_harmless(item->kind, line);
        if (again || !well)
            return refuse_device(comparison, item, line, error);
    }
    if (!item->kind->fresh)
        return refuse_device(comparison, item, "", error);
    if (!is_alone(comparison, item, error))
        return FALSE;
    for (guint i = 0; i < item->lines->len; i++)
        note(comparison, item, item->lines->pdata[i]);
    return TRUE;
}

/* --- devices ----------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_listen(const char *line)
{
    return g_str_has_prefix(line, "@listen=") || g_str_has_prefix(line, "listen");
}

/* The same lines; but for where a screen listens, if it is now at the loopback, and said so. */
static gboolean
is_same(const OverrideItem *was, const OverrideItem *item, gboolean loopback)
{
    guint at = 0, i = 0;
    for (;;) {
        while (loopback && at < was->lines->len && is_listen(was->lines->pdata[at]))
            at++;
        while (loopback && i < item->lines->len && is_listen(item->lines->pdata[i]))
            i++;
        if (at == was->lines->len || i == item->lines->len)
            return at == was->lines->len && i == item->lines->len;
        if (!g_str_equal(was->lines->pdata[at++], item->lines->pdata[i++]))
            return FALSE;
    }
}

static gboolean
is_at_loopback(const OverrideItem *item)
{
    static const char *const well[] = { "@listen=127.0.0.1", "@listen=::1", "listen@address=127.0.0.1", "listen@address=::1", "listen@type=address", NULL };
    gboolean said = FALSE;
    for (guint i = 0; i < item->lines->len; i++) {
        const char *line = item->lines->pdata[i];
        if (is_listen(line) && !g_strv_contains(well, line))
            return FALSE;
        said |= is_listen(line) && !g_str_equal(line, "listen@type=address");
    }
    return said && g_str_equal(item->name, "graphics");
}

static void
find_mate(const Comparison *comparison, OverrideItem *item, gboolean loopback)
{
    for (guint i = 0; !item->mate && i < comparison->old->items->len; i++) {
        OverrideItem *was = comparison->old->items->pdata[i];
        if (was->mate || !g_str_equal(was->name, item->name) || !is_same(was, item, loopback))
            continue;
        was->mate = item;
        item->mate = was;
    }
}

static gboolean
check_devices(Comparison *comparison, GError **error)
{
    const GPtrArray *items = comparison->new->items;
    for (guint i = 0; i < items->len; i++)
        find_mate(comparison, items->pdata[i], FALSE);
    for (guint i = 0; i < items->len; i++) {
        OverrideItem *item = items->pdata[i];
        if (!item->mate && is_at_loopback(item))
            find_mate(comparison, item, TRUE);
        if (!item->mate && !check_fresh(comparison, item, error))
            return FALSE;
    }
    return TRUE;
}

/* --- the domain -------------------------------------------------------------------------------------------------------------------- */

/* What ONE says and OTHER does not, and what may not come and go; NULL: nothing. */
static const char *
find_other(const OverrideItem *one, const OverrideItem *other)
{
    g_autoptr(GHashTable) counts = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < other->lines->len; i++) {
        char *line = other->lines->pdata[i];
        g_hash_table_replace(counts, line, GUINT_TO_POINTER(GPOINTER_TO_UINT(g_hash_table_lookup(counts, line)) + 1));
    }
    for (guint i = 0; i < one->lines->len; i++) {
        char *line = one->lines->pdata[i];
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, line));
        if (count == 0 && !is_harmless(one->kind, line))
            return line;
        if (count > 0)
            g_hash_table_replace(counts, line, GUINT_TO_POINTER(count - 1));
    }
    return NULL;
}

static gboolean
check_domain(Comparison *comparison, GError **error)
{
    const OverrideItem *was = comparison->old->root, *root = comparison->new->root;
    const char *changed = find_other(root, was);
    if (!changed)
        changed = find_other(was, root);
    if (changed)
        return refuse(comparison, MSG_OVERRIDE_FIXED, root, changed, error);
    if (comparison->new->twice && !comparison->old->twice)
        return fault_set(error, MSG_OVERRIDE_TWICE, "vm", comparison->vm, NULL);
    for (guint i = 0; i < root->lines->len; i++) {
        const char *line = root->lines->pdata[i];
        if (!g_ptr_array_find_with_equal_func(was->lines, line, g_str_equal, NULL))
            note(comparison, root, line);
    }
    return TRUE;
}

static gboolean
check_marks(const Comparison *comparison, GError **error)
{
    const GPtrArray *was = comparison->old->marks, *now = comparison->new->marks;
    gboolean same = was->len == now->len;
    for (guint i = 0; same && i < was->len; i++)
        same = g_str_equal(was->pdata[i], now->pdata[i]);
    return same || fault_set(error, MSG_OVERRIDE_MARK, "vm", comparison->vm, NULL);
}

/* --- secrets ------------------------------------------------------------------------------------------------------------------------ */

static const ScanNode *
cookies_of(const ScanDoc *doc, const ScanNode *node)
{
    return scan_path(doc, node, "source/cookies");
}

static guint
count_cookies(const ScanDoc *doc, const ScanNode *node)
{
    guint count = scan_is(doc, node, "cookies");
    for (const ScanNode *child = node->first; child; child = child->next)
        count += count_cookies(doc, child);
    return count;
}

static gboolean
put_password(Comparison *comparison, Splices *splices, const OverrideItem *item, GError **error)
{
    g_autofree char *was = item->mate ? scan_get(comparison->old->doc, item->mate->node, "passwd") : NULL, *now = scan_get(comparison->new->doc, item->node, "passwd");
    if (now && g_strcmp0(now, was) != 0)
        return refuse(comparison, MSG_OVERRIDE_SECRET, item, "@passwd", error);
    if (was)
        splice_attribute(splices, item->node, "passwd", was);
    return TRUE;
}

/* Behind the source of the disk they belong to; those that stand anywhere else, nobody could put back. */
static gboolean
put_cookies(Comparison *comparison, Splices *splices, const OverrideItem *item, GError **error)
{
    const ScanDoc *old = comparison->old->doc, *new = comparison->new->doc;
    const ScanNode *was = item->mate ? cookies_of(old, item->mate->node) : NULL, *now = cookies_of(new, item->node), *source = scan_child(new, item->node, "source");
    guint sent = count_cookies(new, item->node), had = item->mate ? count_cookies(old, item->mate->node) : 0;
    g_autofree char *before = was ? override_whole(old, was, TRUE) : NULL, *behind = now ? override_whole(new, now, TRUE) : NULL;
    gboolean well = had == (was ? 1 : 0) && (sent == 0 || (sent == 1 && g_strcmp0(before, behind) == 0)) && (!was || source);
    if (!well)
        return refuse(comparison, MSG_OVERRIDE_SECRET, item, "source/cookies", error);
    g_autofree char *element = was && !now ? g_strndup(old->bytes + was->start, was->end - was->start) : NULL;
    if (element)
        splice_insert(splices, source, NULL, element);
    return TRUE;
}

static gboolean
put_secrets(Comparison *comparison, GError **error)
{
    g_auto(Splices) splices = { 0 };
    splice_begin(&splices, comparison->new->doc);
    for (guint i = 0; i < comparison->new->items->len; i++) {
        const OverrideItem *item = comparison->new->items->pdata[i];
        if (g_str_equal(item->name, "graphics") && !put_password(comparison, &splices, item, error))
            return FALSE;
        if (g_str_equal(item->name, "disk") && !put_cookies(comparison, &splices, item, error))
            return FALSE;
    }
    comparison->ret->xml = splice_apply(&splices);
    return TRUE;
}

/* --- the whole ------------------------------------------------------------------------------------------------------------------------ */

static gboolean
is_same_text(const char *old, const char *xml)
{
    g_autoptr(ScanDoc) was = scan_new(old, NULL), now = scan_new(xml, NULL);
    g_autofree char *before = was ? override_whole(was, was->root, TRUE) : NULL, *behind = now ? override_whole(now, now->root, TRUE) : NULL;
    return before && g_strcmp0(before, behind) == 0;
}

static OverrideSide *
read_sent(const char *sent, const char *vm, GError **error)
{
    g_autoptr(GError) why = NULL;
    ScanDoc *doc = scan_new(sent, &why);
    if (!doc) {
        const char *reason = message_argument(fault_message(why), "reason");
        fault_set(error, MSG_OVERRIDE_UNREADABLE, "vm", vm, "reason", reason ? reason : why->message, NULL);
        return NULL;
    }
    OverrideSide *side = override_side_new(doc);
    if (scan_is(doc, doc->root, "domain") && !override_is_foreign(doc, doc->root))
        return side;
    override_side_free(side);
    fault_set(error, MSG_OVERRIDE_NO_DOMAIN, "vm", vm, NULL);
    return NULL;
}

static gboolean
compare(const char *old, const char *sent, Comparison *comparison, GError **error)
{
    ScanDoc *doc = scan_new(old, error);
    g_autoptr(OverrideSide) was = doc ? override_side_new(doc) : NULL, now = was ? read_sent(sent, comparison->vm, error) : NULL;
    comparison->old = was;
    comparison->new = now;
    if (!now || !check_domain(comparison, error) || !check_marks(comparison, error) || !check_devices(comparison, error) || !put_secrets(comparison, error))
        return FALSE;
    comparison->ret->same = is_same_text(old, comparison->ret->xml);
    return TRUE;
}

gboolean
domain_xml_override(const char *old, const char *sent, const char *vm, DomainOverride *ret, GError **error)
{
    Comparison comparison = { .vm = vm, .ret = ret };
    GPtrArray **lists[] = { &ret->files, &ret->writable, &ret->networks };
    *ret = (DomainOverride) { 0 };
    for (guint i = 0; i < G_N_ELEMENTS(lists); i++)
        *lists[i] = g_ptr_array_new_with_free_func(g_free);
    if (compare(old, sent, &comparison, error))
        return TRUE;
    domain_override_clear(ret);
    return FALSE;
}

void
domain_override_clear(DomainOverride *override)
{
    g_clear_pointer(&override->xml, g_free);
    g_clear_pointer(&override->files, g_ptr_array_unref);
    g_clear_pointer(&override->writable, g_ptr_array_unref);
    g_clear_pointer(&override->networks, g_ptr_array_unref);
}

char *
domain_xml_version(const char *xml)
{
    g_autofree char *shown = domain_xml_shown(xml, NULL), *digest = shown ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, shown, -1) : NULL;
    return digest ? g_strndup(digest, 32) : NULL;
}

char *
domain_xml_marked(const char *xml, const char *job)
{
    g_auto(Splices) splices = { 0 };
    g_autoptr(Reading) reading = reading_new(xml, NULL, NULL);
    if (!reading || !reading->ours)
        return NULL;
    splice_begin(&splices, reading->doc);
    splice_attribute(&splices, reading->mark, "job", job);
    return splice_apply(&splices);
}
