/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The estate's host: domains in memory, and the faults a test orders. Its files are estate_files.c's. */
#include "estate_parts.h"

#include "host/domain_live.h"
#include "host/domain_xml.h"
#include "host/fake_parts.h"

#include <string.h>

typedef struct {
    Id id;
    char *xml;
    DomainState state;
    gboolean saved;
    char *live;                     /* as it runs; NULL: it does not */
    gboolean once;                  /* by what was given for one run */
    GBytes *seed;                   /* what its guest is told; NULL: nothing */
    gint64 set[3];                  /* by LiveKind: what was adjusted while it ran */
    guint pressed;                  /* how often its reset button was, and its guest asked to reboot */
} Domain;

Lock estate_lock = { PTHREAD_MUTEX_INITIALIZER };
static GPtrArray *domains;
static HostFault fault;
static gboolean deaf;
static const char *lost_device;
static GuestManner guest;

static void
domain_free(gpointer data)
{
    g_free(((Domain *) data)->xml);
    g_free(((Domain *) data)->live);
    g_clear_pointer(&((Domain *) data)->seed, g_bytes_unref);
    g_free(data);
}

static Domain *
find_domain(const Id *id)
{
    for (guint i = 0; i < domains->len; i++) {
        Domain *domain = domains->pdata[i];
        if (id_equal(&domain->id, id))
            return domain;
    }
    return NULL;
}

gboolean
estate_may_change(gboolean *ret_silent, GError **error)
{
    HostFault now = fault;
    fault = FAULT_OFF;
    *ret_silent = now == FAULT_DOES_AND_IS_SILENT;
    if (deaf)
        return fault_set(error, MSG_JOB_OUTCOME_UNKNOWN, "job", "test", "id", "", NULL);
    if (now == FAULT_REFUSES)
        return fault_set(error, MSG_INTERNAL, "text", "the host refuses", NULL);
    if (now == FAULT_IS_SILENT)
        return fault_set(error, MSG_JOB_OUTCOME_UNKNOWN, "job", "test", "id", "", NULL);
    return TRUE;
}

gboolean
estate_end_change(gboolean silent, GError **error)
{
    return !silent || fault_set(error, MSG_JOB_OUTCOME_UNKNOWN, "job", "test", "id", "", NULL);
}

gboolean
estate_change(const Id *id, void (*effect)(const Id *id), GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    if (!estate_may_change(&silent, error))
        return FALSE;
    effect(id);
    return estate_end_change(silent, error);
}

gboolean
estate_answers(GError **error)
{
    return !deaf || fault_set(error, MSG_INTERNAL, "text", "the host does not answer", NULL);
}

static gboolean
host_define(G_GNUC_UNUSED HostLink *link, const char *xml, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!estate_may_change(&silent, error) || !domain_xml_read(xml, facts, error))
        return FALSE;
    if (find_domain(&facts->id))
        estate_set_xml(&facts->id, xml);
    else
        estate_put_domain(&facts->id, xml);
    return estate_end_change(silent, error);
}

/* As libvirt does with a definition. */
static void
drop_variables(const Domain *domain)
{
    const char *element = strstr(domain->xml, "<nvram>");
    const char *from = element ? element + strlen("<nvram>") : "";
    g_autofree char *path = g_strndup(from, strcspn(from, "<"));
    estate_files_drop(path);
}

static gboolean
host_undefine(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED gboolean keep, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    gboolean silent;
    if (!estate_may_change(&silent, error))
        return FALSE;
    Domain *domain = find_domain(id);
    g_assert_true(!domain || domain->state == DOMAIN_SHUTOFF);      /* of a running one libvirt makes a transient one */
    if (domain)
        drop_variables(domain);
    if (domain)
        g_ptr_array_remove(domains, domain);
    return estate_end_change(silent, error);
}

static DomainFacts *
host_read(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    const Domain *domain = find_domain(id);
    if (!estate_answers(error))
        return NULL;
    DomainFacts *facts = domain_facts_new();
    facts->id = *id;
    if (!domain)
        return facts;
    g_assert_true(domain_xml_read(domain->xml, facts, NULL));
    facts->xml = g_strdup(domain->xml);
    facts->state = domain->state;
    facts->managed_save = domain->saved;
    facts->persistent = TRUE;
    if (domain->live && domain->state != DOMAIN_SHUTOFF)
        domain_live_compare(facts, domain->live, NULL);
    return facts;
}

