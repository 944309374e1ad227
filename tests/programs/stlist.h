/* SPDX-License-Identifier: MIT */
/* The states of tests/programs/states: which there are, and which of them are meant. */
#ifndef TESTS_STLIST_H
#define TESTS_STLIST_H

#include "states/flags.h"
#include "t.h"
#include <dirent.h>
#include <limits.h>

#define MAXSTATES 512

struct state {
	char s_family[24], s_name[40];
	unsigned s_flags;
	char s_dir[80]; /* and the name of its image */
	/* A run of it (strun.h). */
	pid_t s_pid;
	int s_status;
	int s_signal; /* goes on when it gets SIGUSR1 */
	char s_why[400];
};

static struct state states[MAXSTATES];
static int nstates;
static char bindir[PATH_MAX];
static const char *behind; /* none is wanted up to this one */

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void add_family(const char *family)
{
	char path[PATH_MAX + 64], line[100];
	FILE *f;
	int p[2];

	snprintf(path, sizeof(path), "%s/st-%s", bindir, family);
	SYS(pipe(p));
	pid_t pid = t_fork();
	if (pid == 0) {
		dup2(p[1], 1);
		close(p[0]);
		close(p[1]);
		execl(path, path, "-l", NULL);
		_exit(127);
	}
	close(p[1]);
	CHECK((f = fdopen(p[0], "r")) != NULL);
	while (fgets(line, sizeof(line), f)) {
		struct state *s = &states[nstates];

		CHECK(nstates < MAXSTATES);
		if (sscanf(line, "%39s %u", s->s_name, &s->s_flags) != 2)
			FAIL("%s -l: %s", path, line);
		snprintf(s->s_family, sizeof(s->s_family), "%s", family);
		snprintf(s->s_dir, sizeof(s->s_dir), "%s-%.*s", family, (int)strcspn(line, " "), line);
		nstates++;
	}
	fclose(f);
	t_join(pid);
}

static void find_states(void)
{
	static char family[64][24];
	struct dirent *de;
	int n = 0;
	DIR *d = opendir(bindir);

	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL) {
		if (strncmp(de->d_name, "st-", 3) == 0 && n < 64)
			snprintf(family[n++], sizeof(family[0]), "%.23s", de->d_name + 3);
	}
	closedir(d);
	qsort(family, n, sizeof(family[0]), by_name);
	for (int i = 0; i < n; i++)
		add_family(family[i]);
}

static int by_state(const void *a, const void *b)
{
	return strcmp(((const struct state *)a)->s_dir, ((const struct state *)b)->s_dir);
}

/* Those whose images lie in the current directory: FAMILY-STATE.saved is beside each. */
static void find_images(void)
{
	struct dirent *de;
	DIR *d = opendir(".");

	CHECK(d != NULL);
	while ((de = readdir(d)) != NULL) {
		struct state *s = &states[nstates];
		const char *dot = strrchr(de->d_name, '.');

		if (!dot || strcmp(dot, ".saved") != 0)
			continue;
		CHECK(nstates < MAXSTATES);
		if (sscanf(de->d_name, "%23[^-]-%39[^.]", s->s_family, s->s_name) != 2)
			FAIL("%s: no state's name", de->d_name);
		snprintf(s->s_dir, sizeof(s->s_dir), "%.*s", (int)(dot - de->d_name), de->d_name);
		nstates++;
	}
	closedir(d);
	qsort(states, nstates, sizeof(states[0]), by_state);
}

static int matches(const struct state *s, const char *name)
{
	size_t n = strlen(s->s_family);

	return strncmp(name, s->s_family, n) == 0 &&
	       (!name[n] || (name[n] == '/' && strcmp(name + n + 1, s->s_name) == 0));
}

/* To be asked in the order of the list. */
static int wanted(const struct state *s, char **names)
{
	int yes = 1, positive = 0;

	if (behind) {
		if (matches(s, behind))
			behind = NULL;
		return 0;
	}
	for (; *names; names++) {
		if (**names == '-') {
			if (matches(s, *names + 1))
				return 0;
			continue;
		}
		if (!positive++)
			yes = 0;
		yes |= matches(s, *names);
	}
	return yes;
}

static void list(char **names)
{
	for (int i = 0; i < nstates; i++) {
		const struct state *s = &states[i];

		if (wanted(s, names))
			printf("%s/%s%s%s\n", s->s_family, s->s_name,
			       s->s_flags & ST_TREE ? " T" : "", s->s_flags & ST_LOOP ? " L" : "");
	}
}

#endif
