/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Elements a Windows does not know end its setup: each gets those of its age. It joins its domain as a computer whose account stands ready there: no
 * credentials of that domain ever come to the manager. */
#include "command/seed_windows.h"

#include "base/text.h"
#include "command/initializations.h"
#include "model/guest_systems.h"

#include <string.h>

#define COMPONENT                                                                                                                         \
    "    <component name=\"Microsoft-Windows-%s\" processorArchitecture=\"%s\" publicKeyToken=\"31bf3856ad364e35\" language=\"neutral\" " \
    "versionScope=\"nonSxS\">\n"

typedef struct {
    Text out;
    const Vm *vm;
    const Initialization *said;
    const char *architecture;
    gboolean modern;            /* since Windows 8 */
} Answers;

static gboolean
begins_with_one_of(const char *system, const char *const *names)
{
    for (guint i = 0; names[i]; i++) {
        if (g_str_has_prefix(system, names[i]))
            return TRUE;
    }
    return FALSE;
}

gboolean
seed_windows_reads(const char *system)
{
    static const char *const older[] = { "windows_xp", "windows_2003", NULL };
    return guest_system_is_windows(system) && !begins_with_one_of(system, older);
}

static gboolean
is_modern(const char *system)
{
    static const char *const older[] = { "windows_7", "windows_2008", NULL };
    return !begins_with_one_of(system, older);
}

static const char *
architecture_of(const char *system)
{
    static const char *const whole[] = { "windows_11", "windows_2022", "windows_2025", NULL };
    return g_str_has_suffix(system, "x64") || begins_with_one_of(system, whole) ? "amd64" : "x86";
}

gboolean
seed_windows_is_name(const char *name)
{
    gsize length = strlen(name);
    return length <= SEED_WINDOWS_NAME_MOST && !strchr(name, '.') && initializations_is_host(name) && strspn(name, "0123456789") < length;
}

static gboolean
is_given(const char *text)
{
    return text && *text;
}

/* --- elements ----------------------------------------------------------------------------------------------------------------- */

static void
element(Answers *answers, guint level, const char *name, const char *value)
{
    if (!is_given(value))
        return;
    text_printf(&answers->out, "%*s<%s>", (int) level * 2, "", name);
    text_add_xml(&answers->out, value);
    text_printf(&answers->out, "</%s>\n", name);
}

static void
component(Answers *answers, const char *name)
{
    text_printf(&answers->out, COMPONENT, name, answers->architecture);
}

/* As Windows' own tools write it: no secret, but nothing that is read over a shoulder. ELEMENT is part of it. */
static void
password(Answers *answers, guint level, const char *name)
{
    g_autofree char *joined = g_strconcat(answers->said->root_password, name, NULL);
    glong units = 0;
    gunichar2 *wide = g_utf8_to_utf16(joined, -1, NULL, &units, NULL);
    for (glong i = 0; wide && i < units; i++)
        wide[i] = GUINT16_TO_LE(wide[i]);
    g_autofree char *encoded = g_base64_encode((const guchar *) wide, (gsize) units * 2);
    text_printf(&answers->out, "%*s<%s><Value>%s</Value><PlainText>false</PlainText></%s>\n", (int) level * 2, "", name, encoded, name);
    g_free(wide);
}

static const char *
computer_name(const Vm *vm)
{
    const char *said = vm->initialization.host_name;
    return is_given(said) ? said : vm->name && seed_windows_is_name(vm->name) ? vm->name : "*";
}

static const char *
time_zone(const Answers *answers)
{
    const char *own = answers->vm->time_zone.name;
    return is_given(answers->said->timezone) ? answers->said->timezone : own && !strchr(own, '/') ? own : NULL;
}

static void
owner(Answers *answers)
{
    element(answers, 3, "RegisteredOrganization", answers->said->org_name);
    element(answers, 3, "RegisteredOwner", answers->said->user_name);
    element(answers, 3, "TimeZone", time_zone(answers));
}

/* --- passes ------------------------------------------------------------------------------------------------------------------- */

