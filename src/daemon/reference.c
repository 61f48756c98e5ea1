/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Every type of the inventory and, behind it, what it owns (a VM's NICs), each once: as Markdown and as a man page; and the daemon's
 * own man page. Called by main(). */
#include "daemon/reference.h"

#include "daemon/options.h"
#include "job/command.h"
#include "model/inventory.h"
#include "schema/describe.h"

typedef void (*TellType)(Text *out, const Type *type);

static void
tell(Text *out, const Type *type, GHashTable *told, TellType telling)
{
    if (!g_hash_table_add(told, (gpointer) type))
        return;
    telling(out, type);
    for (const Field *row = type->fields; row->name; row++)
        if (row->kind == KIND_CHILDREN && !(row->flags & SECRET))
            tell(out, row->of, told, telling);
}

static void
tell_all(Text *out, TellType telling)
{
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
    for (const Type *const *type = inventory_types; *type; type++)
        tell(out, *type, told, telling);
}

static void
tell_markdown(Text *out, const Type *type)
{
    describe_markdown(out, type, view_search_words(type), command_verbs(type));
}

void
reference_markdown(Text *out)
{
    text_add_literal(out, "# Resources\n\nMade by `shikirid --describe=markdown`.\n\n");
    tell_all(out, tell_markdown);
}

/* --- man pages ------------------------------------------------------------------------------------------------------------------ */

static void
add_item(Text *out, const char *head, const char *text)
{
    text_add_literal(out, ".TP\n.B ");
    usage_man_text(out, head);
    text_add_literal(out, "\n");
    usage_man_text(out, text);
    text_add_literal(out, "\n");
}

void
reference_man(Text *out)
{
    static const struct { const char *file, *is; } files[] = {
        { "shikiri.db", "What people want, who may do what, jobs and events: the manager's state. --backup writes it to one file." },
        { "storage", "The first storage domain: disks and ISO images." },
        { "pki", "The CA of this manager, its key, and the server's certificate, which is renewed by itself." },
        { "admin-password", "The password of admin@internal, made at the first start." },
        { "url", "Where the manager serves, while it does; shikiri reads it on the same machine." },
    };
    options_man(out);
    text_add_literal(out, ".SH DESCRIPTION\n");
    usage_man_text(out, "The manager serves oVirt's REST API over HTTPS and manages the virtual machines of this machine's libvirt. Domains that exist already "
                        "are adopted as they are; virsh may be used beside it. It ends at SIGTERM and leaves virtual machines running; work that was going on is "
                        "taken up at the next start.\n");
    text_add_literal(out, ".SH FILES\nIn the data directory:\n");
    for (guint i = 0; i < G_N_ELEMENTS(files); i++)
        add_item(out, files[i].file, files[i].is);
    usage_man_faults(out);
    text_add_literal(out, ".SH SEE ALSO\n.BR shikiri (1),\n.BR shikiri-resources (7),\n.BR libvirtd (8)\n");
}

static void
tell_verbs(Text *out, const Type *type)
{
    for (const Command *const *row = command_registry; *row; row++) {
        if ((*row)->on == type)
            add_item(out, (*row)->verb, (*row)->help ? (*row)->help : "");
    }
}

static void
tell_search(Text *out, const Type *type)
{
    g_autoptr(GPtrArray) offers = search_words(type, view_search_words(type));
    text_add_literal(out, ".PP\nSearch words: ");
    for (guint i = 0; i < offers->len; i++)
        text_printf(out, "%s%s", i ? ", " : "", ((const SearchOffer *) offers->pdata[i])->word);
    text_add_literal(out, ".\n");
}

static void
tell_fields(Text *out, const Type *type)
{
    gboolean any = FALSE;
    for (const Field *row = type->fields; row->name; row++) {
        if (!(row->flags & (ADD | SET)) || !row->help || row->kind == KIND_COLLECT)
            continue;
        text_add(out, any ? "" : ".PP\nFields that can be set:\n");
        add_item(out, row->name, row->help);
        any = TRUE;
    }
}

static void
tell_man(Text *out, const Type *type)
{
    text_printf(out, ".SS %s\n", type->one);
    usage_man_text(out, type->help ? type->help : "");
    text_add_literal(out, "\n");
    if (type->parent)
        text_printf(out, "Belongs to %s %s: give %s=NAME.\n", strchr("aeio", type->parent->one[0]) ? "an" : "a", type->parent->one, type->parent->one);
    tell_verbs(out, type);
    tell_fields(out, type);
    tell_search(out, type);
}

void
reference_man_resources(Text *out)
{
    text_add_literal(out, ".\\\" Made by shikirid --describe=man-resources.\n.TH SHIKIRI-RESOURCES 7 \"\" \"Shikiri " SHIKIRI_VERSION "\"\n"
                          ".SH NAME\nshikiri-resources \\- types, verbs, fields and search words of Shikiri\n.SH RESOURCES\n");
    tell_all(out, tell_man);
    text_add_literal(out, ".SH SEE ALSO\n.BR shikiri (1),\n.BR shikirid (8)\n");
}
