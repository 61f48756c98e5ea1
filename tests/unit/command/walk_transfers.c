/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * Cases of transfers; their rows stand in walk_cases.c. */
#include "walk_cases.h"

static Work *
transfer(const Command *wish, const Id *disk, const char *direction)
{
    char id[ID_TEXT_SIZE];
    g_autofree char *body = g_strdup_printf("<image_transfer><disk id='%s'/><direction>%s</direction><format>raw</format></image_transfer>",
                                            id_format(disk, ID_UUID, id), direction);
    estate.wish = wish;
    return estate_work(&transfer_add, NULL, body);
}

Work *
walk_upload(void)
{
    return transfer(&transfer_finalize, &estate.floating, "upload");
}

/* Nobody has the disk and nothing is on it: it goes with its upload. */
Work *
walk_upload_cancelled(void)
{
    return transfer(&transfer_cancel, &estate.floating, "upload");
}

Work *
walk_download(void)
{
    return transfer(&transfer_finalize, &estate.disk, "download");
}
