/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Devices of fake domains that run: put into, changed in and taken out of the XML they run with, never their definition. */
#include "host/fake_parts.h"

#include "host/domain_xml.h"

static FakeDomain *
need_running(FakeHost *host, const char *verb, const Id *id, GError **error)
{
    char text[ID_TEXT_SIZE];
    FakeDomain *domain = fake_need_domain(host, verb, id, error);
    if (!domain || domain->state != DOMAIN_SHUTOFF)
        return domain;
    fault_set(error, MSG_HOST_REFUSES_NOW, "host", host->name, "verb", verb, "vm", id_format(id, ID_UUID, text), "reason", "domain is not running", NULL);
    return NULL;
}

/* TAKE is how it runs from now on; NULL: there is no such device, or there is one already. */
static gboolean
run_as(FakeHost *host, FakeDomain *domain, const char *verb, const char *take, GError **error)
{
    char text[ID_TEXT_SIZE];
    if (!take)
        return fault_set(error, MSG_HOST_REFUSES_VM, "host", host->name, "verb", verb, "vm", id_format(&domain->id, ID_UUID, text), "reason",
                         "it has such a device already, or none", NULL);
    fake_set_live(domain, take);
    fake_keep_domain(host, domain);
    fake_report_domain(host, &domain->id, REPORT_DOMAIN, NULL);
    return TRUE;
}

static gboolean
change_device(FakeHost *host, const FakeOrder *order, const char *verb, char *(*edit)(const char *, const char *), GError **error)
{
    FakeDomain *domain = need_running(host, verb, &order->id, error);
    g_autofree char *live = domain ? fake_live_xml(host, domain) : NULL;
    g_autofree char *changed = live ? edit(live, order->text) : NULL;
    return domain && run_as(host, domain, verb, changed, error);
}

static gboolean
work_device_attach(FakeHost *host, const FakeOrder *order, GError **error)
{
    return change_device(host, order, "plug a device into", domain_xml_with_device, error);
}

gboolean
fake_device_attach(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "device_attach", .work = work_device_attach, .id = *domain, .text = xml };
    return fake_obey(link, &order, deadline, error);
}

static gboolean
work_device_update(FakeHost *host, const FakeOrder *order, GError **error)
{
    return change_device(host, order, "change a device of", domain_xml_with_device_changed, error);
}

gboolean
fake_device_update(HostLink *link, const Id *domain, const char *xml, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "device_update", .work = work_device_update, .id = *domain, .text = xml };
    return fake_obey(link, &order, deadline, error);
}

/* Its guests let go at once; a fault `hang` is one that does not. */
static gboolean
work_device_detach(FakeHost *host, const FakeOrder *order, GError **error)
{
    FakeDomain *domain = g_hash_table_lookup(host->domains, &order->id);
    g_autofree char *live = domain && domain->state != DOMAIN_SHUTOFF ? fake_live_xml(host, domain) : NULL;
    g_autofree char *without = live ? domain_xml_without_device(live, order->text) : NULL;
    return !without || run_as(host, domain, "take a device out of", without, error);
}

gboolean
fake_device_detach(HostLink *link, const Id *domain, const char *alias, Tick deadline, GError **error)
{
    FakeOrder order = { .operation = "device_detach", .work = work_device_detach, .id = *domain, .text = alias };
    return fake_obey(link, &order, deadline, error);
}
