/* SPDX-License-Identifier: MIT */
/*
 * ckptkey [-f] [CHAR | off]: shows or sets the character that checkpoints the foreground job of the terminal on standard input, as
 * stty(1) does for the other special characters.
 *
 * Exit status: 0; 1 standard input is no terminal, or knows no such character; 2 wrong usage.
 */
#include "command.h"

#include <ctype.h>
#include <reprise/termios.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>

#define STATUS_FAILED 1
#define STATUS_USAGE 2

static const char usage[] = "usage: ckptkey [-f] [CHAR | off]\n"
			    "Sets the character that saves the foreground job of the terminal on standard input, each process at the\n"
			    "top of it in PROGRAM.PID_ckpt in its working directory; without an argument, shows it.\n"
			    "  CHAR          the character, or ^X for a control character\n"
			    "  off           no character does that (so it is at the beginning)\n"
			    "  -f, --forked  the job goes on at once, while a copy of it is written\n"
			    "      --help    this text\n"
			    "Exit status: 0, 1 standard input is no such terminal, 2 wrong usage.\n";

/* The character that text means, 0: none, -1: no such one. */
static int parse_char(const char *text)
{
	size_t len = strlen(text);

	if (strcmp(text, "off") == 0 || strcmp(text, "undef") == 0 || strcmp(text, "^-") == 0)
		return 0;
	if (len == 1)
		return (unsigned char)text[0];
	if (len != 2 || text[0] != '^')
		return -1;
	if (text[1] == '?')
		return 0x7f;
	return strchr("@[\\]^_", text[1]) || isalpha((unsigned char)text[1]) ? text[1] & 0x1f : -1;
}

static void show(const struct termios *t)
{
	unsigned char c = t->c_cc[VCKPT];

	if (c == 0)
		puts("off");
	else
		printf("%s%c%s\n", iscntrl(c) ? "^" : "", iscntrl(c) ? c ^ 0x40 : c,
		       t->c_lflag & CKPTFORK ? " forked" : "");
}

static int set(struct termios *t, int c, bool forked)
{
	t->c_cc[VCKPT] = (cc_t)c;
	t->c_lflag &= ~(tcflag_t)CKPTFORK;
	if (forked)
		t->c_lflag |= CKPTFORK;
	if (tcsetattr(0, TCSADRAIN, t) != 0)
		return complain(STATUS_FAILED, "standard input: %m");
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "forked", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct termios t;
	bool forked = false;
	int opt, c = 0;

	while ((opt = next_option(argc, argv, ":fh", longopts)) != -1) {
		switch (opt) {
		case 'f': forked = true; break;
		case 'h': fputs(usage, stdout); return finish_output(0, STATUS_FAILED);
		default: return STATUS_USAGE;
		}
	}
	if (argc - optind > 1 || (forked && argc == optind))
		return wrong_usage(STATUS_USAGE, "one character is needed");
	if (optind < argc && (c = parse_char(argv[optind])) < 0)
		return wrong_usage(STATUS_USAGE, "'%s' is no character", argv[optind]);
	if (tcgetattr(0, &t) != 0)
		return complain(STATUS_FAILED, "standard input: %m");
	if (optind < argc)
		return set(&t, c, forked);
	show(&t);
	return finish_output(0, STATUS_FAILED);
}