/* It runs as it is defined at that moment, each device with an alias as libvirt gives them. */
static void
set_state(Domain *domain, DomainState state)
{
    domain->state = state;
    if (state == DOMAIN_SHUTOFF && !domain->saved) {
        g_clear_pointer(&domain->seed, g_bytes_unref);
        g_clear_pointer(&domain->live, g_free);
        domain->once = FALSE;
    } else if (state != DOMAIN_SHUTOFF && !domain->live) {
        domain->live = domain_xml_as_running(domain->xml);
    }
}

static gboolean
move(const Id *id, DomainState state, GError **error)
{
    gboolean silent;
    Domain *domain = find_domain(id);
    if (!estate_may_change(&silent, error))
        return FALSE;
    if (!domain)
        return fault_set(error, MSG_INTERNAL, "text", "no such domain", NULL);
    set_state(domain, state);
    return estate_end_change(silent, error);
}

static gboolean
start(const Id *id, gboolean paused, GError **error)
{
    Domain *domain = find_domain(id);
    if (domain && domain->state != DOMAIN_SHUTOFF)
        return fault_set(error, MSG_INTERNAL, "text", "it runs already", NULL);
    gboolean well = move(id, paused ? DOMAIN_PAUSED : DOMAIN_RUNNING, error);
    if (domain && domain->state != DOMAIN_SHUTOFF)
        domain->saved = FALSE;
    return well;
}

static gboolean
host_start(G_GNUC_UNUSED HostLink *link, const Id *id, gboolean paused, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return start(id, paused, error);
}

static gboolean
host_save(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    Domain *domain = find_domain(id);
    if (domain && domain->saved)
        return TRUE;
    gboolean well = move(id, DOMAIN_SHUTOFF, error);
    if (domain && domain->state == DOMAIN_SHUTOFF)
        domain->saved = TRUE;
    return well;
}

static void
discard(const Id *id)
{
    g_assert_cmpint(find_domain(id)->state, ==, DOMAIN_SHUTOFF);
    find_domain(id)->saved = FALSE;
}

static gboolean
host_discard(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    return estate_change(id, discard, error);
}

static gboolean
host_pause(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return move(id, DOMAIN_PAUSED, error);
}

static gboolean
host_resume(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return move(id, DOMAIN_RUNNING, error);
}

/* Nothing of it can be seen afterwards. */
static void
press(const Id *id)
{
    find_domain(id)->pressed++;
}

static gboolean
host_press(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    return estate_change(id, press, error);
}

static gboolean
host_start_once(G_GNUC_UNUSED HostLink *link, const Id *id, const char *xml, GBytes *seed, gboolean paused, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    Domain *domain = find_domain(id);
    g_autoptr(DomainFacts) facts = domain_facts_new();
    g_assert_true(domain_xml_read(xml, facts, NULL) && id_equal(&facts->id, id) && !domain->saved);
    gboolean well = start(id, paused, error);
    if (domain->state != DOMAIN_SHUTOFF) {
        g_free(domain->live);
        domain->live = domain_xml_as_running(xml);
        domain->once = TRUE;
        g_clear_pointer(&domain->seed, g_bytes_unref);
        domain->seed = seed ? g_bytes_ref(seed) : NULL;
    }
    return well;
}

static gboolean
host_adjust(G_GNUC_UNUSED HostLink *link, const Id *id, const LiveValue *value, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    Domain *domain = find_domain(id);
    gboolean silent;
    if (!estate_may_change(&silent, error))
        return FALSE;
    g_assert_cmpint(domain->state, !=, DOMAIN_SHUTOFF);
    if (value->kind == LIVE_MEMORY && value->number > (gint64) 1 << 28)
        return fault_set(error, MSG_INTERNAL, "text", "it was started with less", NULL);
    domain->set[value->kind] = value->kind == LIVE_DESCRIPTION ? (gint64) strlen(value->text) : value->number;
    return estate_end_change(silent, error);
}

static gboolean
host_bind(G_GNUC_UNUSED HostLink *link, const Id *id, const CpuTune *tune, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    Domain *domain = find_domain(id);
    gboolean silent;
    if (!estate_may_change(&silent, error))
        return FALSE;
    char *live = domain->live ? fake_pins_xml(domain->live, NULL, tune, error) : NULL;
    if (!live)
        return fault_set(error, MSG_INTERNAL, "text", "nothing runs", NULL);
    g_free(domain->live);
    domain->live = live;
    return estate_end_change(silent, error);
}

static gboolean
host_shutdown(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return move(id, DOMAIN_SHUTTING_DOWN, error);
}

static gboolean
host_destroy(G_GNUC_UNUSED HostLink *link, const Id *id, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return move(id, DOMAIN_SHUTOFF, error);
}

