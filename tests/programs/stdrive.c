/* SPDX-License-Identifier: MIT */
/*
 * Drives the states of tests/programs/states: starts each, saves it while it waits, brings it back, and says how it ended.
 *
 *   stdrive [-t | -j] [-v] [-s FLAGS] [-o FLAGS] [-a FAMILY/STATE] MODE [FAMILY[/STATE] | -FAMILY[/STATE]]...
 *
 * Without names: all states; a minus in front leaves out. -a: only those that are listed behind FAMILY/STATE. MODE:
 *
 *   list       the states, with T (has children), L (changes all the time)
 *   none       nothing is saved: it also runs on a Linux host
 *   continue   saved by tckpt(), goes on
 *   forked     saved by a forked checkpoint, goes on at once; and the image is as good as another
 *   self       it saves itself with ckpt(), is brought back
 *   recover    saved, killed, brought back
 *   repeat     ten times saved, killed, the last image brought back
 *   chain      ten generations: saved, killed, brought back, saved...
 *   beside     saved; the original is stopped and stays while a copy is brought back under other ids
 *   canonical  stopped; two images of it are the same, and so is that of the recovered process
 *   save       saved, killed: the first half of a reboot
 *   restore    its second half: brought back after that
 *   golden     brought back are all whose images lie here, also of states that no program has any more
 *
 * -t saves each with its descendants (states that have some always are), -j as a job, with its process group; -s FLAGS goes with tckpt(), -o FLAGS with
 * recover(). Each state works in FAMILY-STATE below the current directory; its image lies beside that. One line a state:
 *
 *   ok FAMILY/STATE | FAIL FAMILY/STATE: why | refused FAMILY/STATE | n/a FAMILY/STATE | wrote FAMILY/STATE
 */
#include "stcompare.h"
#include "strun.h"
#include <reprise/ckpt.h>
#include <sys/prctl.h>

#define TIMES 10

static int verbose;
static unsigned save_flags; /* for all */
static unsigned recover_flags;

/* Saving and bringing back. */

static enum outcome save(struct state *s, unsigned flags)
{
	flags |= save_flags;
	if (s->s_flags & ST_SESSION)
		flags |= CKPT_SESSION;
	else if (s->s_flags & ST_JOB)
		flags |= CKPT_JOB;
	else if ((s->s_flags & ST_TREE) && !(flags & (CKPT_JOB | CKPT_SESSION)))
		flags |= CKPT_TREE;
	if (tckpt(s->s_pid, s->s_dir, flags) == 0)
		return OK;
	if (errno == EOPNOTSUPP)
		return REFUSED;
	return bad(s, "tckpt: %s", strerror(errno));
}

static enum outcome bring_back(struct state *s)
{
	s->s_pid = recover(s->s_dir, recover_flags);
	return s->s_pid > 0 ? OK : bad(s, "recover: %s", strerror(errno));
}

/*
 * A state that changes all the time would go on between the checkpoint and its death, and leave files that are not those of the image:
 * it is stopped before. Whoever brings it back lets it go on.
 */
static enum outcome save_and_kill(struct state *s, int times)
{
	enum outcome o = OK;

	for (int i = 0; i < times && o == OK; i++) {
		if (i == times - 1 && (s->s_flags & ST_LOOP) && stop_everybody(s) < 0)
			return BAD;
		o = save(s, CKPT_WAIT);
	}
	if (o == OK)
		kill_everybody();
	return o;
}

static enum outcome revive(struct state *s)
{
	enum outcome o = bring_back(s);

	if (o == OK && (s->s_flags & ST_LOOP))
		signal_all(SIGCONT, "ZX");
	return o;
}

/* Modes. */

static enum outcome mode_none(struct state *s)
{
	return begin(s) < 0 ? BAD : finish(s, "undisturbed");
}

static enum outcome mode_continue(struct state *s)
{
	enum outcome o;

	if (begin(s) < 0)
		return BAD;
	o = save(s, CKPT_WAIT);
	return o == OK ? finish(s, "the original") : o;
}

static enum outcome mode_recover(struct state *s)
{
	enum outcome o;

	if (begin(s) < 0)
		return BAD;
	o = save_and_kill(s, 1);
	if (o == OK)
		o = revive(s);
	return o == OK ? finish(s, "the recovered process") : o;
}

/* The hidden child that writes a forked checkpoint outlives the process. */
static void await_image(const struct state *s)
{
	char path[100];

	snprintf(path, sizeof(path), "%s_ckpt.new", s->s_dir);
	while (access(path, F_OK) == 0)
		nap();
}

/* The first one is waited for; with the second the process goes on at once. */
static enum outcome mode_forked(struct state *s)
{
	enum outcome o;

