/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * What fake hosts do: the operations of host/host.h, with libvirt's manners (what is done twice is done once where the interface
 * says so). */
#include "host/fake_parts.h"

#include "host/domain_xml.h"

#include <string.h>

/* --- domains ----------------------------------------------------------------------------------------------------------------------------- */

static gboolean
name_is_taken(FakeHost *host, const DomainFacts *facts)
{
    GHashTableIter iter;
    FakeDomain *domain;
    g_hash_table_iter_init(&iter, host->domains);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &domain)) {
        g_autofree char *name = domain->number ? g_strdup_printf("vm-%05u", domain->number) : NULL;
        g_autoptr(DomainFacts) other = name || id_equal(&domain->id, &facts->id) ? NULL : fake_facts(host, domain, TRUE);
        const char *known = name ? name : other ? other->config->name : NULL;
        if (!id_equal(&domain->id, &facts->id) && g_strcmp0(known, facts->config->name) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
define(FakeHost *host, const char *xml, GError **error)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!domain_xml_read(xml, facts, error))
        return FALSE;
    if (id_is_null(&facts->id))
        facts->id = id_random();
    if (name_is_taken(host, facts))
        return fault_set(error, MSG_HOST_DOMAIN_EXISTS, "host", host->name, "verb", "define", "vm", facts->config->name,
                         "reason", "a domain of that name has another UUID", NULL);
    gboolean is_new = !g_hash_table_contains(host->domains, &facts->id);
    FakeDomain *domain = fake_put_domain(host, &facts->id);
    if (!is_new && domain->state != DOMAIN_SHUTOFF && !domain->live) {
        g_autofree char *live = fake_live_xml(host, domain);
        fake_set_live(domain, live);    /* what runs does not change */
    }
    domain->number = 0;
    g_clear_pointer(&domain->devices, g_ptr_array_unref);
    g_free(domain->xml);
    domain->xml = g_strdup(xml);
    fake_keep_domain(host, domain);
    fake_report_domain(host, &facts->id, REPORT_DOMAIN, is_new ? "defined:added" : "defined:updated");
    return TRUE;
}

static gboolean
undefine(FakeHost *host, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    const FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    Id gone = *id;
    if (!domain)
        return TRUE;
    if (domain->state != DOMAIN_SHUTOFF)
        return fault_set(error, MSG_HOST_UNDEFINE_RUNNING, "host", host->name, "vm", id_format(id, ID_UUID, text), NULL);
    fake_drop_domain(host, &gone);
    fake_report_domain(host, &gone, REPORT_GONE, "undefined:removed");
    return TRUE;
}

static gboolean
destroy(FakeHost *host, const Id *id, const char *event)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    return !domain || domain->state == DOMAIN_SHUTOFF || fake_set_state(host, domain, DOMAIN_SHUTOFF, event);
}

gboolean
fake_do(FakeHost *host, const char *verb, const Id *id, const char *xml, GError **error)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    const FakeOrder order = { .operation = verb, .id = *id };
    if (g_str_equal(verb, "define"))
        return define(host, xml, error);
    if (!domain)
        return fake_need_domain(host, verb, id, error) != NULL;
    if (g_str_equal(verb, "undefine"))
        return undefine(host, id, error);
    if (g_str_equal(verb, "start"))
        return fake_life_start(host, &order, error);
    if (g_str_equal(verb, "shutdown"))
        return fake_life_shutdown(host, &order, error);
    if (g_str_equal(verb, "reboot"))
        return fake_life_reboot(host, &order, error);
    if (g_str_equal(verb, "save"))
        return fake_life_save(host, &order, error);
    if (g_str_equal(verb, "discard"))
        return fake_life_discard(host, &order, error);
    if (g_str_equal(verb, "destroy"))
        return destroy(host, id, "stopped:destroyed");
    if (g_str_equal(verb, "crash"))
        return destroy(host, id, "stopped:crashed");
    if (g_str_equal(verb, "unpin"))
        return fake_pins_tell(host, id, "", error);
    if (g_str_equal(verb, "autostart")) {
        domain->autostart = TRUE;
        fake_keep_domain(host, domain);
        fake_report_domain(host, id, REPORT_DOMAIN, NULL);
        return TRUE;
    }
    if (g_str_equal(verb, "suspend"))
        return fake_set_state(host, domain, DOMAIN_PAUSED, "suspended:paused");
    if (g_str_equal(verb, "resume"))
        return fake_set_state(host, domain, DOMAIN_RUNNING, "resumed:unpaused");
    return fault_set(error, MSG_FAKE_LINE, "line", verb, NULL);
}

