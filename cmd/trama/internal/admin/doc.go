// Package admin is the debug and control endpoint over HTTP.
//
//	connection ─▶ gate ─▶ request ─▶ recover ─▶ Host ─▶ cross-origin ─▶ caller and its share ─▶ route and its role ─▶ actors.Gateway
//	                                                                                                  └─▶ audit
//
// The endpoint is closed by default: every route but /livez and /readyz needs a role, which the token of a request gives or the user of a Unix
// socket has; a Host that is not ours is refused with 421, a cross-origin request that changes something, or says its Origin, with 403.  A
// GET changes nothing.  Errors are JSON: {"error": "…"}.
//
// The routes stand in one table with their roles (routes.go); the test that each refuses who must not goes through the same
// table.  Lists are written row by row and paged by the key of the last row seen (?after=, ?limit=).
package admin
