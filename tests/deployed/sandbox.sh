#!/bin/sh
# What the unit asks systemd for, done by hand in a mount namespace of its own (`unshare --mount`, as root): a root that
# is read-only but for the data directory, nearly empty /dev and /proc, an ordinary user without capabilities, limits,
# umask, and the list of system calls.
#
#   sandbox.sh DIRECTORY BINARY ARGUMENTS…    DIRECTORY holds `data`, `calls` (the list) and `under_filter.py`
set -eu
directory=$1 binary=$2
shift 2

mount --make-rprivate /
touch "$directory/tailwire"
mount --bind "$binary" "$directory/tailwire"
mount --bind "$directory/data" "$directory/data"
while read -r _ _ _ _ place _; do
  case $place in
    "$directory/data" | /proc | /proc/* | /sys | /sys/* | /dev | /dev/*) ;;
    *) mount -o remount,bind,ro "$place" ;;
  esac
done < /proc/self/mountinfo

mount -t tmpfs -o mode=755,size=64k tailwire-test /dev
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/zero c 1 5
mknod -m 666 /dev/random c 1 8
mknod -m 666 /dev/urandom c 1 9
mount -o remount,ro /dev
mount -t proc -o subset=pid,hidepid=invisible tailwire-test /proc

umask 0077
ulimit -c 0
ulimit -l 8192
cd /
exec setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \
  --ambient-caps=-all /usr/bin/python3 -I "$directory/under_filter.py" "$directory/calls" "$directory/tailwire" "$@"
