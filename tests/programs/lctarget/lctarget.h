/* SPDX-License-Identifier: MIT */
/* What the parts of lctarget share. */
#ifndef LCTARGET_H
#define LCTARGET_H

#define T_PART /* its main() is its own */
#include "../t.h"

#include <stdbool.h>
#include <sys/mman.h>

#define SAVED 3
#define REFUSED 4

extern bool by_kernel;
/* 1 for each signal, 10 on the alternate stack. */
extern volatile sig_atomic_t hits;

void on_signal(int sig);
/* Saves the program, which ends. Returns in the recovered program. */
void save(void);

void lc_pending_signal(void);
void lc_pipes(void);
void lc_timer(void);
void lc_shared(void);
void lc_unlinked(void);
void lc_lock(void);
void lc_child(void);

#endif
