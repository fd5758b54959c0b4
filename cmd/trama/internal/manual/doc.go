// Package manual writes a profile as a page of Markdown: how frames are cut, every message with its fields, what is
// answered with what, and the examples decoded.  The same profile gives the same page.
//
//	codec.Profile ──▶ Page: frames ▸ messages ▸ layouts ▸ replies ▸ examples
package manual
