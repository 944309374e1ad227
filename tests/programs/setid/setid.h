/* SPDX-License-Identifier: MIT */
/* What the parts of setid share: the callers, and a file with bits. */
#ifndef TESTS_SETID_SETID_H
#define TESTS_SETID_SETID_H

#include "../t.h"
#include <grp.h>

#define ALICE 1001
#define BOB 1002
#define STAFF 2000
#define GUESTS 3000

__attribute__((unused)) static const gid_t staff[] = { STAFF };

/* Who calls: the ids of a process. */
struct caller {
	const char *name;
	uid_t uid;
	gid_t gid;
	int ngroups;
	const gid_t *groups;
};

__attribute__((unused)) static const struct caller outsider = { "outsider", ALICE, GUESTS, 0, NULL };
__attribute__((unused)) static const struct caller member = { "member", ALICE, GUESTS, 1, staff };
__attribute__((unused)) static const struct caller member_by_gid = { "member by gid", ALICE, STAFF, 0, NULL };
__attribute__((unused)) static const struct caller root = { "root", 0, 0, 0, NULL };

__attribute__((unused)) static void become(const struct caller *c)
{
	SYS(setgroups(c->ngroups, c->groups));
	SYS(setgid(c->gid));
	SYS(setuid(c->uid));
}

__attribute__((unused)) static mode_t mode_of(const char *name)
{
	struct stat st;

	SYS(lstat(name, &st));
	return st.st_mode & 07777;
}

__attribute__((unused)) static gid_t group_of(const char *name)
{
	struct stat st;

	SYS(lstat(name, &st));
	return st.st_gid;
}

/* A file of ALICE and STAFF with some bytes in it. */
__attribute__((unused)) static void make(const char *name, mode_t mode)
{
	t_put(name, "0123456789", 10);
	SYS(chown(name, ALICE, STAFF));
	SYS(chmod(name, mode));
}

/* ---- calls that change a file that is there ---- */

typedef void (*change_fn)(const char *name);

__attribute__((unused)) static int opened(const char *name, int flags)
{
	return SYS(open(name, flags));
}

__attribute__((unused)) static void changed(change_fn fn, const struct caller *c, mode_t before,
					    const char *what, mode_t after)
{
	make("f", before);
	pid_t pid = t_fork();
	if (pid == 0) {
		become(c);
		fn("f");
		_exit(0);
	}
	t_join(pid);
	if (mode_of("f") != after)
		FAIL("%s by %s: mode %04o: expected %04o, found %04o", what, c->name,
		     (unsigned)before, (unsigned)after, (unsigned)mode_of("f"));
	SYS(unlink("f"));
}

#endif
