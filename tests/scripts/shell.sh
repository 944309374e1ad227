# SPDX-License-Identifier: MIT
# The shell's own language: functions, loops, case, expansions, arithmetic, reading itself.
f() { local x=$1; [ "$x" -le 1 ] && echo 1 && return; echo $(($(f $((x - 1))) * x)); }
f 6
case abc in a?c) echo pattern;; *) echo no;; esac
for x in 1 2 3; do [ $x = 2 ] && continue; echo $x; done
set -- a "b c" d; echo $# "$2"; shift; echo "$@"; for a; do echo "<$a>"; done
v=path/to/file.tar.gz; echo ${v##*/} ${v%.*} ${v%%.*} ${v#*/} ${#v} ${none:-default} ${v:+set}
IFS=:; set -- $(echo a:b:c); echo $2; unset IFS
echo *.none; touch x1 x2 y1; echo x* ?1 [xy]1
eval 'z=9; echo $z'; read a b <<EOF
one two three
EOF
echo "$b"
echo $((0x10 + 010 + 3 * (4 - 1))) $((5 > 3 && 2 < 1)) $((-7 / 2))
i=0; until [ $i -ge 3 ]; do i=$((i + 1)); printf "$i "; done; echo
cat >lib <<'EOF'
lib_f() { echo "from lib $1"; }
EOF
. ./lib; lib_f 1
cat >prog <<'EOF'
#!/bin/sh
echo "prog: $0 $# $1"
exit 5
EOF
[ -x /bin/sh ] && chmod +x prog && sh ./prog arg | sed 's,\./,,'; sh ./prog >/dev/null; echo $?
export EXPORTED=yes; sh -c 'echo $EXPORTED'; LOCAL=1 sh -c 'echo $LOCAL'; echo ${LOCAL:-gone}
set -e; (set +e; false; echo on); set +e
trap 'echo bye' EXIT
alias ll='echo aliased'; type cd | head -1; command -v cd; umask 077; umask; ulimit -n >/dev/null && echo limit
test -f lib -a ! -d lib && echo file; [ a \< b ] && echo less; [ -z "" ] && echo empty
printf '%b\n' 'tab\there'; echo -n no newline; echo; echo -e 'a\nb'
getopts ab: opt -a; echo $opt; times >/dev/null && echo times
n=0; while read l; do n=$((n + 1)); done <lib; echo $n
expr "abc123" : '[a-z]*'; let 'q = 3 * 3' && echo $q
long=$(seq 1 2000); echo ${#long}; echo "$long" | md5sum
sh -c 'exit 300'; echo $?; sh -c 'no-such-command' 2>/dev/null; echo $?; ./lib 2>/dev/null; echo $?
