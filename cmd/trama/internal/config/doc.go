// Package config reads config.toml.
//
//	text ─▶ syntax ─▶ tables read key by key into the defaults ─▶ checks across keys ─▶ Config
//	                      every step adds to one list of problems
//
// The rules: an unknown key is an error, a duration carries its unit, every problem is reported at once with its
// file, line, key, what was found and what may stand there.  Paths in the file are relative to the file.
//
// There is one place per key: the method that reads its table (log, admin, limits, listener).  A key that is not read
// there is unknown, so no key can be accepted and do nothing.
package config