/* --- the operations upon them ------------------------------------------------------------------------------------------------------------ */

static gboolean
work_define(FakeHost *host, const FakeOrder *order, GError **error)
{
    return define(host, order->text, error);
}

static gboolean
call_define(HostLink *link, const char *xml, Tick deadline, GError **error)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!domain_xml_read(xml, facts, error))
        return FALSE;
    FakeOrder order = { .operation = "define", .work = work_define, .id = facts->id, .text = xml };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_undefine(FakeHost *host, const FakeOrder *order, GError **error)
{
    return undefine(host, &order->id, error);
}

static gboolean
call_undefine(HostLink *link, const Id *domain, G_GNUC_UNUSED gboolean keep, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "undefine", .work = work_undefine, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static DomainFacts *
call_read(HostLink *link, const Id *id, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "read", .id = id, .question = TRUE };
    if (!fake_begin(&call, deadline, error))
        return NULL;
    const FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    DomainFacts *facts = domain ? fake_facts(host, domain, TRUE) : domain_facts_new();
    if (domain)
        fake_facts_add_live(host, domain, facts);
    if (domain)
        return facts;
    facts->id = *id;
    facts->state = DOMAIN_ABSENT;
    return facts;
}

static gboolean
call_start(HostLink *link, const Id *domain, gboolean paused, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "start", .work = fake_life_start, .id = *domain, .flag = paused };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_start_once(HostLink *link, const Id *domain, const char *xml, GBytes *seed, gboolean paused, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "start", .work = fake_life_start_once, .id = *domain, .text = xml, .flag = paused };
    order.size = seed ? (gint64) g_bytes_get_size(seed) : 0;
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_adjust(HostLink *link, const Id *domain, const LiveValue *value, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "adjust", .work = fake_life_adjust, .id = *domain, .text = value->text, .size = value->number, .format = value->kind };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_shutdown(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "shutdown", .work = fake_life_shutdown, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_reboot(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "reboot", .work = fake_life_reboot, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_reset(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "reset", .work = fake_life_reset, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_pause(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "pause", .work = fake_life_pause, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_resume(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "resume", .work = fake_life_resume, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_save(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "save", .work = fake_life_save, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
call_discard(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "discard", .work = fake_life_discard, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_destroy(FakeHost *host, const FakeOrder *order, G_GNUC_UNUSED GError **error)
{
    return destroy(host, &order->id, "stopped:destroyed");
}

static gboolean
call_destroy(HostLink *link, const Id *domain, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "destroy", .work = work_destroy, .id = *domain };
    return fake_obey(link, &order, deadline, error);
}

/* --- logs of serial lines, firmware --------------------------------------------------------------------------------------------------------- */

static gboolean
work_log_drop(FakeHost *host, const FakeOrder *order, G_GNUC_UNUSED GError **error)
{
    fake_drop_volume(host->fake, order->text);
    return TRUE;
}

/* Fake machines have no firmware, whose variables would be in a file. */
static gboolean
call_variables_find(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const char *xml, char **ret_path, G_GNUC_UNUSED Tick deadline, G_GNUC_UNUSED GError **error)
{
    *ret_path = NULL;
    return TRUE;
}

static gboolean
call_variables_look(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const char *path, gboolean *ret_there, G_GNUC_UNUSED Tick deadline, G_GNUC_UNUSED GError **error)
{
    *ret_there = FALSE;
    return TRUE;
}

static gboolean
call_variables_copy(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const char *from, G_GNUC_UNUSED const char *to, G_GNUC_UNUSED Tick deadline, G_GNUC_UNUSED GError **error)
{
    return TRUE;
}

static gboolean
call_variables_drop(G_GNUC_UNUSED HostLink *link, G_GNUC_UNUSED const char *path, G_GNUC_UNUSED Tick deadline, G_GNUC_UNUSED GError **error)
{
    return TRUE;
}

static gboolean
call_log_drop(HostLink *link, const char *path, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "log_drop", .work = work_log_drop, .id = id_named(&id_null, path), .text = path };
    return fake_obey(link, &order, deadline, error);
}

static GBytes *
call_log_read(HostLink *link, const char *path, gsize most, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    Id id = id_named(&id_null, path);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "log_read", .id = &id, .question = TRUE };
    if (!fake_begin(&call, deadline, error))
        return NULL;
    const FakeVolume *volume = g_hash_table_lookup(host->fake->volumes, path);
    return fake_console_log(volume ? volume->size : 0, most);
}

/* --- consoles ------------------------------------------------------------------------------------------------------------------------------ */

static int
open_console(HostLink *link, const char *operation, const Id *id, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = operation, .id = id, .question = TRUE };
    const FakeDomain *domain = fake_begin(&call, deadline, error) ? fake_need_domain(host, operation, id, error) : NULL;
    int descriptor = domain ? fake_console_open(host, domain, g_str_equal(operation, "open_serial")) : -1;
    if (domain && descriptor < 0)
        fault_set(error, MSG_CONSOLE_LINES_FULL, "host", host->name, "most", "256", NULL);
    return descriptor;
}

static int
call_open_graphics(HostLink *link, const Id *id, Tick deadline, GError **error)
{
    return open_console(link, "open_graphics", id, deadline, error);
}

static int
call_open_serial(HostLink *link, const Id *id, G_GNUC_UNUSED gboolean force, Tick deadline, GError **error)
{
    return open_console(link, "open_serial", id, deadline, error);
}

static GBytes *
call_screenshot(HostLink *link, const Id *id, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "screenshot", .id = id, .question = TRUE };
    const FakeDomain *domain = fake_begin(&call, deadline, error) ? fake_need_domain(host, "screenshot", id, error) : NULL;
    return domain ? fake_console_picture(domain) : NULL;
}

/* --- the link ------------------------------------------------------------------------------------------------------------------------------- */

static void
look_again(FakeHost *host, G_GNUC_UNUSED const Id *domain)
{
    if (host->up)
        fake_report_up(host);
}

static void
call_refresh(HostLink *link)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    fake_later(host, 0, look_again, &id_null);
}

static void
call_stop(HostLink *link)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    host->stopped = TRUE;
    condition_broadcast(&host->fake->wake);
}

