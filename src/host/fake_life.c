/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * The life of a fake host's domains, with libvirt's manners: what starts, stands still, is saved, and guests that obey when they
 * are asked, a little later. */
#include "host/fake_parts.h"

#include "host/domain_xml.h"
#include "host/seed.h"

#include <string.h>

#define GUEST_OBEYS (CLOCK_SECOND / 5)      /* how long a guest takes to shut down, or to reboot */

static void
put_seed(FakeHost *host, const FakeOrder *order)
{
    g_autofree char *path = seed_path(FAKE_SEEDS, &order->id);
    FakeVolume *seed = fake_put_volume(host->fake, path);
    seed->size = order->size;
    fake_keep_volume(host->fake, seed);
}

void
fake_life_take_seed(FakeHost *host, const FakeDomain *domain)
{
    g_autofree char *path = seed_path(FAKE_SEEDS, &domain->id);
    if (g_hash_table_contains(host->fake->volumes, path))
        fake_drop_volume(host->fake, path);
}

gboolean
fake_set_state(FakeHost *host, FakeDomain *domain, DomainState state, const char *event)
{
    domain->state = state;
    domain->leaving = domain->leaving && state != DOMAIN_SHUTOFF;
    if (state == DOMAIN_SHUTOFF && !domain->saved) {
        fake_set_live(domain, NULL);
        fake_life_take_seed(host, domain);
        domain->frozen = FALSE;
    }
    if (state == DOMAIN_SHUTOFF)
        g_clear_pointer(&domain->jobs, g_ptr_array_unref);
    domain->started = state == DOMAIN_SHUTOFF ? 0 : domain->started ? domain->started : clock_wall();
    fake_keep_domain(host, domain);
    fake_report_domain(host, &domain->id, REPORT_STATE, event);
    return TRUE;
}

FakeDomain *
fake_need_domain(FakeHost *host, const char *verb, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    if (!domain)
        fault_set(error, MSG_HOST_NO_DOMAIN, "host", host->name, "verb", verb, "vm", id_format(id, ID_UUID, text), NULL);
    return domain;
}

static gboolean
refuse(const FakeHost *host, const FakeOrder *order, const char *reason, GError **error)
{
    char text[ID_TEXT_SIZE];
    return fault_set(error, MSG_HOST_REFUSES_NOW, "host", host->name, "verb", order->operation, "vm", id_format(&order->id, ID_UUID, text), "reason", reason, NULL);
}

/* --- the host itself --------------------------------------------------------------------------------------------------------------- */

#define BOOTS CLOCK_SECOND                  /* how long that takes */

static void
is_back(FakeHost *host, const Id *domain)
{
    (void) domain;
    fake_report_up(host);
}

void
fake_life_boot(FakeHost *host)
{
    GHashTableIter iter;
    FakeDomain *domain;
    host->boots++;
    fake_keep_boot(host);
    fake_report_lost(host);
    g_hash_table_iter_init(&iter, host->domains);
    while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &domain)) {
        domain->started = 0;
        domain->saved &= !domain->autostart;
        fake_set_state(host, domain, domain->autostart ? DOMAIN_RUNNING : DOMAIN_SHUTOFF, NULL);
    }
    fake_later(host, BOOTS, is_back, &id_null);
}

/* --- starting --------------------------------------------------------------------------------------------------------------------- */

/* Its line prints into the file that XML names, if it does. */
static void
print_first_words(FakeHost *host, const char *xml)
{
    g_autoptr(DomainFacts) facts = domain_facts_new();
    if (!xml || !strstr(xml, "<log ") || !domain_xml_read(xml, facts, NULL) || !facts->config->console.log_file)
        return;
    FakeVolume *log = fake_put_volume(host->fake, facts->config->console.log_file);
    log->size++;
    fake_keep_volume(host->fake, log);
}

gboolean
fake_life_start(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = fake_need_domain(host, order->operation, &order->id, error);
    if (!domain)
        return FALSE;
    if (domain->state != DOMAIN_SHUTOFF)
        return refuse(host, order, "domain is already running", error);
    gboolean restored = domain->saved;
    if (!restored)
        print_first_words(host, domain->xml);
    domain->saved = FALSE;
    return fake_set_state(host, domain, order->flag ? DOMAIN_PAUSED : DOMAIN_RUNNING, restored ? "started:restored" : "started:booted");
}

gboolean
fake_life_start_once(FakeHost *host, const FakeOrder *order, GError **error)
{
    char text[ID_TEXT_SIZE];
    FakeDomain *domain = fake_need_domain(host, order->operation, &order->id, error);
    if (!domain)
        return FALSE;
    if (domain->state != DOMAIN_SHUTOFF || domain->saved)
        return fault_set(error, MSG_HOST_ONCE_NEEDS_OFF, "host", host->name, "vm", id_format(&order->id, ID_UUID, text), NULL);
    if (order->size > 0)
        put_seed(host, order);
    g_autofree char *live = domain_xml_as_running(order->text);
    fake_set_live(domain, live);
    print_first_words(host, live);
    fake_set_state(host, domain, order->flag ? DOMAIN_PAUSED : DOMAIN_RUNNING, "started:booted");
    fake_report_domain(host, &order->id, REPORT_DOMAIN, NULL);
    return TRUE;
}

