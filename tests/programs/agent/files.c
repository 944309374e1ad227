/* SPDX-License-Identifier: MIT */
/* Files that the runner puts into the machine and gets out of it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

void remove_tree(const char *path)
{
	struct dirent *de;
	DIR *d;

	if (unlink(path) == 0 || errno == ENOENT)
		return;
	chmod(path, 0700);
	d = opendir(path);
	while (d && (de = readdir(d)) != NULL) {
		char sub[4096];

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, de->d_name);
		remove_tree(sub);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

void do_put(char *buf, size_t len)
{
	const char *path = buf, *mode = path + strlen(path) + 1, *flag = mode, *data;
	int fd;

	if (mode < buf + len)
		flag = mode + strlen(mode) + 1;
	data = flag + strlen(flag) + 1;
	if (data > buf + len + 1) {
		send_text("error", "put: malformed");
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | (*flag == 'a' ? O_APPEND : O_TRUNC), strtoul(mode, NULL, 8));
	if (fd < 0) {
		send_text("error", "put %s: %s", path, strerror(errno));
		return;
	}
	for (size_t left = buf + len > data ? buf + len - data : 0; left > 0;) {
		ssize_t w = write(fd, data, left);

		if (w < 0) {
			send_text("error", "put %s: %s", path, strerror(errno));
			close(fd);
			return;
		}
		data += w;
		left -= w;
	}
	fchmod(fd, strtoul(mode, NULL, 8));
	close(fd);
	send_frame("done", "", 0);
}

void send_file(const char *path, const char *type)
{
	char buf[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = -1;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		send_frame(type, buf, n);
	if (n < 0)
		send_text("error", "%s: %s", path, strerror(errno));
	else
		send_frame("done", "", 0);
	if (fd >= 0)
		close(fd);
}

void do_counts(void)
{
	int fd = open("/proc/reprise/control", O_WRONLY);

	if (fd >= 0 && write(fd, "drop\n", 5) != 5)
		send_text("error", "drop: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
	send_file("/proc/reprise/counts", "counts");
}
