/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Templates and VMs made by them. */
#include "walk_cases.h"

#include "model/template.h"

static void
make_template(void)
{
    estate_do(estate_work(&template_add, NULL, "<template><name>base</name><vm><name>hello</name></vm></template>"));
}

Work *
walk_add_template(void)
{
    return estate_work(&template_add, NULL, "<template><name>base</name><description>first</description><vm><name>hello</name></vm></template>");
}

Work *
walk_edit_template(void)
{
    make_template();
    const Template *template = view_find_name(estate.view, &template_type, "base");
    return estate_work(&template_update, &template->object.id, "<template><name>other</name><memory>536870912</memory></template>");
}

Work *
walk_remove_template(void)
{
    make_template();
    const Template *template = view_find_name(estate.view, &template_type, "base");
    return estate_work(&template_remove, &template->object.id, NULL);
}

Work *
walk_add_thin_vm(void)
{
    make_template();
    return estate_work(&vm_add, NULL, "<vm><name>thin</name><template><name>base</name></template></vm>");
}

Work *
walk_add_whole_vm(void)
{
    make_template();
    Work *work = estate_work(&vm_add, NULL, "<vm><name>whole</name><template><name>base</name></template></vm>");
    estate_query(work, "clone", "true");
    return work;
}
