/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of storage domains; their rows stand in walk_cases.c. */
#include "walk_cases.h"

#define NEW_PATH ESTATE_PATH "/new"
#define OTHERS "[storage domain]\nname=old\nuse=data\nholder=%s\nmanager=elsewhere\n"

/* "small" as people left it. */
static const Id *
rest(gboolean attached, gboolean maintenance)
{
    StorageDomain *storage = estate_edit(&storage_domain_type, &estate.small);
    storage->maintenance = maintenance;
    if (!attached)
        storage->data_center.id = id_null;
    storage->status = !attached ? STORAGE_UNATTACHED : maintenance ? STORAGE_MAINTENANCE : STORAGE_ACTIVE;
    estate_put(storage);
    estate_note(ESTATE_PATH "/small", "domain", "[storage domain]\nname=small\nuse=data\nholder=\nmanager=\n");
    return &estate.small;
}

Work *
walk_add_storage(void)
{
    return estate_work(&storage_domain_add, NULL, "<storage_domain><name>new</name><storage><path>" NEW_PATH "</path></storage></storage_domain>");
}

Work *
walk_add_and_attach_storage(void)
{
    return estate_work(&storage_domain_add, NULL,
                       "<storage_domain><name>isos</name><type>iso</type><storage><type>localfs</type><path>" NEW_PATH "</path></storage>"
                       "<data_center><name>Default</name></data_center></storage_domain>");
}

static Work *
import(const char *holder, const char *name)
{
    Id id = id_named(&id_null, "an old storage domain");
    g_autofree char *note = g_strdup_printf(OTHERS, holder);
    g_autofree char *body = g_strdup_printf("<storage_domain>%s<import>true</import><storage><path>" NEW_PATH "</path></storage>"
                                            "<data_center><name>Default</name></data_center></storage_domain>", name);
    estate_mark_store(NEW_PATH, &id);
    estate_note(NEW_PATH, "domain", note);
    return estate_work(&storage_domain_add, NULL, body);
}

Work *
walk_import_storage(void)
{
    return import("", "");
}

Work *
walk_import_by_force(void)
{
    Work *work = import("5ca1ab1e-0000-4000-8000-000000000077", "<name>taken</name>");
    estate_query(work, "force", "true");
    return work;
}

Work *
walk_attach_storage(void)
{
    return estate_work(&storage_domain_attach, rest(FALSE, FALSE), "<action/>");
}

Work *
walk_detach_storage(void)
{
    return estate_work(&storage_domain_detach, rest(TRUE, TRUE), "<action/>");
}

Work *
walk_activate_storage(void)
{
    return estate_work(&storage_domain_activate, rest(TRUE, TRUE), "<action/>");
}

Work *
walk_deactivate_storage(void)
{
    return estate_work(&storage_domain_deactivate, rest(TRUE, FALSE), "<action/>");
}

Work *
walk_remove_storage(void)
{
    return estate_work(&storage_domain_remove, rest(FALSE, FALSE), NULL);
}

Work *
walk_format_storage(void)
{
    Work *work = estate_work(&storage_domain_remove, rest(FALSE, FALSE), NULL);
    estate_query(work, "format", "true");
    return work;
}

/* --- VMs that go and come ------------------------------------------------------------------------------------------------------------------- */

/* "data" rests, and says what lies in it. */
static const Id *
rest_with_vms(void)
{
    estate_note(STORAGE_PATH, "domain", "[storage domain]\nname=data\nuse=data\nholder=\nmanager=\n");
    estate_do(estate_work(&storage_domain_deactivate, &estate.storage, "<action/>"));
    return &estate.storage;
}

Work *
walk_detach_storage_with_vms(void)
{
    return estate_work(&storage_domain_detach, rest_with_vms(), "<action/>");
}

/* "hello" has UEFI, and was started. */
static void
give_firmware(void)
{
    char text[ID_TEXT_SIZE];
    estate_set_machine("firmware", "efi");
    estate_set_machine("variables", ESTATE_VARIABLES);
    estate_do(estate_work(&vm_update, &estate.hello, "<vm><bios><type>q35_ovmf</type></bios></vm>"));
    g_autofree char *path = g_strconcat(ESTATE_VARIABLES "/", id_format(&estate.hello, ID_UUID, text), "_VARS.fd", NULL);
    estate_put_variables(path);
}

Work *
walk_detach_storage_with_variables(void)
{
    give_firmware();
    return estate_work(&storage_domain_detach, rest_with_vms(), "<action/>");
}

/* They went, and their storage domain is back. */
static const Id *
bring_back(void)
{
    estate_do(estate_work(&storage_domain_detach, rest_with_vms(), "<action/>"));
    estate_do(estate_work(&storage_domain_attach, &estate.storage, "<action/>"));
    return &estate.storage;
}

static Work *
work_of(const Command *command, const Id *id, const char *more)
{
    char text[ID_TEXT_SIZE];
    const Id *storage = bring_back();
    g_autofree char *body = g_strdup_printf("<action><id>%s</id>%s</action>", id_format(id, ID_UUID, text), more);
    return estate_work(command, storage, body);
}

Work *
walk_register_vm(void)
{
    return work_of(&storage_domain_registervm, &estate.hello, "");
}

Work *
walk_register_clone(void)
{
    return work_of(&storage_domain_registervm, &estate.hello, "<clone>true</clone><vm><name>again</name></vm>");
}

Work *
walk_register_vm_with_variables(void)
{
    give_firmware();
    return work_of(&storage_domain_registervm, &estate.hello, "");
}

Work *
walk_register_disk(void)
{
    return work_of(&storage_domain_registerdisk, &estate.floating, "<name>found</name>");
}