	if (begin(s) < 0 || ((s->s_flags & ST_LOOP) && stop_everybody(s) < 0))
		return BAD;
	o = save(s, CKPT_FORKED | CKPT_WAIT);
	if (o == OK)
		kill_everybody();
	if (o == OK)
		o = revive(s);
	if (o == OK)
		o = finish(s, "the recovered process");
	if (o != OK)
		return o;
	kill_everybody();
	if (begin(s) < 0)
		return BAD;
	o = save(s, CKPT_FORKED);
	if (o == OK)
		o = finish(s, "the original");
	if (o == OK)
		await_image(s);
	return o;
}

static enum outcome mode_self(struct state *s)
{
	char text[4000], image[PATH_MAX];

	if (s->s_flags & ST_TREE)
		return NOT;
	CHECK(getcwd(image, sizeof(image) - 128) != NULL);
	strcat(image, "/");
	strcat(image, s->s_dir);
	setenv("ST_SELF", image, 1);
	int r = start(s);
	unsetenv("ST_SELF");
	if (r < 0 || await_end(s) < 0)
		return BAD;
	output(s, text, sizeof(text));
	if (said(text, "not by itself") || said(text, "refused"))
		return said(text, "refused") ? REFUSED : NOT;
	if (s->s_status != 0 || !said(text, "saved")) {
		describe_end(s, "before it was saved");
		return BAD;
	}
	if (bring_back(s) != OK || await_ready(s) < 0)
		return BAD;
	return finish(s, "the recovered process");
}

static enum outcome mode_repeat(struct state *s)
{
	enum outcome o;

	if (begin(s) < 0)
		return BAD;
	o = save_and_kill(s, TIMES);
	if (o == OK)
		o = revive(s);
	return o == OK ? finish(s, "the recovered process") : o;
}

static enum outcome mode_chain(struct state *s)
{
	enum outcome o = OK;

	if (begin(s) < 0)
		return BAD;
	for (int i = 0; i < TIMES && o == OK; i++) {
		o = save_and_kill(s, 1);
		if (o == OK)
			o = revive(s);
		if (o == BAD)
			bad(s, "generation %d", i + 1);
	}
	return o == OK ? finish(s, "the tenth generation") : o;
}

static enum outcome mode_beside(struct state *s)
{
	enum outcome o;
	pid_t original;

	if (s->s_flags & ST_LOOP)
		return NOT;
	if (begin(s) < 0)
		return BAD;
	original = s->s_pid;
	o = save(s, CKPT_WAIT);
	if (o == OK && stop_everybody(s) < 0)
		o = BAD;
	if (o == OK)
		o = bring_back(s);
	if (o == OK && s->s_pid == original)
		o = bad(s, "has the id of another process");
	return o == OK ? finish(s, "the copy") : o;
}

static enum outcome same(struct state *s, const char *a, const char *b, const char *what)
{
	char text[200];

	if (image_compare(a, b, text, sizeof(text)) == 0)
		return OK;
	return bad(s, "%s: %s", what, text);
}

static enum outcome mode_canonical(struct state *s)
{
	char first[100], now[100];
	enum outcome o;

	if (s->s_flags & ST_TICKS)
		return NOT;
	setenv("ST_STOPS", "1", 1);
	int r = begin(s);
	unsetenv("ST_STOPS");
	if (r < 0 || stop_everybody(s) < 0)
		return BAD;
	snprintf(first, sizeof(first), "%s.first", s->s_dir);
	snprintf(now, sizeof(now), "%s_ckpt", s->s_dir);
	o = save(s, CKPT_WAIT);
	if (o != OK)
		return o;
	SYS(rename(now, first));
	o = save(s, CKPT_WAIT);
	if (o == OK)
		o = same(s, first, now, "two images of one process");
	if (o != OK)
		return o;
	kill_everybody();
	o = bring_back(s);
	if (o == OK)
		o = save(s, CKPT_WAIT);
	if (o == OK)
		o = same(s, first, now, "the image of the recovered process");
	unlink(first);
	if (o != OK)
		return o;
	signal_all(SIGCONT, "ZX");
	return finish(s, "the recovered process");
}

/* What the second half must know is in a file beside the image. */
static enum outcome mode_save(struct state *s)
{
	char path[128], line[64];
	enum outcome o;

	if (begin(s) < 0)
		return BAD;
	o = save_and_kill(s, 1);
	if (o != OK)
		return o;
	snprintf(path, sizeof(path), "%s.saved", s->s_dir);
	snprintf(line, sizeof(line), "%d %d %u\n", (int)s->s_pid, s->s_signal, s->s_flags);
	t_put(path, line, strlen(line));
	return WROTE;
}

