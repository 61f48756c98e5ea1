/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Where the threads of fake domains run: as their XML says while they run. */
#include "host/fake_parts.h"

#include "host/domain_xml.h"
#include "host/domain_xml_reading.h"

/* --- telling ---------------------------------------------------------------------------------------------------------------------- */

char *
fake_pins_all(const FakeHost *host)
{
    return host->cpus > 1 ? g_strdup_printf("0-%" G_GINT64_FORMAT, host->cpus - 1) : g_strdup("0");
}

static void
spell_out(const Vm *vm, const char *all, const CpuTune *tune, CpuTune *ret)
{
    for (gint64 vcpu = 0; vcpu < vm_cpus(vm); vcpu++) {
        const char *set = cpu_tune_vcpu(tune, vcpu);
        cpu_tune_pin_vcpu(ret, vcpu, set ? set : all);
    }
    for (gint64 thread = 1; thread <= vm->io.threads; thread++) {
        const char *set = cpu_tune_io_thread(tune, thread);
        cpu_tune_pin_io_thread(ret, thread, set ? set : all);
    }
    text_set(&ret->emulator_cpu_set, cpu_tune_emulator(tune) ? cpu_tune_emulator(tune) : all);
}

char *
fake_pins_xml(const char *xml, const char *all, const CpuTune *tune, GError **error)
{
    const DomainWorld world = { 0 };
    g_autoptr(Reading) now = reading_new(xml, NULL, error);
    if (!now)
        return NULL;
    CpuTune *own = &now->vm->cpu.cpu_tune, spelled = { 0 };
    spell_out(now->vm, all, tune, &spelled);
    text_set(&spelled.cpu_set, own->cpu_set);
    text_set(&spelled.memory_node_set, own->memory_node_set);
    cpu_tune_clear(own);
    *own = spelled;
    return domain_xml_patch(xml, now->vm, &world, error);
}

gboolean
fake_pins_tell(FakeHost *host, const Id *id, const char *text, GError **error)
{
    g_auto(CpuTune) tune = { 0 };
    FakeDomain *domain = fake_need_domain(host, "bind", id, error);
    if (!domain)
        return FALSE;
    if (domain->state == DOMAIN_SHUTOFF) {
        char uuid[ID_TEXT_SIZE];
        return fault_set(error, MSG_HOST_REFUSES_NOW, "host", host->name, "verb", "bind", "vm", id_format(id, ID_UUID, uuid), "reason", "domain is not running", NULL);
    }
    cpu_tune_read(text, &tune);
    g_autofree char *now = fake_live_xml(host, domain), *all = cpu_tune_is_empty(&tune) ? NULL : fake_pins_all(host), *xml = fake_pins_xml(now, all, &tune, error);
    if (!xml)
        return FALSE;
    fake_set_live(domain, xml);
    fake_keep_domain(host, domain);
    fake_report_domain(host, id, REPORT_DOMAIN, NULL);
    return TRUE;
}

static gboolean
work_bind(FakeHost *host, const FakeOrder *order, GError **error)
{
    return fake_pins_tell(host, &order->id, order->text, error);
}

gboolean
fake_pins_bind(HostLink *link, const Id *domain, const CpuTune *tune, Tick deadline, GError **error)
{
    g_autofree char *text = cpu_tune_text(tune);
    FakeOrder order = { .operation = "bind", .work = work_bind, .id = *domain, .text = text };
    return fake_obey(link, &order, deadline, error);
}

/* --- looking ---------------------------------------------------------------------------------------------------------------------- */

gboolean
fake_pins_affinity(HostLink *link, const Id *id, CpuTune *ret_tune, Tick deadline, GError **error)
{
    FakeHost *host = FAKE_HOST(link);
    LOCK_HOLD(&host->fake->lock);
    FakeCall call = { .host = host, .operation = "affinity", .id = id, .question = TRUE };
    const FakeDomain *domain = fake_begin(&call, deadline, error) ? fake_need_domain(host, "look at the threads of", id, error) : NULL;
    g_autofree char *xml = domain ? fake_live_xml(host, domain) : NULL, *all = fake_pins_all(host);
    g_autoptr(Reading) now = xml ? reading_new(xml, NULL, error) : NULL;
    if (!now)
        return FALSE;
    spell_out(now->vm, all, &now->vm->cpu.cpu_tune, ret_tune);
    return TRUE;
}
