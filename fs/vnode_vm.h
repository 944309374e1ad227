/* SPDX-License-Identifier: MIT */
#ifndef FS_VNODE_VM_H
#define FS_VNODE_VM_H

/* Registers what address spaces ask of vnodes. Once, before the first exec. */
void vnode_vm_init(void);

#endif
