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

typedef void (*TellType)(Text *out, const Type *type, Language language);

static void
tell(Text *out, const Type *type, GHashTable *told, TellType telling, Language language)
{
    if (!g_hash_table_add(told, (gpointer) type))
        return;
    telling(out, type, language);
    for (const Field *row = type->fields; row->name; row++)
        if (row->kind == KIND_CHILDREN && !(row->flags & SECRET))
            tell(out, row->of, told, telling, language);
}

static void
tell_all(Text *out, TellType telling, Language language)
{
    g_autoptr(GHashTable) told = g_hash_table_new(NULL, NULL);
    for (const Type *const *type = inventory_types; *type; type++)
        tell(out, *type, told, telling, language);
}

static void
tell_markdown(Text *out, const Type *type, G_GNUC_UNUSED Language language)
{
    describe_markdown(out, type, view_search_words(type), command_verbs(type));
}

void
reference_markdown(Text *out)
{
    text_add_literal(out, "# Resources\n\nMade by `shikirid --describe=markdown`.\n\n");
    tell_all(out, tell_markdown, LANGUAGE_EN);
}

/* --- man pages ------------------------------------------------------------------------------------------------------------------ */

static const char *const about =
    "The manager serves oVirt's REST API over HTTPS and manages the virtual machines of this machine's libvirt. Domains that exist already "
    "are adopted as they are; virsh may be used beside it. It ends at SIGTERM and leaves virtual machines running; work that was going on is "
    "taken up at the next start.";

static const struct { const char *file, *is; } files[] = {
    { "shikiri.db", "What people want, who may do what, jobs and events: the manager's state. --backup writes it to one file." },
    { "storage", "The first storage domain: disks and ISO images." },
    { "console", "What serial consoles printed, of VMs whose console.log_enabled is set: a file a VM, named by its id, which virtlogd writes and bounds." },
    { "pki", "The CA of this manager, its key, and the server's certificate, which is renewed by itself." },
    { "admin-password", "The password of admin@internal, made at the first start." },
    { "metrics", "The numbers of the last year in files of fixed size: VMs, disks, NICs, hosts." },
    { "ledger", "What virtual machines that are bound to cores ran on which when: the evidence for licences, signed. --backup does not carry it." },
    { "ledger-key.pem", "The key that signs it; its public half is beside it." },
    { "url", "Where the manager serves, while it does; shikiri reads it on the same machine." },
};

static const char *const guests =
    "shikiri-guests.service stops the virtual machines in order before the machine goes down. Stopping that unit by hand stops them too; "
    "stopping or restarting shikirid does not.";

void
reference_man(Text *out, Language language)
{
    options_man(out, language);
    usage_man_head(out, "DESCRIPTION", language);
    usage_man_text(out, language_word(about, language));
    text_add_literal(out, "\n");
    usage_man_head(out, "FILES", language);
    text_printf(out, "%s\n", language_word("In the data directory:", language));
    for (guint i = 0; i < G_N_ELEMENTS(files); i++)
        usage_man_item(out, files[i].file, files[i].is, language);
    usage_man_head(out, "NOTES", language);
    usage_man_text(out, language_word(guests, language));
    text_add_literal(out, "\n");
    usage_man_faults(out, language);
    usage_man_head(out, "SEE ALSO", language);
    text_add_literal(out, ".BR shikiri (1),\n.BR shikiri-resources (7),\n.BR libvirtd (8)\n");
}

static void
tell_verbs(Text *out, const Type *type, Language language)
{
    for (const Command *const *row = command_registry; *row; row++) {
        if ((*row)->on == type)
            usage_man_item(out, (*row)->verb, (*row)->help ? (*row)->help : "", language);
    }
}

static void
tell_search(Text *out, const Type *type, Language language)
{
    g_autoptr(GPtrArray) offers = search_words(type, view_search_words(type));
    text_printf(out, ".PP\n%s ", language_word("Search words:", language));
    for (guint i = 0; i < offers->len; i++)
        text_printf(out, "%s%s", i ? ", " : "", ((const SearchOffer *) offers->pdata[i])->word);
    text_add_literal(out, "\n");
}

static void
tell_fields(Text *out, const Type *type, Language language)
{
    gboolean any = FALSE;
    for (const Field *row = type->fields; row->name; row++) {
        if (!(row->flags & (ADD | SET)) || !row->help || row->kind == KIND_COLLECT)
            continue;
        if (!any)
            text_printf(out, ".PP\n%s\n", language_word("Fields that can be set:", language));
        usage_man_item(out, row->name, row->help, language);
        any = TRUE;
    }
}

static void
tell_man(Text *out, const Type *type, Language language)
{
    text_printf(out, ".SS %s\n", type->one);
    usage_man_text(out, language_word(type->help ? type->help : "", language));
    text_add_literal(out, "\n");
    if (type->parent)
        text_printf(out, "%s %s=NAME.\n", language_word("Say what it belongs to:", language), type->parent->one);
    tell_verbs(out, type, language);
    tell_fields(out, type, language);
    tell_search(out, type, language);
}

void
reference_man_resources(Text *out, Language language)
{
    text_add_literal(out, ".\\\" Made by shikirid --describe=man-resources.\n.TH SHIKIRI-RESOURCES 7 \"\" \"Shikiri " SHIKIRI_VERSION "\"\n");
    usage_man_head(out, "NAME", language);
    text_add_literal(out, "shikiri-resources \\- ");
    usage_man_text(out, language_word("types, verbs, fields and search words of Shikiri", language));
    text_add_literal(out, "\n");
    usage_man_head(out, "RESOURCES", language);
    tell_all(out, tell_man, language);
    usage_man_head(out, "SEE ALSO", language);
    text_add_literal(out, ".BR shikiri (1),\n.BR shikirid (8)\n");
}