static gboolean
change_device(const Id *id, const char *device, char *(*edit)(const char *, const char *), GError **error)
{
    gboolean silent;
    Domain *domain = find_domain(id);
    if (!estate_may_change(&silent, error))
        return FALSE;
    char *live = domain && domain->live ? edit(domain->live, device) : NULL;
    if (!live)
        return fault_set(error, MSG_INTERNAL, "text", "no such device, or it is there already, or nothing runs", NULL);
    g_free(domain->live);
    domain->live = live;
    return estate_end_change(silent, error);
}

static gboolean
device_attach(G_GNUC_UNUSED HostLink *link, const Id *id, const char *xml, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return change_device(id, xml, domain_xml_with_device, error);
}

static gboolean
device_update(G_GNUC_UNUSED HostLink *link, const Id *id, const char *xml, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    return change_device(id, xml, domain_xml_with_device_changed, error);
}

static gboolean
device_detach(G_GNUC_UNUSED HostLink *link, const Id *id, const char *alias, G_GNUC_UNUSED Tick deadline, GError **error)
{
    LOCK_HOLD(&estate_lock);
    const Domain *domain = find_domain(id);
    g_autofree char *without = domain && domain->live ? domain_xml_without_device(domain->live, alias) : NULL;
    if (without && guest == GUEST_IS_SILENT)
        return fault_set(error, MSG_HOST_GUEST_HOLDS, "host", "n1", "vm", "", NULL);
    if (without && guest == GUEST_SAYS_NO)
        return fault_set(error, MSG_HOST_GUEST_REFUSES, "host", "n1", "vm", "", NULL);
    return !without ? estate_answers(error) : change_device(id, alias, domain_xml_without_device, error);
}

static void
host_stop(G_GNUC_UNUSED HostLink *link)
{
}

static void
host_free(HostLink *link)
{
    host_link_clear(link);
    g_free(link);
}

void
estate_lose_device(const char *name)
{
    lost_device = name;
}

/* What a fake host has. */
static gboolean
list_devices(G_GNUC_UNUSED HostLink *link, List *ret_devices, G_GNUC_UNUSED Tick deadline, GError **error)
{
    if (deaf)
        return fault_set(error, MSG_JOB_OUTCOME_UNKNOWN, "job", "test", "id", "", NULL);
    const Fake fake = { .devices = TRUE };
    fake_nodes_tell(&fake, ret_devices);
    for (guint i = 0; i < ret_devices->count; i++) {
        const HostDevice *device = ret_devices->items[i];
        Id id = device->object.id;
        if (g_strcmp0(device->name, lost_device) == 0)
            list_remove(ret_devices, &host_device_type, &id);
    }
    return TRUE;
}

const HostOps estate_host_ops = {
    .name = "memory", .define = host_define, .define_strictly = host_define, .undefine = host_undefine, .read = host_read, .start = host_start, .shutdown = host_shutdown,
    .start_once = host_start_once, .adjust = host_adjust, .bind = host_bind, .destroy = host_destroy, .reboot = host_press, .reset = host_press, .pause = host_pause, .resume = host_resume, .save = host_save,
    .freeze = estate_guest_freeze, .thaw = estate_guest_thaw, .is_frozen = estate_guest_is_frozen, .set_password = estate_guest_set_password, .run = estate_guest_run,
    .discard = host_discard, .device_attach = device_attach, .device_update = device_update, .device_detach = device_detach,
    .store_ready = estate_store_ready, .store_leave = estate_store_leave, .store_look = estate_store_look, .store_mark = estate_store_mark,
    .store_clear = estate_store_clear, .note_read = estate_note_read, .note_write = estate_note_write, .note_list = estate_note_list,
    .volume_create = estate_volume_create, .volume_copy = estate_volume_copy, .volume_resize = estate_volume_resize,
    .volume_delete = estate_volume_delete, .volume_read = estate_volume_read,
    .volume_chain = estate_volume_chain, .volume_above = estate_volume_above, .volume_fold = estate_volume_fold, .volume_stand = estate_volume_stand,
    .snapshot_take = estate_snapshot_take, .memory_start = estate_memory_start, .memory_drop = estate_memory_drop,
    .block_commit = estate_block_commit, .block_job = estate_block_job, .block_end = estate_block_end,
    .image_open = estate_image_open, .image_settle = estate_image_settle,
    .variables_find = estate_variables_find, .variables_look = estate_variables_look, .variables_copy = estate_variables_copy, .variables_drop = estate_variables_drop,
    .log_read = estate_log_read, .log_drop = estate_variables_drop,
    .stop = host_stop, .free = host_free,
    .devices = list_devices,
};

void
estate_host_open(void)
{
    domains = g_ptr_array_new_with_free_func(domain_free);
    estate_files_open();
    estate_stores_open();
}

