/* SPDX-License-Identifier: MIT */
/* chown and chmod: which bits they take, and whose calls. */
#define T_PART
#include "setid.h"

/* ---- chown ---- */

static void by_chown_same(const char *name)
{
	SYS(chown(name, ALICE, STAFF));
}

static void by_chown_nothing(const char *name)
{
	SYS(chown(name, -1, -1));
}

static void by_chgrp(const char *name)
{
	SYS(chown(name, -1, GUESTS));
}

static void by_fchown(const char *name)
{
	SYS(fchown(opened(name, O_RDONLY), -1, GUESTS));
}

static void by_lchown(const char *name)
{
	SYS(lchown(name, -1, GUESTS));
}

static void by_fchownat(const char *name)
{
	SYS(fchownat(AT_FDCWD, name, -1, GUESTS, 0));
}

TEST_ROOT(chown_takes_the_bits)
{
	static const struct {
		const char *name;
		change_fn fn;
	} calls[] = {
		{ "chown to the same", by_chown_same },
		{ "chown of nothing", by_chown_nothing },
		{ "chgrp", by_chgrp },
		{ "fchown", by_fchown },
		{ "lchown", by_lchown },
		{ "fchownat", by_fchownat },
	};
	/* The superuser keeps only the mark on what is no program. */
	static const struct {
		mode_t before, by_outsider, by_member, by_root;
	} modes[] = {
		{ 0755, 0755, 0755, 0755 },    { 04755, 0755, 0755, 0755 },
		{ 06755, 0755, 0755, 0755 },   { 02711, 0711, 0711, 0711 },
		{ 02644, 0644, 02644, 02644 }, { 06644, 0644, 02644, 02644 },
	};

	SYS(chmod(".", 0777));
	for (size_t c = 0; c < sizeof(calls) / sizeof(*calls); c++) {
		for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
			int changes = calls[c].fn != by_chown_same && calls[c].fn != by_chown_nothing;
			/* A member may keep the mark only as long as the file stays in its group. */
			const struct caller both = { "member of both", ALICE, GUESTS, 1, staff };

			changed(calls[c].fn, &both, modes[i].before, calls[c].name, modes[i].by_member);
			if (changes || calls[c].fn == by_chown_nothing)
				changed(calls[c].fn, &outsider, modes[i].before, calls[c].name,
					modes[i].by_outsider);
			changed(calls[c].fn, &root, modes[i].before, calls[c].name, modes[i].by_root);
		}
	}
	/* A directory keeps its bit: it means something else. */
	SYS(mkdir("d", 0755));
	SYS(chown("d", ALICE, STAFF));
	SYS(chmod("d", 06755));
	SYS(chown("d", -1, GUESTS));
	CHECK_EQ(mode_of("d"), 06755);
}

/* chown that changes nothing asks no right, unless bits would go. */
TEST_ROOT(chown_of_nothing_by_a_stranger)
{
	SYS(chmod(".", 0777));
	make("f", 0755);
	make("g", 06755);
	pid_t pid = t_fork();
	if (pid == 0) {
		static const struct caller stranger = { "stranger", BOB, GUESTS, 0, NULL };

		become(&stranger);
		SYS(chown("f", -1, -1));
		CHECK_ERR(chown("g", -1, -1), EPERM);
		CHECK_ERR(chown("f", ALICE, -1), EPERM);
		CHECK_ERR(chown("f", -1, STAFF), EPERM);
		_exit(0);
	}
	t_join(pid);
	CHECK_EQ(mode_of("g"), 06755);
}

/* ---- chmod ---- */

TEST_ROOT(chmod_by_group)
{
	static const mode_t asked[] = { 0755, 02755, 06755, 02644, 07777 };
	static const struct caller *const callers[] = { &outsider, &member, &member_by_gid, &root };

	SYS(chmod(".", 0777));
	for (size_t c = 0; c < 4; c++) {
		for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
			mode_t want = callers[c] == &outsider ? asked[i] & ~02000u : asked[i];

			make("f", 0600);
			SYS(mkdir("d", 0700));
			SYS(chown("d", ALICE, STAFF));
			pid_t pid = t_fork();
			if (pid == 0) {
				become(callers[c]);
				SYS(chmod("f", asked[i]));
				CHECK_EQ(mode_of("f"), want);
				SYS(fchmod(opened("f", O_RDONLY), 0600));
				SYS(fchmod(opened("f", O_RDONLY), asked[i]));
				SYS(chmod("d", asked[i]));
				_exit(0);
			}
			t_join(pid);
			CHECK_EQ(mode_of("f"), want);
			CHECK_EQ(mode_of("d"), want);
			SYS(unlink("f"));
			SYS(rmdir("d"));
		}
	}
}