/* --- while it runs ------------------------------------------------------------------------------------------------------------------ */

static FakeDomain *
need_state(FakeHost *host, const FakeOrder *order, gboolean running, GError **error)
{
    FakeDomain *domain = fake_need_domain(host, order->operation, &order->id, error);
    if (!domain || domain->state == DOMAIN_RUNNING || (!running && domain->state == DOMAIN_PAUSED))
        return domain;
    refuse(host, order, "domain is not running", error);
    return NULL;
}

/* Processors up to those it has room for; a balloon nobody sees; words. */
gboolean
fake_life_adjust(FakeHost *host, const FakeOrder *order, GError **error)
{
    const LiveValue value = { (LiveKind) order->format, order->size, order->text };
    FakeDomain *domain = need_state(host, order, FALSE, error);
    if (!domain)
        return FALSE;
    g_autofree char *now = fake_live_xml(host, domain);
    g_autofree char *xml = fake_live_changed(now, &value, error);
    if (!xml)
        return FALSE;
    fake_set_live(domain, xml);
    fake_keep_domain(host, domain);
    fake_report_domain(host, &order->id, REPORT_DOMAIN, NULL);
    return TRUE;
}

static void
guest_ends(FakeHost *host, const Id *id)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    if (domain && domain->state != DOMAIN_SHUTOFF)
        fake_set_state(host, domain, DOMAIN_SHUTOFF, "shutdown:finished");
}

static void
guest_reboots(FakeHost *host, const Id *id)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, id);
    if (domain && domain->state == DOMAIN_RUNNING)
        fake_set_state(host, domain, DOMAIN_RUNNING, "rebooted:by reset");
}

/* Its guest is asked; what it does it does later. */
static gboolean
ask_guest(FakeHost *host, const FakeOrder *order, void (*obey)(FakeHost *, const Id *), GError **error)
{
    if (!need_state(host, order, TRUE, error))
        return FALSE;
    if (!order->deaf)
        fake_later(host, GUEST_OBEYS, obey, &order->id);
    return TRUE;
}

gboolean
fake_life_shutdown(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = ask_guest(host, order, guest_ends, error) ? g_hash_table_lookup(host->domains, &order->id) : NULL;
    if (domain && !order->deaf) {
        domain->leaving = TRUE;
        fake_keep_domain(host, domain);
    }
    return domain != NULL;
}

void
fake_life_go_on(FakeHost *host)
{
    GHashTableIter iter;
    gpointer domain;
    g_hash_table_iter_init(&iter, host->domains);
    while (g_hash_table_iter_next(&iter, NULL, &domain)) {
        if (((const FakeDomain *) domain)->leaving)
            fake_later(host, GUEST_OBEYS, guest_ends, &((const FakeDomain *) domain)->id);
    }
}

gboolean
fake_life_reboot(FakeHost *host, const FakeOrder *order, GError **error)
{
    return ask_guest(host, order, guest_reboots, error);
}

gboolean
fake_life_reset(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = need_state(host, order, FALSE, error);
    return domain && fake_set_state(host, domain, domain->state, "rebooted:by reset");
}

gboolean
fake_life_pause(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = need_state(host, order, FALSE, error);
    return domain && (domain->state == DOMAIN_PAUSED || fake_set_state(host, domain, DOMAIN_PAUSED, "suspended:paused"));
}

gboolean
fake_life_resume(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = need_state(host, order, FALSE, error);
    return domain && (domain->state == DOMAIN_RUNNING || fake_set_state(host, domain, DOMAIN_RUNNING, "resumed:unpaused"));
}

/* --- its memory, kept ---------------------------------------------------------------------------------------------------------------- */

gboolean
fake_life_save(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, &order->id);
    if (domain && domain->state == DOMAIN_SHUTOFF && domain->saved)
        return TRUE;
    domain = need_state(host, order, FALSE, error);
    if (!domain)
        return FALSE;
    domain->saved = TRUE;
    return fake_set_state(host, domain, DOMAIN_SHUTOFF, "stopped:saved");
}

gboolean
fake_life_discard(FakeHost *host, const FakeOrder *order, G_GNUC_UNUSED GError **error)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, &order->id);
    if (!domain || !domain->saved)
        return TRUE;
    domain->saved = FALSE;
    fake_life_take_seed(host, domain);
    fake_set_live(domain, NULL);
    fake_keep_domain(host, domain);
    fake_report_domain(host, &order->id, REPORT_DOMAIN, NULL);
    return TRUE;
}