void
estate_host_close(void)
{
    g_assert_cmpint(fault, ==, FAULT_OFF);
    g_ptr_array_unref(domains);
    estate_files_close();
    estate_images_close();
    estate_stores_close();
    estate_guest_close();
    deaf = FALSE;
    guest = GUEST_LETS_GO;
}

void
estate_fault(HostFault next)
{
    LOCK_HOLD(&estate_lock);
    fault = next;
}

void
estate_guest(GuestManner manner)
{
    LOCK_HOLD(&estate_lock);
    guest = manner;
}

void
estate_deaf(gboolean now)
{
    LOCK_HOLD(&estate_lock);
    deaf = now;
}

static int
by_text(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}

/* What its guest has, in an order that does not depend on when it came. */
static char *
live_picture(const Domain *domain)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GRegex) wanted = g_regex_new("<(disk|interface|cputune)[ >].*?</\\1>", G_REGEX_DOTALL, 0, NULL);
    g_autoptr(GRegex) noise = g_regex_new("\\s+|<(alias|boot|address) [^>]*>", 0, 0, NULL);
    g_autoptr(GMatchInfo) match = NULL;
    for (g_regex_match(wanted, domain->live ? domain->live : "", 0, &match); g_match_info_matches(match); g_match_info_next(match, NULL)) {
        g_autofree char *device = g_match_info_fetch(match, 0);
        g_autofree char *plain = g_regex_replace_literal(noise, device, -1, 0, "", 0, NULL);
        g_ptr_array_add(words, g_strconcat("live ", plain, NULL));
    }
    g_ptr_array_sort(words, by_text);
    g_ptr_array_add(words, NULL);
    return g_strjoinv("\n", (char **) words->pdata);
}

char *
estate_picture(void)
{
    LOCK_HOLD(&estate_lock);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; i < domains->len; i++) {
        const Domain *domain = domains->pdata[i];
        char text[ID_TEXT_SIZE];
        g_autofree char *live = live_picture(domain);
        g_ptr_array_add(lines, g_strdup_printf("%s %d%s%s%s\n%s%s", id_format(&domain->id, ID_UUID, text), domain->state, estate_is_frozen(&domain->id) ? " frozen" : "",
                                                 domain->saved ? " saved" : "", domain->once ? " once" : "", domain->xml, live));
    }
    estate_files_picture(lines);
    estate_stores_picture(lines);
    g_ptr_array_sort(lines, by_text);
    g_ptr_array_add(lines, NULL);
    return g_strjoinv("\n", (char **) lines->pdata);
}

const char *
estate_xml(const Id *vm)
{
    const Domain *domain = find_domain(vm);
    return domain ? domain->xml : NULL;
}

void
estate_set_xml(const Id *vm, const char *xml)
{
    Domain *domain = find_domain(vm);
    char *copy = g_strdup(xml);
    g_free(domain->xml);
    domain->xml = copy;
}

void
estate_put_domain(const Id *vm, const char *xml)
{
    Domain *domain = g_new0(Domain, 1);
    g_assert_null(find_domain(vm));
    *domain = (Domain) { .id = *vm, .xml = g_strdup(xml), .state = DOMAIN_SHUTOFF };
    g_ptr_array_add(domains, domain);
}

void
estate_forget_domain(const Id *vm)
{
    g_ptr_array_remove(domains, find_domain(vm));
}

DomainState
estate_state(const Id *vm)
{
    const Domain *domain = find_domain(vm);
    return domain ? domain->state : DOMAIN_ABSENT;
}

void
estate_set_state(const Id *vm, DomainState state)
{
    set_state(find_domain(vm), state);
}

GBytes *
estate_seed(const Id *vm)
{
    return find_domain(vm)->seed;
}

void
estate_set_saved(const Id *vm, gboolean saved)
{
    find_domain(vm)->saved = saved;
}

const char *
estate_live(const Id *vm)
{
    const Domain *domain = find_domain(vm);
    return domain->state == DOMAIN_SHUTOFF ? NULL : domain->live;
}

void
estate_set_live(const Id *vm, const char *xml)
{
    Domain *domain = find_domain(vm);
    char *copy = g_strdup(xml);
    g_free(domain->live);
    domain->live = copy;
}

void
estate_hide_live(const Id *vm)
{
    g_clear_pointer(&find_domain(vm)->live, g_free);
}

gint64
estate_adjusted(const Id *vm, LiveKind kind)
{
    return find_domain(vm)->set[kind];
}

guint
estate_pressed(const Id *vm)
{
    return find_domain(vm)->pressed;
}
