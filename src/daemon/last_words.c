/* SPDX-FileCopyrightText: The Shikiri authors
 * SPDX-License-Identifier: Apache-2.0
 *
 * A signal that ends the process by its default says so in one line first, with who sent it, and then ends the process as it
 * would have. Only what a handler may do is done here: the line lies in an array and goes out by write(2). A sanitizer's or a
 * profiler's own handler is left in its place. Called by main(). */
#include "daemon/last_words.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    int number;
    const char *name;
} Deadly;

/* Not SIGTERM, SIGINT and SIGHUP, which end it in order (signals.c), nor SIGPIPE and SIGXFSZ, which end no daemon. */
static const Deadly deadly[] = {
    { SIGSEGV, "SIGSEGV" }, { SIGBUS, "SIGBUS" },   { SIGFPE, "SIGFPE" },   { SIGILL, "SIGILL" },   { SIGABRT, "SIGABRT" },
    { SIGSYS, "SIGSYS" },   { SIGTRAP, "SIGTRAP" }, { SIGQUIT, "SIGQUIT" }, { SIGXCPU, "SIGXCPU" }, { SIGALRM, "SIGALRM" },
    { SIGPROF, "SIGPROF" }, { SIGUSR1, "SIGUSR1" }, { SIGUSR2, "SIGUSR2" }, { SIGIO, "SIGIO" },     { SIGVTALRM, "SIGVTALRM" },
};

#define MOST 160

static void
add(char *line, size_t *length, const char *words)
{
    for (; *words && *length < MOST - 1; words++)
        line[(*length)++] = *words;
}

static void
add_number(char *line, size_t *length, long number)
{
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = '\0';
    do
        digits[--at] = (char) ('0' + number % 10);
    while ((number /= 10) > 0 && at > 0);
    add(line, length, digits + at);
}

static const char *
name_of(int number)
{
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        if (deadly[i].number == number)
            return deadly[i].name;
    return "a signal";
}

static void
speak(int number, siginfo_t *info, void *context)
{
    (void) context;
    char line[MOST];
    size_t length = 0;
    add(line, &length, "shikirid: ended by ");
    add(line, &length, name_of(number));
    if (info->si_code <= 0 && info->si_pid != getpid()) {
        add(line, &length, ", sent by process ");
        add_number(line, &length, info->si_pid);
        add(line, &length, " of user ");
        add_number(line, &length, (long) info->si_uid);
    }
    add(line, &length, ". What it was doing is taken up at the next start.\n");
    if (write(STDERR_FILENO, line, length) < 0)
        length = 0;                 /* nobody is left to tell */
    raise(number);                  /* SA_RESETHAND: by its default now, with its core */
}

static int
is_taken(int number)
{
    struct sigaction now;
    return sigaction(number, NULL, &now) != 0 || (now.sa_flags & SA_SIGINFO) != 0 || now.sa_handler != SIG_DFL;
}

void
last_words_set_up(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = speak;
    action.sa_flags = SA_SIGINFO | (int) SA_RESETHAND;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        if (!is_taken(deadly[i].number))
            sigaction(deadly[i].number, &action, NULL);
    signal(SIGPIPE, SIG_IGN);       /* a client that went away */
    signal(SIGXFSZ, SIG_IGN);       /* a limit on files: the write says EFBIG */
}
