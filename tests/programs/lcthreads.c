/* SPDX-License-Identifier: MIT */
/*
 * As lctarget.c, for a program with threads: the library refuses while there is
 * a second one, and saves after its end.
 *
 *   lcthreads joined | running [kernel]
 */
#define T_PART /* its main() is its own */
#include "t.h"

#include "libckpt.h"

#include <pthread.h>
#include <reprise/ckpt.h>
#include <stdbool.h>

#define SAVED 3
#define REFUSED 4

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char text[8];

static void *other(void *arg)
{
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return arg;
}

static void save(bool by_kernel)
{
	int result = by_kernel ? ckpt("k", 0) : checkpoint_here();

	if (result < 0)
		_exit(REFUSED);
	if (result == 0) {
		printf("saved\n");
		fflush(stdout);
		_exit(SAVED);
	}
}

int main(int argc, char **argv)
{
	bool joined = argc > 1 && strcmp(argv[1], "joined") == 0;
	pthread_t thread;
	void *result;
	int fd;

	t_put("in", "0123456789", 10);
	fd = SYS(open("in", O_RDONLY));
	CHECK_EQ(read(fd, text, 3), 3);
	pthread_mutex_lock(&mutex);
	CHECK_EQ(pthread_create(&thread, NULL, other, text), 0);
	if (joined) {
		pthread_mutex_unlock(&mutex);
		CHECK_EQ(pthread_join(thread, &result), 0);
		CHECK(result == text);
	}
	save(argc > 2);
	if (!joined) {
		pthread_mutex_unlock(&mutex);
		CHECK_EQ(pthread_join(thread, &result), 0);
		CHECK(result == text);
	}
	CHECK_EQ(read(fd, text, 1), 1);
	CHECK_EQ(text[0], '3');
	printf("recovered\n");
	return 0;
}