static void
join(Answers *answers)
{
    if (!is_given(answers->said->domain))
        return;
    component(answers, "UnattendedJoin");
    text_add_literal(&answers->out, "      <Identification>\n");
    element(answers, 4, "JoinDomain", answers->said->domain);
    element(answers, 4, "MachineObjectOU", answers->said->active_directory_ou);
    element(answers, 4, "UnsecureJoin", "true");
    text_add_literal(&answers->out, "      </Identification>\n    </component>\n");
}

static void
specialize(Answers *answers)
{
    text_add_literal(&answers->out, "  <settings pass=\"specialize\">\n");
    component(answers, "Shell-Setup");
    element(answers, 3, "ComputerName", computer_name(answers->vm));
    element(answers, 3, "ProductKey", answers->said->windows_license_key);
    owner(answers);
    text_add_literal(&answers->out, "    </component>\n");
    join(answers);
    text_add_literal(&answers->out, "  </settings>\n");
}

static void
international(Answers *answers)
{
    const Initialization *said = answers->said;
    if (!is_given(said->input_locale) && !is_given(said->system_locale) && !is_given(said->ui_language) && !is_given(said->user_locale))
        return;
    component(answers, "International-Core");
    element(answers, 3, "InputLocale", said->input_locale);
    element(answers, 3, "SystemLocale", said->system_locale);
    element(answers, 3, "UILanguage", said->ui_language);
    element(answers, 3, "UserLocale", said->user_locale);
    text_add_literal(&answers->out, "    </component>\n");
}

static void
questions(Answers *answers)
{
    text_add_literal(&answers->out, "      <OOBE>\n");
    element(answers, 4, "HideEULAPage", "true");
    if (answers->modern) {
        element(answers, 4, "HideOEMRegistrationScreen", "true");
        element(answers, 4, "HideOnlineAccountScreens", "true");
        element(answers, 4, "HideWirelessSetupInOOBE", "true");
    } else {
        element(answers, 4, "NetworkLocation", "Work");
    }
    element(answers, 4, "ProtectYourPC", "3");
    text_add_literal(&answers->out, "      </OOBE>\n");
}

static void
accounts(Answers *answers)
{
    const Initialization *said = answers->said;
    gboolean own = is_given(said->user_name) && g_ascii_strcasecmp(said->user_name, "Administrator") != 0 && g_ascii_strcasecmp(said->user_name, "root") != 0;
    if (!is_given(said->root_password))
        return;
    text_add_literal(&answers->out, "      <UserAccounts>\n");
    password(answers, 4, "AdministratorPassword");
    if (own) {
        text_add_literal(&answers->out, "        <LocalAccounts>\n          <LocalAccount wcm:action=\"add\">\n");
        element(answers, 6, "Name", said->user_name);
        element(answers, 6, "Group", "Administrators");
        password(answers, 6, "Password");
        text_add_literal(&answers->out, "          </LocalAccount>\n        </LocalAccounts>\n");
    }
    text_add_literal(&answers->out, "      </UserAccounts>\n");
}

static void
welcome(Answers *answers)
{
    text_add_literal(&answers->out, "  <settings pass=\"oobeSystem\">\n");
    international(answers);
    component(answers, "Shell-Setup");
    questions(answers);
    accounts(answers);
    owner(answers);
    text_add_literal(&answers->out, "    </component>\n  </settings>\n");
}

char *
seed_windows_unattend(const Vm *vm)
{
    const char *system = vm->os.type ? vm->os.type : "";
    Answers answers = { .out = TEXT_EMPTY, .vm = vm, .said = &vm->initialization, .architecture = architecture_of(system), .modern = is_modern(system) };
    if (is_given(answers.said->custom_script))
        return g_strdup(answers.said->custom_script);
    text_add_literal(&answers.out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<unattend xmlns=\"urn:schemas-microsoft-com:unattend\" "
                                   "xmlns:wcm=\"http://schemas.microsoft.com/WMIConfig/2002/State\">\n");
    specialize(&answers);
    welcome(&answers);
    text_add_literal(&answers.out, "</unattend>\n");
    return text_take(&answers.out);
}
