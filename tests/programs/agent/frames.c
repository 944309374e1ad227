/* SPDX-License-Identifier: MIT */
/* Frames: what the agent and the runner say to each other. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

int port_in, port_out;

static void write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno != EINTR && errno != EAGAIN)
			_exit(3);
		if (w > 0) {
			p += w;
			n -= w;
		}
	}
}

void send_frame(const char *type, const char *data, size_t len)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "%s %zu\n", type, len);

	write_all(port_out, head, n);
	write_all(port_out, data, len);
}

void send_text(const char *type, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	send_frame(type, text, n < (int)sizeof(text) ? n : (int)sizeof(text) - 1);
}

static void read_all(char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = read(port_in, p, n);

		if (r == 0 || (r < 0 && errno != EINTR))
			_exit(r != 0);
		if (r > 0) {
			p += r;
			n -= r;
		}
	}
}

size_t read_frame(char *type, size_t typelen, char *buf)
{
	char head[32], *sp;
	size_t n = 0, len;

	do {
		read_all(&head[n], 1);
	} while (head[n] != '\n' && ++n < sizeof(head) - 1);
	head[n] = 0;
	sp = strchr(head, ' ');
	len = sp ? strtoul(sp + 1, NULL, 10) : FRAME_MAX + 1;
	if (len > FRAME_MAX) {
		send_text("error", "bad frame header \"%s\"", head);
		*type = *buf = 0;
		return 0;
	}
	*sp = 0;
	snprintf(type, typelen, "%s", head);
	read_all(buf, len);
	buf[len] = 0;
	return len;
}
