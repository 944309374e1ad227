/* SPDX-License-Identifier: MIT */
/*
 * A recovered process as a job of ours. One that led its process group leads it again, so it is not in ours: then the terminal is handed to its
 * group and taken back here, and what is done to us (stop, continuation, termination) is handed on, as a shell does for its jobs.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <sys/types.h>

struct job {
	pid_t j_pid;
	pid_t j_pgrp;	   /* its own group; 0: it is in ours */
	int j_tty;	   /* our controlling terminal, -1: none */
	bool j_background; /* we were started with `&` by a shell without job control */
};

/*
 * Before the job is there. `recover &` of a script, which ignores SIGINT, leaves the group of the script: so the terminal stays the script's,
 * and a job that wants to read from it waits by itself.
 */
void job_prepare(void);
/*
 * pid, and the other processes of the job, are our only children. From now on signals from the terminal, from kill(1) and of a hangup are the
 * job's: it has them by itself if it is in our group, else they are handed on. One job at a time.
 */
void job_begin(struct job *j, pid_t pid);
/*
 * Goes on in a background process of a group of its own, which no shell waits for, so that a job of it gets no terminal and its stops are
 * nobody's concern. 1 in that process, 0 in the caller, -1: errno. *fd is a pipe, for the process to tell and the caller to hear.
 */
int job_detach(int *fd);
/*
 * The job has been stopped by sig: the terminal is ours, and a signal of the terminal stops our whole group, the script that called us with it;
 * SIGSTOP stops us alone, if a shell with job control sees it. When we are continued, so is the job, which gets the terminal if our group has it.
 * Returns: whether we were stopped. If not, and the job had the terminal, it goes on as a group without a parent would.
 */
bool job_stop(const struct job *j, int sig);
/* Waits until all of it has ended, and follows it through stops. The status of its last process, as of a pipeline; -1: there was none. */
int job_wait(const struct job *j);

#endif
