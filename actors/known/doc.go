// Package known is what the operator has told of masters beside their frames: names, sites, tags, the interval in which
// they report, and names, units, scales and limits of their points.
//
//	masters.toml ──Read──▶ Masters ──Of(serial, profile)──▶ Master ──Point(name)──▶ Point
//	masters.csv  ──Import──▶ masters.toml
//
// Masters is immutable; a reload puts another one in its place.
package known
