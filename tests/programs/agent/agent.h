/* SPDX-License-Identifier: MIT */
/* What the parts of the agent share: frames.c speaks with the runner, files.c passes files on; agent.c has the rest. */
#ifndef TESTS_PROGRAMS_AGENT_AGENT_H
#define TESTS_PROGRAMS_AGENT_AGENT_H

#include <stddef.h>

#define FRAME_MAX 65536

extern int port_in, port_out;

void send_frame(const char *type, const char *data, size_t len);
__attribute__((format(printf, 2, 3))) void send_text(const char *type, const char *fmt, ...);
/* Reads one frame into buf (FRAME_MAX + 1 bytes, a 0 behind the payload). Returns its length. */
size_t read_frame(char *type, size_t typelen, char *buf);

/* Removes what is below path, and path too. Nothing there is fine. */
void remove_tree(const char *path);
/* The commands put, get and counts. */
void do_put(char *buf, size_t len);
void send_file(const char *path, const char *type);
void do_counts(void);

#endif
