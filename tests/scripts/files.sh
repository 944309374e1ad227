# SPDX-License-Identifier: MIT
# Many files and large ones, through the commands; sums say whether all bytes are right.
mkdir d; cd d; i=0
while [ $i -lt 300 ]; do echo "contents of $i" >file-$i; i=$((i + 1)); done
ls | wc -l; cat file-* | md5sum; ls | sort | md5sum
for f in file-1*; do mv $f moved-${f#file-}; done; ls moved-* | wc -l
rm file-2*; ls | wc -l; cd ..
tar cf all.tar d; mkdir e; tar xf all.tar -C e; diff -r d e/d && echo equal; rm -r d e
seq 1 100000 >big; md5sum big; wc big; for k in 0 1 2 3; do dd if=big of=part-$k bs=150k skip=$k count=1 2>/dev/null; done; cat part-* | cmp - big && echo joined; rm part-*
dd if=big of=copy bs=64k 2>/dev/null; cmp big copy && echo copied; dd if=/dev/zero of=copy bs=1k seek=100 count=1 conv=notrunc 2>/dev/null; cmp big copy | cut -c1-30
sort big | md5sum; sort -n -r big | head -1; gzip big; gzip -t big.gz && echo tested; gunzip big.gz; tail -c 20 big
bzip2 -c big | bunzip2 | md5sum; xz -h >/dev/null 2>&1; awk '{ a[$1 % 97] += $1 } END { for (i = 0; i < 97; i++) s = s a[i]; print s }' big | md5sum
i=0; while [ $i -lt 50 ]; do mkdir -p deep/$i/$i; ln -s ../$i deep/$i/l; i=$((i + 1)); done; find deep | wc -l; cp -a deep deeper; find deeper -type l | wc -l; rm -rf deep deeper
sync; df . | tail -1 | awk '{ print NF }'; rm big copy all.tar; ls
