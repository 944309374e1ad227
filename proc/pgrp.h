/* SPDX-License-Identifier: MIT */
/*
 * Process groups and sessions: no objects of their own, just p_pgid and p_sid under pidlock. A group exists as long as
 * some process, zombies too, has its id. The session's terminal is kept in every member's p_ctty.
 */
#ifndef PROC_PGRP_H
#define PROC_PGRP_H

#include "kernel/lib/types.h"

struct tty;

/* All take pidlock themselves. */
bool pgrp_in_session(pid_t pgid, pid_t sid);
/* No member has a parent in another group of the same session: nobody would continue it. */
bool pgrp_orphaned(pid_t pgid);
/* Gives tty to all processes of session sid (NULL: takes it away). */
void session_set_tty(pid_t sid, struct tty *tty);
/* Takes tty from every process that has it (hangup). */
void tty_forget(struct tty *tty);
/* The controlling terminal of the current process, NULL if none. The tty layer keeps ttys for ever. */
struct tty *session_tty(void);

/* Registered by the tty layer: the session leader with this terminal has ended. No locks held; may sleep. */
extern void (*session_leader_exit_hook)(struct tty *tty);

#endif
