// Package admin is the debug and control endpoint over HTTP.
//
//	request ─▶ recover ─▶ Host ─▶ cross-origin ─▶ bearer token ─▶ route ─▶ actors.Gateway
//
// It is closed by default: every route but /livez asks for the token, a Host that is not ours is refused with 421, a
// cross-origin request that changes something with 403.  A GET changes nothing.  Errors are JSON: {"error": "…"}.
//
// The routes stand in one table (routes.go); the test that each refuses a request without token goes through the same
// table.  Lists are written row by row and paged by the key of the last row seen (?after=, ?limit=).
package admin
