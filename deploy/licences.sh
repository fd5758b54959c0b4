#!/bin/sh
# Prints the licence of trama and those of all that is linked into it, Go's own included; fails when a module has none.
set -eu

cat LICENSE
printf '\n\nThe program holds code of others, under these licences.\n'
show() { # name, directory
  found=0
  for file in "$2"/LICENSE* "$2"/LICENCE* "$2"/COPYING* "$2"/NOTICE* "$2"/AUTHORS; do
    [ -f "$file" ] || continue
    case $file in */AUTHORS) ;; *) found=1 ;; esac
    printf '\n---- %s: %s\n\n' "$1" "$(basename "$file")"
    cat "$file"
  done
  [ $found = 1 ] || { echo "no licence in $2" >&2; exit 1; }
}
show "$(go env GOVERSION), the standard library" "$(go env GOROOT)"
go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/trama | sort -u |
  while read -r path version dir; do
    show "$path $version" "$dir" || exit 1
  done
