/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Linux gets the files of NoCloud on a disk that is only read, which it sees also where it has no driver for CDs; Windows the answers of its sysprep on a
 * CD, or cloud-init's files there if that is asked for. Nothing of it is in the VM's definition: it is of this one run (decision 0046). */
#include "command/seeds.h"

#include "command/initializations.h"
#include "command/plan.h"
#include "command/seed_cloud.h"
#include "command/seed_windows.h"

#include "host/domain_xml_scan.h"
#include "host/seed.h"
#include "model/guest_systems.h"
#include "model/machines.h"

#include <string.h>

#define SEED "seed"                 /* mark: what it is told by */
#define DRIVE "seed.drive"          /* mark: a CD */
#define CLOUD_INIT "cloud-init"
#define SYSPREP "sysprep"

static gboolean
is_sysprep(const Work *work)
{
    return g_strcmp0(work_mark(work, SEED), SYSPREP) == 0;
}

gboolean
seeds_are_given(const Work *work)
{
    return work_mark(work, SEED) != NULL;
}

/* Yours; NULL: its host keeps none. */
static char *
path_of(const Work *work)
{
    Id id;
    const Host *host = work_mark_id(work, "host", &id) ? view_find(work->view, &host_type, &id) : NULL;
    g_autofree char *folder = machines_dup(host ? host->machines : NULL, MACHINES_SEEDS);
    return folder && *folder == '/' ? seed_path(folder, &work->target) : NULL;
}

/* --- check ---------------------------------------------------------------------------------------------------------------- */

static gboolean
check_answers(const Vm *vm, GError **error)
{
    const Initialization *said = &vm->initialization;
    g_autoptr(ScanDoc) own = said->custom_script && *said->custom_script ? scan_new(said->custom_script, NULL) : NULL;
    if (said->custom_script && *said->custom_script)
        return own || fault_set(error, MSG_SYSPREP_NO_XML, "vm", vm->name, NULL);
    if (said->host_name && *said->host_name && !seed_windows_is_name(said->host_name))
        return fault_set(error, MSG_SYSPREP_HOST_NAME, "vm", vm->name, "value", said->host_name, NULL);
    gboolean hashed = said->root_password && initializations_is_hash(said->root_password);
    return !hashed || fault_set(error, MSG_SYSPREP_HASHED, "vm", vm->name, NULL);
}

static gboolean
check_sysprep(const Vm *vm, GError **error)
{
    const char *system = vm->os.type ? vm->os.type : "";
    if (!seed_windows_reads(system))
        return fault_set(error, guest_system_is_windows(system) ? MSG_SYSPREP_TOO_OLD : MSG_SYSPREP_NEEDS_WINDOWS, "vm", vm->name, "system", system, NULL);
    return check_answers(vm, error);
}

/* What was kept for Windows is no hash; cloud-init of Windows takes it as it is, that of Linux too. */
gboolean
seeds_check(Work *work, const Vm *vm, const SeedWish *wish, GError **error)
{
    gboolean windows = guest_system_is_windows(vm->os.type);
    gboolean wanted = wish->cloud_init || wish->sysprep || wish->any || (wish->first && initialization_any(&vm->initialization));
    if (wish->cloud_init && wish->sysprep)
        return fault_set(error, MSG_CLOUD_INIT_AND_SYSPREP, "vm", vm->name, NULL);
    if (!wanted)
        return TRUE;
    gboolean sysprep = wish->sysprep || (windows && !wish->cloud_init);
    if (sysprep && !check_sysprep(vm, error))
        return FALSE;
    work_set_mark(work, SEED, sysprep ? SYSPREP : CLOUD_INIT);
    work_set_mark(work, DRIVE, windows ? "yes" : NULL);
    return TRUE;
}

/* --- steps ---------------------------------------------------------------------------------------------------------------- */

char *
seeds_in_domain(const Work *work, const char *xml, GError **error)
{
    Id id;
    const Vm *vm = view_find(work->view, &vm_type, &work->target);
    const Host *host = work_mark_id(work, "host", &id) ? view_find(work->view, &host_type, &id) : NULL;
    g_autofree char *path = path_of(work);
    char *with = path ? seed_in_domain(xml, path, work_mark(work, DRIVE) != NULL) : NULL;
    if (!with)
        fault_set(error, path ? MSG_SEED_NO_PLACE : MSG_SEED_NOWHERE, "vm", vm ? vm->name : "", "host", host ? host->name : "", NULL);
    return with;
}

static SeedFile
file_of(const char *name, const char *text)
{
    return (SeedFile) { name, text, strlen(text) };
}

static GBytes *
answers_image(const Vm *vm)
{
    g_autofree char *answers = seed_windows_unattend(vm);
    const SeedFile files[] = { file_of("Autounattend.xml", answers), file_of("Unattend.xml", answers) };
    return seed_image("unattend", files, G_N_ELEMENTS(files));
}

GBytes *
seeds_image(const Work *work, const Vm *vm)
{
    if (is_sysprep(work))
        return answers_image(vm);
    g_autofree char *user_data = seed_cloud_user_data(vm), *network = seed_cloud_network(vm);
    g_autofree char *meta_data = seed_cloud_meta_data(vm, user_data, network);
    const SeedFile files[] = { file_of("user-data", user_data), file_of("meta-data", meta_data), file_of("network-config", network ? network : "") };
    return seed_image("cidata", files, network ? 3 : 2);
}

/* --- ends ----------------------------------------------------------------------------------------------------------------- */

void
seeds_forget(const Work *work, Vm *vm)
{
    char **password = &vm->initialization.root_password;
    if (seeds_are_given(work) && *password && !initializations_is_hash(*password))
        text_set(password, NULL);
}

static void
tell_row(const Field *row, const Initialization *said, GString *told)
{
    const char *text = row->kind == KIND_TEXT ? *(char *const *) ((const char *) said + row->offset) : NULL;
    gboolean secret = row->flags & SECRET, many = text && (strchr(text, '\n') || strlen(text) > 60);
    if (field_is_absent(row, said))
        return;
    g_string_append_printf(told, "%s%s", told->len ? ", " : "", row->name);
    if (secret || !text)
        g_string_append(told, secret ? " ***" : "");
    else if (many)
        g_string_append_printf(told, " (%" G_GSIZE_FORMAT " bytes)", strlen(text));
    else
        g_string_append_printf(told, " %s", text);
}

static void
tell_cards(const Initialization *said, GString *told)
{
    for (guint i = 0; i < said->nic_configurations.count; i++) {
        const NicConfiguration *card = said->nic_configurations.items[i];
        g_string_append_printf(told, "%s%s%s%s", i ? ", " : " (", card->name, card->ip.address ? " " : "", card->ip.address ? card->ip.address : "");
    }
    if (said->nic_configurations.count > 0)
        g_string_append(told, ")");
}

void
seeds_tell(const Work *work, const Vm *vm, GString *plan)
{
    g_autoptr(GString) told = g_string_new(NULL);
    for (const Field *row = initialization_type.fields; row->name; row++) {
        tell_row(row, &vm->initialization, told);
        if (row->kind == KIND_LIST)
            tell_cards(&vm->initialization, told);
    }
    plan_tell(plan, work_mark(work, DRIVE) ? MSG_PLAN_SEED_CD : MSG_PLAN_SEED_DISK, "by", work_mark(work, SEED), "told", told->len ? told->str : "host_name", NULL);
}