const HostOps fake_ops = {
    .name = "fake",
    .define = call_define, .define_strictly = call_define, .undefine = call_undefine, .read = call_read,
    .start = call_start, .shutdown = call_shutdown, .destroy = call_destroy,
    .start_once = call_start_once, .adjust = call_adjust, .bind = fake_pins_bind, .affinity = fake_pins_affinity,
    .reboot = call_reboot, .reset = call_reset, .pause = call_pause, .resume = call_resume, .save = call_save, .discard = call_discard,
    .freeze = fake_guest_freeze, .thaw = fake_guest_thaw, .is_frozen = fake_guest_is_frozen, .set_password = fake_guest_set_password, .run = fake_guest_run,
    .device_attach = fake_device_attach, .device_update = fake_device_update, .device_detach = fake_device_detach,
    .store_ready = fake_store_ready, .store_leave = fake_store_leave, .store_look = fake_store_look, .store_mark = fake_store_mark, .store_clear = fake_store_clear,
    .note_read = fake_note_read, .note_write = fake_note_write, .note_list = fake_note_list,
    .volume_create = fake_volume_create, .volume_copy = fake_volume_copy, .volume_resize = fake_volume_resize,
    .volume_delete = fake_volume_delete, .volume_read = fake_volume_read, .image_open = fake_image_open, .image_settle = fake_image_settle,
    .variables_find = call_variables_find, .variables_look = call_variables_look, .variables_copy = call_variables_copy, .variables_drop = call_variables_drop,
    .volume_chain = fake_chain_read, .volume_above = fake_chain_above_of, .volume_fold = fake_chain_fold, .volume_stand = fake_chain_stand,
    .snapshot_take = fake_snapshot_take, .memory_start = fake_snapshot_start, .memory_drop = fake_snapshot_drop,
    .block_commit = fake_block_commit, .block_copy = fake_block_copy, .block_job = fake_block_look, .block_end = fake_block_end,
    .log_read = call_log_read, .log_drop = call_log_drop,
    .open_graphics = call_open_graphics, .open_serial = call_open_serial, .screenshot = call_screenshot,
    .devices = fake_nodes_list,
    .refresh = call_refresh, .stop = call_stop,
};
