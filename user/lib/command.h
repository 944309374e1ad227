/* SPDX-License-Identifier: MIT */
/*
 * What the checkpoint commands share: messages, arguments, what an errno means
 * to whoever typed the command.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include <getopt.h>
#include <reprise/ckpt.h>
#include <stdio.h>

/* "COMMAND: ..." on standard error. Returns status, for main() to return. */
int complain(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One line: what is wrong with the command line, and where to read more. */
int wrong_usage(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/*
 * The next option of the command line, as getopt_long() finds it. A wrong one
 * is told in one line as above. `shorts` has a colon first, or behind its plus
 * sign, so that a missing argument is told from an unknown option.
 * Returns: the option's letter; -1: there are no more; '?': the user has been
 * told.
 */
int next_option(int argc, char **argv, const char *shorts, const struct option *longs);
/*
 * Standard output is written out; status, or `trouble` with a message if it
 * could not be.
 */
int finish_output(int status, int trouble);

/* Each returns 0, or -1 and has complained. */
int parse_pid(const char *text, pid_t *pid);
int parse_seconds(const char *text, double *seconds); /* more than 0 */
int parse_count(const char *text, long *count);	      /* 0 or more */

/* NAME_ckpt is accepted for NAME: the ending is cut off. */
char *image_base(char *name);

/* Why there is no checkpoint, and what to do. */
const char *why_not_saved(int error);
/* Why the process in base_ckpt could not be brought back, and what to do. */
const char *why_not_recovered(const char *base, int error);

/* One line of figures, without the newline. */
void print_stats(FILE *out, const struct ckpt_stats *st);

/*
 * What a shell makes of a status of wait(): 128 + signal of a process that was
 * killed.
 */
int exit_status(int wstatus);

/*
 * A line on out for each file that an image of pid, made with these CKPT_* flags, would need and a restart of the machine takes away; and for the image
 * itself, if base names one that lies in memory.
 */
void print_volatile(FILE *out, pid_t pid, unsigned flags, const char *base);

#endif
