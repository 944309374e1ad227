/* SPDX-License-Identifier: MIT */
/* What the parts of st-files share: a file with a text. */
#ifndef TESTS_STATES_FILES_FILES_H
#define TESTS_STATES_FILES_FILES_H

#include "../states.h"

__attribute__((unused)) static int make(const char *name, const char *text, int flags)
{
	t_put(name, text, strlen(text));
	return SYS(open(name, flags));
}

__attribute__((unused)) static void expect(int fd, const char *text)
{
	char buf[100];
	size_t n = strlen(text);

	CHECK_EQ(read(fd, buf, n), (ssize_t)n);
	buf[n] = 0;
	CHECK_STR(buf, text);
}

#endif
