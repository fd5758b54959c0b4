package main

import "testing"

func TestHealthEndsAsTheDaemonDoes(t *testing.T) {
	p := serve(t, twoPorts+"[journal]\ndisk_limit = 1\n") // every disk is used to more than 1 %
	p.cli("health").want(t, exitDone, "ok")
	p.cli("health", "--ready").want(t, exitFailed, "disk")
	p.end()
	p.cli("health").want(t, exitFailed, "nothing answers")
}
