//go:build race

package faultfs

const raceEnabled = true
