/* SPDX-License-Identifier: MIT */
#ifndef FS_VNODE_VM_H
#define FS_VNODE_VM_H

/*
 * Registers the operations that mm/ needs of vnodes. Once, before the first
 * exec.
 */
void vnode_vm_init(void);

#endif