static int saved_line(struct state *s, pid_t *pid)
{
	char path[128];
	FILE *f;
	int n, id = 0;

	snprintf(path, sizeof(path), "%s.saved", s->s_dir);
	f = fopen(path, "r");
	if (!f)
		return -1;
	n = fscanf(f, "%d %d %u", &id, &s->s_signal, &s->s_flags);
	fclose(f);
	*pid = id;
	return n == 3 ? 0 : -1;
}

static enum outcome mode_restore(struct state *s)
{
	pid_t old;
	enum outcome o;

	if (saved_line(s, &old) < 0)
		return NOT;
	o = revive(s);
	return o == OK ? finish(s, "the recovered process") : o;
}

/* Before the second half: the ids of all that will come back, and of their children, are taken by others. */
static void take_ids(pid_t *others, int max, int *n)
{
	pid_t highest = 0, pid;

	for (int i = 0; i < nstates; i++) {
		if (saved_line(&states[i], &pid) == 0 && pid > highest)
			highest = pid;
	}
	for (*n = 0; *n < max; (*n)++) {
		pid = t_fork();
		if (pid == 0) {
			pause();
			_exit(0);
		}
		others[*n] = pid;
		if (pid > highest + 8) {
			++*n;
			break;
		}
	}
}

static const struct {
	const char *m_name;
	enum outcome (*m_fn)(struct state *s);
} modes[] = {
	{ "none", mode_none },	 { "continue", mode_continue }, { "forked", mode_forked },
	{ "self", mode_self },	 { "recover", mode_recover },	{ "repeat", mode_repeat },
	{ "chain", mode_chain }, { "beside", mode_beside },	{ "canonical", mode_canonical },
	{ "save", mode_save },	 { "restore", mode_restore },	{ "golden", mode_restore },
};

static enum outcome run(struct state *s, enum outcome (*fn)(struct state *))
{
	static const char *const words[] = { "ok", "FAIL", "refused", "n/a", "wrote" };
	char path[100];
	long long began = t_now_ns();
	enum outcome o;

	if ((s->s_flags & ST_ROOT) && geteuid() != 0) {
		printf("skip %s/%s: needs root\n", s->s_family, s->s_name);
		return NOT;
	}
	o = fn(s);
	kill_everybody();
	if (o != WROTE) {
		remove_tree(s->s_dir);
		snprintf(path, sizeof(path), "%s_ckpt", s->s_dir);
		unlink(path);
		snprintf(path, sizeof(path), "%s.saved", s->s_dir);
		unlink(path);
	}
	printf("%s %s/%s%s%s", words[o], s->s_family, s->s_name, *s->s_why ? ": " : "", s->s_why);
	if (verbose)
		printf(" (%lld ms)", (t_now_ns() - began) / 1000000);
	printf("\n");
	fflush(stdout);
	return o;
}

static int t_hook(int argc, char **argv)
{
	static pid_t others[2000];
	enum outcome (*fn)(struct state *) = NULL;
	int c, nothers = 0, failed = 0;
	char *slash;

	while ((c = getopt(argc, argv, "+tjvs:o:a:")) != -1) {
		switch (c) {
		case 't': save_flags |= CKPT_TREE; break;
		case 'j': save_flags |= CKPT_JOB; break;
		case 's': save_flags |= strtoul(optarg, NULL, 0); break;
		case 'v': verbose = 1; break;
		case 'o': recover_flags = strtoul(optarg, NULL, 0); break;
		case 'a': behind = optarg; break;
		default: return 2;
		}
	}
	if (optind == argc)
		return 2;
	CHECK(realpath("/proc/self/exe", bindir) != NULL);
	slash = strrchr(bindir, '/');
	*slash = 0;
	/* Orphans of a state are the driver's, where the kernel can do that. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	umask(0);
	if (strcmp(argv[optind], "golden") == 0)
		find_images();
	else
		find_states();
	if (strcmp(argv[optind], "list") == 0)
		return list(argv + optind + 1), 0;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(argv[optind], modes[i].m_name) == 0)
			fn = modes[i].m_fn;
	}
	if (!fn)
		return 2;
	if (strcmp(argv[optind], "restore") == 0)
		take_ids(others, 2000, &nothers);
	for (int i = 0; i < nstates; i++) {
		if (wanted(&states[i], argv + optind + 1))
			failed += run(&states[i], fn) == BAD;
	}
	for (int i = 0; i < nothers; i++) {
		kill(others[i], SIGKILL);
		t_wait(others[i]);
	}
	return failed != 0;
}
